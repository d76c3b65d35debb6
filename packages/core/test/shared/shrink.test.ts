// A capacity that sinks below what is in use takes effect at the next releases, not only when nobody waits.
import { SharedBudget } from '@handback/core';
import { expect, test } from 'vitest';

test('what comes back beyond a lowered capacity goes to nobody, neither to who waits nor to who asks next', async () => {
  const budget = new SharedBudget({ name: 'shrinks while it is full', capacity: 10 });
  const held = Array.from({ length: 10 }, () => budget.acquireSync());
  const order: string[] = [];
  const waiting = budget.acquire(1, { timeout: 10_000 }).then((permit) => {
    order.push('served');
    return permit;
  });
  budget.resize(5);
  for (let left = 9; left >= 5; left--) {
    held.pop()?.dispose();
    await new Promise(setImmediate);
    expect({ used: budget.stats().used, order }).toEqual({ used: left, order: [] });
    expect(budget.tryAcquire()).toBeUndefined();
  }
  held.pop()?.dispose();
  const last = await waiting;
  expect(budget.stats().used).toBe(5);
  for (const permit of [...held, last]) permit.dispose();
  using five = budget.acquireSync(5);
  expect(five.amount).toBe(5);
});

test('a capacity found lower again and again is kept to, too', () => {
  let capacity = 10;
  const budget = new SharedBudget({ name: 'is found lower', capacity: () => capacity });
  const held = Array.from({ length: 10 }, () => budget.acquireSync());
  for (const lower of [8, 6, 4]) {
    capacity = lower;
    budget.refresh();
    held.pop()?.dispose();
    expect(budget.tryAcquire()).toBeUndefined();
  }
  for (const permit of held.splice(3)) permit.dispose();
  using fourth = budget.tryAcquire();
  expect(fourth?.amount).toBe(1);
  expect(budget.tryAcquire()).toBeUndefined();
  for (const permit of held) permit.dispose();
});
