/**
 * Many pictures at once, in one of several ways: each is decoded to RGB, held for 20 ms, and made a small JPEG; its pixels are given
 * back then. Prints the peak of resident memory over the base, wall and CPU time.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Budget, collectGarbage } from '@handback/core';
import { decode, encode } from '@handback/image';
import pLimit from 'p-limit';
import { loadSharp } from './photographs.ts';

const [, , way = '', amount = '', large = '', small = '', counts = ''] = process.argv;
const sharp = await loadSharp();
sharp.cache(false);

type Raw = { data: Uint8Array; width: number; height: number };

/** What is done with the pixels is the same for all. */
async function use({ data, width, height }: Raw): Promise<void> {
  await sleep(20);
  await sharp(data, { raw: { width, height, channels: 3 } })
    .resize(320)
    .jpeg()
    .toBuffer();
}

async function plain(path: string): Promise<void> {
  const { data, info } = await sharp(path).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  await use({ data, width: info.width, height: info.height });
  // Node 20 has no way to give the memory of a native library back.
  (data.buffer as unknown as { transfer?: (bytes: number) => void }).transfer?.(0);
}

function chosen(): (path: string) => Promise<void> {
  if (way === 'unbounded') return plain;
  if (way === 'p-limit') {
    const limit = pLimit(Number(amount));
    return (path) => limit(() => plain(path));
  }
  const budget = new Budget({ name: 'pixels', unit: 'bytes', capacity: Number(amount) * 2 ** 20 });
  return async (path) => {
    using image = await decode(path, { budget, channels: 3 });
    await sleep(20);
    await encode(image, { budget, format: 'jpeg', resize: { width: 320 } });
  };
}

function statusOf(name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1_024;
}

const one = chosen();
const [manyLarge = 0, manySmall = 0] = counts.split(',').map(Number);
const each = manySmall / Math.max(1, manyLarge);
const paths = Array.from({ length: manyLarge + manySmall }, (_, i) => (i % Math.round(each + 1) === 0 && i / (each + 1) < manyLarge ? large : small));

await Promise.all([small, small, small, small].map(one)); // all threads have decoded once
await collectGarbage();
await sleep(100);
const base = statusOf('VmRSS');
writeFileSync('/proc/self/clear_refs', '5'); // the peak starts anew
const cpu = process.cpuUsage();
const start = performance.now();
await Promise.all(paths.map(one));
const { user, system } = process.cpuUsage(cpu);
console.log(
  JSON.stringify({
    peak: statusOf('VmHWM') - base,
    ms: performance.now() - start,
    cpu: (user + system) / 1_000,
    large: paths.filter((path) => path === large).length,
  }),
);
process.exit();
