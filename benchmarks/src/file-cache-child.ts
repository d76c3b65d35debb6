/** One way to read 64 bytes here and there in very many files: prints CPU and wall time a read, the most descriptors it held, and what part of the reads found their file open. */
import { read, openSync as openRaw, closeSync } from 'node:fs';
import { open as openPromise } from 'node:fs/promises';
import { join } from 'node:path';
import { FileCache, type CachedFile } from '@handback/fs';

const [, , folder, fileCount, way, access, count] = process.argv;
const FILES = Number(fileCount);
const CAPACITY = 200;
const READERS = 32;
const reads = Number(count);

const paths = Array.from({ length: FILES }, (_, index) => join(folder as string, String(index)));

// The same sequence for every way. Skewed: half of the reads go to the 200 files that are read most. Hot: 19 of 20 to a hundredth of the files.
let seed = 7;
function random(): number {
  seed = (seed * 48_271) % 2_147_483_647;
  return seed / 2_147_483_647;
}
function which(): number {
  if (access === 'uniform') return Math.floor(random() * FILES);
  if (access === 'skewed') return Math.floor(FILES * random() ** 6);
  return Math.floor(random() * (random() < 0.95 ? FILES / 100 : FILES));
}

function readFrom(fd: number, buffer: Buffer, position: number): Promise<number> {
  return new Promise((resolve, reject) => read(fd, buffer, 0, 64, position, (error, bytes) => (error === null ? resolve(bytes) : reject(error))));
}

type Reader = (index: number, buffer: Buffer, position: number) => Promise<unknown>;
let peak = (): number => READERS;
/** Reads that found their file open, and those that did not. */
let counts = (): { hits: number; misses: number } => ({ hits: 0, misses: 0 });

function makeReader(): Reader {
  switch (way) {
    case 'open-per-read':
      return async (index, buffer, position) => {
        const handle = await openPromise(paths[index] as string);
        try {
          await handle.read(buffer, 0, 64, position);
        } finally {
          await handle.close();
        }
      };
    case 'sync-open-per-read':
      return async (index, buffer, position) => {
        const fd = openRaw(paths[index] as string, 'r');
        try {
          await readFrom(fd, buffer, position);
        } finally {
          closeSync(fd);
        }
      };
    case 'cache':
    case 'all-open': {
      const cache = new FileCache({ capacity: way === 'cache' ? CAPACITY : FILES });
      const files = paths.map((path): CachedFile => cache.open(path));
      const buffer = Buffer.alloc(1);
      if (way === 'all-open') for (const file of files) file.readSync(buffer, { position: 0 });
      peak = () => cache.stats().peak;
      counts = () => cache.stats();
      return (index, buffer, position) => (files[index] as CachedFile).read(buffer, 0, 64, position);
    }
    default:
      throw new Error(`Unknown way '${way}'`);
  }
}

const reader = makeReader();
async function round(total: number): Promise<void> {
  let left = total;
  const one = async (): Promise<void> => {
    const buffer = Buffer.alloc(64);
    while (left-- > 0) {
      const index = which();
      await reader(index, buffer, Math.floor(random() * 960));
      if (buffer[0] !== (index & 0xff)) throw new Error(`Wrong byte of file ${index}`);
    }
  };
  await Promise.all(Array.from({ length: READERS }, one));
}

await round(reads / 4);
const { hits, misses } = counts();
const before = process.cpuUsage();
const start = performance.now();
await round(reads);
const ms = performance.now() - start;
const { user, system } = process.cpuUsage(before);
const after = counts();
const found = after.hits - hits;
const hitRatio = found / (found + after.misses - misses);
console.log(JSON.stringify({ cpu: (user + system) / reads, wall: (ms * 1_000) / reads, peak: peak(), hitRatio }));
process.exit(0);
