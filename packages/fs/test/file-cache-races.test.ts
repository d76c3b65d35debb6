// What runs side by side: reads, disposals, reopenings and evictions, where a number closed too early would be another file's by then.
// STEPS=1000000 node_modules/.bin/vitest run packages/fs/test/file-cache-races.test.ts runs so many steps of each race.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { descriptors, FileCache, openSync, type CachedFile, type OpenFile } from '@handback/fs';
import { afterAll, beforeAll, expect, test } from 'vitest';

const FILES = 24;
const SIZE = 8_192;
const STEPS = Number(process.env['STEPS'] ?? 0);
let folder: string;
let paths: string[];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'handback-'));
  paths = Array.from({ length: FILES }, (_, index) => join(folder, String(index)));
  for (const [index, path] of paths.entries()) writeFileSync(path, Buffer.alloc(SIZE, index + 1));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A small generator: the same steps each time, as far as the thread pool lets them be. */
function sequence(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

interface Counts {
  steps: number;
  wrong: number;
  /** Files of somebody else, and those of them whose number was another file's, or none, when they were read. */
  bystanders: number;
  struck: number;
  readonly errors: Set<string>;
}

async function race(cache: FileCache, steps: number, seed: number, counts: Counts): Promise<void> {
  const random = sequence(seed);
  const held = new Map<number, CachedFile>();
  const pending: Promise<void>[] = [];
  const small = Buffer.alloc(64);
  let bystander: { readonly file: OpenFile; readonly index: number } | undefined;
  for (let step = 0; step < steps; step++) {
    counts.steps++;
    const index = random(FILES);
    let file = held.get(index);
    if (file === undefined) held.set(index, (file = cache.open(paths[index] as string)));
    const length = random(3) === 0 ? SIZE : 64;
    switch (random(8)) {
      case 0:
        file.dispose();
        file.dispose();
        held.delete(index);
        break;
      case 1:
        try {
          file.readSync(small, 0, 64, random(SIZE - 64));
          if (small.some((byte) => byte !== index + 1)) counts.wrong++;
        } catch (error) {
          note(counts, error);
        }
        break;
      case 2:
        cache.evict(random(3));
        break;
      case 3:
        // Takes the lowest number that is free, and holds it: where a cached file is closed twice, it is this one that is struck.
        if (bystander !== undefined) check(bystander, counts);
        bystander = { file: openSync(paths[index] as string), index };
        break;
      default: {
        const buffer = Buffer.alloc(length);
        const reading = file.read(buffer, 0, length, length === SIZE ? 0 : random(SIZE - 64));
        pending.push(
          reading.then(
            ({ bytesRead }) => {
              if (bytesRead !== length || buffer.some((byte) => byte !== index + 1)) counts.wrong++;
            },
            (error: unknown) => note(counts, error),
          ),
        );
        if (pending.length >= 8) await Promise.all(pending.splice(0));
      }
    }
  }
  await Promise.all(pending);
  if (bystander !== undefined) check(bystander, counts);
  for (const file of held.values()) file.dispose();
}

/** Reads a bystander's file to see that it is still its own, and closes it. */
function check({ file, index }: { readonly file: OpenFile; readonly index: number }, counts: Counts): void {
  counts.bystanders++;
  const bytes = Buffer.alloc(64);
  try {
    if (file.readSync(bytes, 0, 64, 0) !== 64 || bytes.some((byte) => byte !== index + 1)) counts.struck++;
    file.dispose();
    file.dispose();
  } catch {
    counts.struck++;
  }
}

function note(counts: Counts, error: unknown): void {
  counts.errors.add(String((error as { code?: unknown }).code ?? error));
}

test.each(
  [
    { steps: 100_000, capacity: 3, openInPool: false, allowed: ['ERR_BUDGET_EXCEEDED'] },
    { steps: 20_000, capacity: 3, openInPool: true, allowed: ['ERR_BUDGET_EXCEEDED'] },
    { steps: 20_000, capacity: 40, openInPool: false, allowed: [] },
  ].map((race) => (STEPS > 0 ? { ...race, steps: STEPS } : race)),
)(
  "$steps racing reads, disposals, evictions and reopenings on $capacity descriptors (in the pool: $openInPool) read no wrong byte, meet no EBADF and close nobody else's",
  { timeout: Math.max(180_000, STEPS * 2) },
  async ({ steps, capacity, openInPool, allowed }) => {
    const counts: Counts = { steps: 0, wrong: 0, bystanders: 0, struck: 0, errors: new Set() };
    const cache = new FileCache({ capacity, openInPool });
    await Promise.all(Array.from({ length: 8 }, (_, index) => race(cache, steps / 8, 97 + index, counts)));
    expect(counts.wrong).toBe(0);
    expect(counts.bystanders).toBeGreaterThan(steps / 20);
    expect(counts.struck).toBe(0);
    // A read within the call cannot wait while all are in use.
    expect([...counts.errors].filter((code) => !(allowed as string[]).includes(code))).toEqual([]);
    expect(counts.steps).toBe(steps);
    const { open, files, peak } = cache.stats();
    expect({ open, files }).toEqual({ open: 0, files: 0 });
    expect(peak).toBeLessThanOrEqual(capacity);
    await cache.disposeAsync();
    expect(descriptors.stats().used).toBe(0);
  },
);
