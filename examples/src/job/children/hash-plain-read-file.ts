// Plain Node: every readFile opens a descriptor of its own (small files on Node 26 excepted), as many as there are files.
import { readFile } from 'node:fs/promises';
import { hashAll } from './hash-all.ts';

await hashAll((path) => readFile(path));
