// Caches against their model, in random programs of all that can be done to them, forgotten users and full budgets included.
import { leaks, type LeakLevel } from '@handback/core';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { commands, endAll, Real } from './commands.ts';
import { Model } from './model.ts';

const unhandled: unknown[] = [];
process.on('unhandledRejection', (error) => unhandled.push(error));
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance'] }));
afterEach(async () => {
  await vi.advanceTimersByTimeAsync(2_000);
  vi.useRealTimers();
  leaks.configure({ level: 'trace', warn: true });
});

it.each<[LeakLevel, number]>([
  ['count', 100],
  ['trace', 50],
])(
  'every book is opened once a time, evicted only when nobody uses it, and released once; counts and answers as modelled (level %s)',
  { timeout: 120_000 },
  async (level, numRuns) => {
    leaks.configure({ level, warn: false });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 4 }), commands, async (max, capacity, program) => {
        const model = new Model(max, capacity);
        const real = new Real(max, capacity);
        await fc.asyncModelRun(() => ({ model, real }), program);
        await endAll(model, real);
        expect(unhandled).toEqual([]);
      }),
      { numRuns },
    );
  },
);
