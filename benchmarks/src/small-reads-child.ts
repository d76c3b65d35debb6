/** Reads every file of a folder, all asked for at once, in one of several ways; prints its CPU time, its wall time and its failures. */
import { readdirSync, statSync } from 'node:fs';
import { readFile as readByNode } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { descriptors, readFile } from '@handback/fs';
import pLimit from 'p-limit';

type Read = (path: string) => Promise<Buffer>;

const ways: Record<string, () => Read | Promise<Read>> = {
  'p-limit(64) + fs.promises.readFile': () => {
    const limit = pLimit(64);
    return (path) => limit(() => readByNode(path));
  },
  'readFile of @handback/fs': () => readFile as Read,
  'the same, each in line (a label)': () => (path) => readFile(path, { label: 'read' }),
  'graceful-fs readFile': async () => {
    // @ts-expect-error It comes without types.
    const { default: gracefulFs } = (await import('graceful-fs')) as { default: typeof import('node:fs') };
    return promisify(gracefulFs.readFile) as Read;
  },
  'fs.promises.readFile alone': () => readByNode,
};

const [, , way = '', folder = ''] = process.argv;
const read = await ways[way]?.();
if (read === undefined) throw new Error(`Unknown way '${way}'`);
const names = readdirSync(folder);
const open = (): number => statSync('/proc/self/fd').size;

descriptors.stats(); // The package keeps one descriptor open from its first look at the limit on.
const before = open();
const cpu = process.cpuUsage();
const start = performance.now();
let peak = 0;
const results = await Promise.allSettled(
  names.map(async (name, index) => {
    const bytes = await read(join(folder, name));
    if (index % 64 === 0) peak = Math.max(peak, open() - before);
    return bytes.length;
  }),
);
const { user, system } = process.cpuUsage(cpu);
const failed = results.filter((result) => result.status === 'rejected' || result.value !== 200).length;
console.log(JSON.stringify({ cpu: (user + system) / 1_000, ms: performance.now() - start, failed, peak, left: open() - before }));
process.exit();
