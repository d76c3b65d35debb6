// The lock of the shared memory: who was ended while it held it is succeeded, who is alive is not.
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { alone } from '../../src/budget/shared/lock.ts';
import { LOCK, TURNS, type Memory } from '../../src/budget/shared/memory.ts';

const memoryOf = (): Memory => ({ ints: new Int32Array(new SharedArrayBuffer(64)) }) as unknown as Memory;

test('who waits while it goes from one to the next for long does not take it from them', async () => {
  const memory = memoryOf();
  const { ints } = memory;
  const others = new Worker(
    `const { ints, LOCK, TURNS } = require('node:worker_threads').workerData;
    for (let hold = 0; hold < 60; hold++) {
      Atomics.store(ints, LOCK, 2 + (hold % 2));
      Atomics.add(ints, TURNS, 1);
      Atomics.wait(ints, 10, 0, 10);
    }
    Atomics.store(ints, 9, 1);
    Atomics.store(ints, LOCK, 0);`,
    { eval: true, workerData: { ints, LOCK, TURNS } },
  );
  while (Atomics.load(ints, LOCK) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  expect(
    alone(
      memory,
      0,
      () => false,
      () => Atomics.load(ints, 9),
    ),
  ).toBe(1);
  await others.terminate();
});

test('one hold that lasts for ever ends, and that of a dead thread at once', () => {
  const memory = memoryOf();
  const taken = (isDead: boolean): number => {
    Atomics.store(memory.ints, LOCK, 5);
    const from = performance.now();
    alone(
      memory,
      0,
      (slot) => isDead && slot === 4,
      () => {},
    );
    return performance.now() - from;
  };
  expect(taken(false)).toBeGreaterThan(200);
  expect(taken(true)).toBeLessThan(200);
  expect(Atomics.load(memory.ints, LOCK)).toBe(0);
});
