// A large request is served when the little that is in its way was forgotten, also when that is old and no full budget.
import { expect, test } from 'vitest';
import { Budget, collectGarbageSync, leaks } from '@handback/core';

leaks.configure({ level: 'count', warn: false });

/** Forgets a permit that has outlived some cheap collections, so that no cheap one finds it. */
function forgetOld(budget: Budget, amount: number): void {
  const permit = budget.acquireSync(amount);
  for (let round = 0; round < 3; round++) collectGarbageSync({ depth: 'minor' });
  expect(permit.amount).toBe(amount);
}

test.each([1, 3, 4, 5])('%d of 8 are forgotten, and all 8 are asked for', async (forgotten) => {
  const budget = new Budget({ name: 'large', capacity: 8 });
  for (let round = 0; round < 3; round++) {
    forgetOld(budget, forgotten);
    using permit = await budget.acquire(8, { timeout: 3_000 });
    expect(permit.amount).toBe(8);
  }
});
