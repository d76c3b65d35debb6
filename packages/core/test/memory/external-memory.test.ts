// The gauge: the collector learns of memory that it cannot see, by untouched ballast in steps of 32 MiB.
import { afterEach, describe, expect, test } from 'vitest';
import { adjustExternalMemory, collectGarbageSync, defineResource, leaks } from '@handback/core';
import { useCopies } from '../budget/copies.ts';

const { run } = useCopies();
const MiB = 2 ** 20;
leaks.configure({ warn: false });

afterEach(() => adjustExternalMemory(-adjustExternalMemory(0)));

/** How much more the engine counts as external than at the start. */
function countedSince(start: NodeJS.MemoryUsage): number {
  return process.memoryUsage().arrayBuffers - start.arrayBuffers;
}

describe('adjustExternalMemory', () => {
  test('answers the bytes that the collector now knows of', () => {
    expect([adjustExternalMemory(5 * MiB), adjustExternalMemory(3), adjustExternalMemory(-2 * MiB)]).toEqual([5 * MiB, 5 * MiB + 3, 3 * MiB + 3]);
  });

  test('never falls below nothing', () => {
    adjustExternalMemory(5);
    expect([adjustExternalMemory(-100), adjustExternalMemory(7)]).toEqual([0, 7]);
  });

  test('makes the engine count at least as much, and not much more, in steps of 32 MiB', () => {
    const start = process.memoryUsage();
    adjustExternalMemory(256 * MiB);
    const counted = countedSince(start) / MiB;
    expect(counted).toBeGreaterThan(255);
    expect(counted).toBeLessThanOrEqual(512);
    expect(Math.round(counted) % 32).toBe(0);
  });

  test('makes no step for little', () => {
    const start = process.memoryUsage();
    adjustExternalMemory(15 * MiB);
    expect(countedSince(start)).toBeLessThan(MiB);
  });

  test('costs no resident memory', () => {
    const start = process.memoryUsage();
    adjustExternalMemory(1_024 * MiB);
    expect(process.memoryUsage().rss - start.rss).toBeLessThan(32 * MiB);
  });

  test('lets go at once, without a collection', () => {
    const start = process.memoryUsage();
    adjustExternalMemory(512 * MiB);
    adjustExternalMemory(-512 * MiB);
    expect(countedSince(start)).toBeLessThan(MiB);
  });

  test('keeps one step more than is needed, so that going up and down around a step costs nothing', () => {
    adjustExternalMemory(96 * MiB);
    const start = process.memoryUsage();
    adjustExternalMemory(-1);
    expect(countedSince(start)).toBe(0);
    adjustExternalMemory(1);
    expect(countedSince(start)).toBe(0);
    adjustExternalMemory(-64 * MiB);
    expect(countedSince(start)).toBeLessThan(0);
  });

  test('goes as far as the engine will, and no error comes of it', async () => {
    const { code, output } = await run(`
      import { adjustExternalMemory } from '@handback/core';
      const original = ArrayBuffer;
      let left = 3;
      globalThis.ArrayBuffer = function (size) { if (left-- > 0) return new original(size); throw new RangeError('no more'); };
      console.log(adjustExternalMemory(320 * 2 ** 20) / 2 ** 20, adjustExternalMemory(-319 * 2 ** 20) / 2 ** 20);
    `);
    expect([code, output]).toEqual([0, '320 1\n']);
  });
});

describe('a kind with externalBytes', () => {
  const kind = defineResource({ kind: 'block', openSync: (size: number) => size, release: () => {}, externalBytes: (size) => size });

  test('is known to the collector as long as it lives', () => {
    const handle = kind.acquireSync(40 * MiB);
    expect(adjustExternalMemory(0)).toBe(40 * MiB);
    handle.dispose();
    expect(adjustExternalMemory(0)).toBe(0);
  });

  test('is no longer known once it was forgotten and found', () => {
    ((): void => void kind.acquireSync(40 * MiB))();
    collectGarbageSync();
    expect(adjustExternalMemory(0)).toBe(0);
  });

  test('is collected in time, without a forced collection and without a budget', async () => {
    const { code, output, errors } = await run(
      `
      import { defineResource } from '@handback/core';
      let live = 0, most = 0;
      const kind = defineResource({ kind: 'block', openSync: () => ++live, release: () => void live--, externalBytes: () => 32 * 2 ** 20 });
      const forget = () => void kind.acquireSync();
      for (let round = 0; round < 40; round++) {
        forget();
        most = Math.max(most, live);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      console.log(most);
    `,
      { args: ['--no-warnings'] },
    );
    expect([code, errors]).toEqual([0, '']);
    // 40 were forgotten. The bound is wide: when the engine looks is its own affair, never to look is the failure.
    expect(Number(output)).toBeLessThan(30);
  });
});
