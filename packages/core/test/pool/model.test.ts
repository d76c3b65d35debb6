// Two pools on one budget, of any shape, against a model: accounts, statistics, who has what and who was refused, after every step.
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { leaks } from '@handback/core';
import { settled, useFakeClock } from '../budget/support.ts';
import { commandsOf, Real, shapes } from './commands.ts';
import { Model } from './model.ts';

useFakeClock();
leaks.configure({ level: 'count' });

describe.each([
  ['', false, 300],
  [', with forgotten leases and collections', true, 40],
] as const)('any steps in any order%s', (_, forgets, numRuns) => {
  test('leave pools, budget and borrowers as the model says, and nothing at all after the drain', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 5 }),
        fc.tuple(shapes, shapes),
        fc.record({ isAsync: fc.boolean(), checksLate: fc.boolean(), resetsLate: fc.boolean() }),
        commandsOf(forgets),
        async (capacity, both, world, commands) => {
          const model = new Model(capacity, both);
          const real = new Real(capacity, both, world);
          try {
            await fc.asyncModelRun(() => ({ model, real }), commands);
          } finally {
            const drains = real.pools.map((pool) => pool.drain());
            for (const leases of real.leases.values()) for (const lease of leases) lease.dispose();
            await settled();
            await vi.advanceTimersByTimeAsync(600);
            for (const leases of real.leases.values()) for (const lease of leases) lease.dispose();
            await vi.advanceTimersByTimeAsync(31_000);
            await Promise.allSettled(drains);
          }
          expect(real.budget.stats().used).toBe(0);
          expect([...real.open].every((id) => real.detached.has(id))).toBe(true);
          expect(real.errors).toEqual([]);
          for (const pool of real.pools) expect(pool.stats()).toMatchObject({ size: 0, idle: 0, leased: 0, opening: 0, waiting: 0 });
        },
      ),
      { numRuns },
    );
  });
});
