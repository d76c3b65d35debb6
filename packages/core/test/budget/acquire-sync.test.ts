// acquireSync cannot wait: it reclaims, may overtake the line by a little, and else throws an error that names the holders.
import { describe, expect, test } from 'vitest';
import { BudgetExceededError, defineResource, leaks, type Permit } from '@handback/core';
import { budgetOf, fill, hold, outcomeOf, queue, settled, thrownBy, useFakeClock } from './support.ts';

useFakeClock();

/** As many permits as can be had ahead of a line. */
function overtake(acquire: () => Permit): Permit[] {
  const permits: Permit[] = [];
  for (;;) {
    try {
      permits.push(acquire());
    } catch {
      return permits;
    }
  }
}

describe('with a line before it', () => {
  test.each([
    [20, 8],
    [100, 8],
    [400, 8],
    [500, 10],
    [1_000, 20],
  ])('of %i overtakes by at most max(8, 2 %%): %i', async (capacity, most) => {
    const budget = budgetOf(capacity);
    const held = hold(budget);
    const large = outcomeOf(budget.acquire(capacity));
    const ahead = overtake(() => budget.acquireSync());
    expect(ahead).toHaveLength(most);
    for (const permit of [held, ...ahead]) permit.dispose();
    await settled();
    expect(large.state).toBe('granted');
  });

  test('counts what is outstanding: what came back may be taken again', () => {
    const budget = budgetOf(100);
    hold(budget, 50);
    queue(budget, [60]);
    const ahead = overtake(() => budget.acquireSync());
    ahead[0]?.dispose();
    expect(overtake(() => budget.acquireSync())).toHaveLength(1);
    budget.dispose();
  });

  test('counts amounts, not permits', () => {
    const budget = budgetOf(100);
    hold(budget, 50);
    queue(budget, [60]);
    expect(() => budget.acquireSync(9)).toThrow(/synchronous acquires may overtake them by 8 in all, and 0 are out/);
    const permit = hold(budget, 6);
    expect(() => budget.acquireSync(3)).toThrow(/and 6 are out/);
    permit.settle(5);
    expect(hold(budget, 3).amount).toBe(3);
    budget.dispose();
  });

  test('counts a permit that was split by its parts', () => {
    const budget = budgetOf(100);
    hold(budget, 50);
    queue(budget, [60]);
    const permit = hold(budget, 8);
    const part = permit.split(3);
    permit.dispose();
    expect(overtake(() => budget.acquireSync())).toHaveLength(5);
    part.dispose();
    expect(overtake(() => budget.acquireSync())).toHaveLength(3);
    budget.dispose();
  });

  test('overtakes the line of a parent by no more through any number of children', () => {
    const parent = budgetOf(100);
    const children = Array.from({ length: 5 }, (_, index) => parent.child({ name: `child ${index}`, capacity: 100 }));
    hold(parent, 50);
    queue(parent, [60]);
    const ahead = children.flatMap((child) => overtake(() => child.acquireSync()));
    expect(ahead).toHaveLength(8);
    for (const permit of ahead) permit.dispose();
    expect(overtake(() => parent.acquireSync())).toHaveLength(8);
    parent.dispose();
  });

  test('is not bound by lines that it does not overtake', () => {
    const parent = budgetOf(100);
    const [busy, idle] = [parent.child({ name: 'busy', capacity: 20 }), parent.child({ name: 'idle', capacity: 20 })];
    hold(busy, 15);
    queue(busy, [10]);
    const ahead = overtake(() => busy.acquireSync());
    expect(ahead.length).toBe(5);
    expect(overtake(() => idle.acquireSync())).toHaveLength(20);
    parent.dispose();
  });

  test('does not keep the line from being served in the end', async () => {
    const budget = budgetOf(20);
    const held = hold(budget, 10);
    const large = outcomeOf(budget.acquire(15));
    held.dispose();
    await settled();
    expect(large.state).toBe('granted');
    expect(budget.stats().used).toBe(15);
  });
});

describe('a full budget', () => {
  test('throws within the call, with the numbers and the holders', () => {
    leaks.configure({ level: 'count' });
    const budget = budgetOf(3);
    const held = [budget.acquireSync(2, { label: 'thumbnails' }), budget.acquireSync(1, { label: 'originals' })];
    const error = thrownBy(() => budget.acquireSync(1, { label: 'avatar' })) as BudgetExceededError;
    expect(error).toBeInstanceOf(BudgetExceededError);
    expect(error).toMatchObject({ code: 'ERR_BUDGET_EXCEEDED', budget: 'seats', requested: 1, capacity: 3, used: 3, waiting: 0, label: 'avatar' });
    expect(error.holders).toMatchObject([
      { kind: 'permit', label: 'thumbnails', count: 1, amount: 2 },
      { kind: 'permit', label: 'originals', count: 1, amount: 1 },
    ]);
    for (const permit of held) permit.dispose();
    leaks.configure({ level: 'trace' });
  });

  test('lets nobody in whom it has no room for, whoever waits', () => {
    const budget = budgetOf(3);
    fill(budget);
    queue(budget, [1]);
    expect(() => budget.acquireSync()).toThrow(BudgetExceededError);
    expect(budget.stats()).toMatchObject({ used: 3, waiting: 1 });
    budget.dispose();
  });

  test('of a kind opens nothing when it throws', () => {
    const budget = budgetOf(1);
    fill(budget);
    let opened = 0;
    const kind = defineResource({ kind: 'thing', openSync: () => ++opened, release: () => {}, cost: () => ({ budget, amount: 1 }) });
    const error = thrownBy(() => kind.acquireSync());
    expect(error).toMatchObject({ code: 'ERR_BUDGET_EXCEEDED', kind: 'thing' });
    expect(opened).toBe(0);
  });
});

test('takes its turn where it need not overtake anybody', () => {
  const parent = budgetOf(10);
  const [full, free] = [parent.child({ name: 'full', capacity: 1 }), parent.child({ name: 'free', capacity: 9 })];
  hold(full);
  queue(full, [1]);
  const permits = overtake(() => free.acquireSync());
  expect(permits).toHaveLength(9);
  parent.dispose();
});
