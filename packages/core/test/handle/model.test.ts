// Handles against their model, in random programs of all that can be done to them, forced collections of forgotten ones included.
import { leaks, type LeakLevel } from '@handback/core';
import fc from 'fast-check';
import { afterEach, expect, it } from 'vitest';
import { commands, endAll, Model, Real } from './model.ts';

const unhandled: unknown[] = [];
process.on('unhandledRejection', (error) => unhandled.push(error));
afterEach(() => {
  leaks.configure({ level: 'trace', warn: true });
  process.exitCode = undefined;
});

it.each<[LeakLevel, number]>([
  ['count', 60],
  ['trace', 30],
  ['strict', 30],
])(
  'every raw is released once, never in use, never before its children; states, promises and budgets as modelled (level %s)',
  { timeout: 120_000 },
  async (level, numRuns) => {
    await fc.assert(
      fc.asyncProperty(commands, async (program) => {
        const model = new Model();
        const real = new Real(level);
        await fc.asyncModelRun(() => ({ model, real }), program);
        await endAll(model, real);
        expect(unhandled).toEqual([]);
      }),
      { numRuns },
    );
  },
);
