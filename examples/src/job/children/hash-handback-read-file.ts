// Handback: the same call, admitted in order as descriptors come back.
import { readFile } from '@handback/fs';
import { hashAll } from './hash-all.ts';

await hashAll((path) => readFile(path));
