// Resizing never revokes; it serves those who fit now and refuses those who never will.
import { describe, expect, test } from 'vitest';
import { BudgetExceededError, defineResource } from '@handback/core';
import { budgetOf, fill, hold, outcomeOf, queue, settled, useFakeClock } from './support.ts';

useFakeClock();

describe('growing', () => {
  test('serves the line as far as the room goes', async () => {
    const budget = budgetOf(2);
    fill(budget);
    const { order } = queue(budget, [1, 2, 1]);
    budget.resize(5);
    await settled();
    expect(order).toEqual([0, 1]);
    expect(budget.stats()).toMatchObject({ capacity: 5, used: 5, waiting: 1 });
    budget.dispose();
  });

  test('to Infinity serves everybody', async () => {
    const budget = budgetOf(1);
    fill(budget);
    const { order } = queue(budget, [1, 1, 1]);
    budget.resize(Number.POSITIVE_INFINITY);
    await settled();
    expect(order).toEqual([0, 1, 2]);
    expect(budget.stats().available).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('shrinking', () => {
  test('revokes nothing: available is negative until permits come back, and nobody is admitted meanwhile', async () => {
    const budget = budgetOf(4);
    const held = [hold(budget), hold(budget), hold(budget), hold(budget)];
    budget.resize(2);
    expect(budget.stats()).toMatchObject({ capacity: 2, used: 4, available: -2 });
    const { order } = queue(budget, [1]);
    for (const permit of held.slice(0, 2)) permit.dispose();
    await settled();
    expect([order, budget.tryAcquire()]).toEqual([[], undefined]);
    held[2]?.dispose();
    await settled();
    expect(order).toEqual([0]);
  });

  test('refuses those in line who can never be served any more, all of them, and serves those behind', async () => {
    const budget = budgetOf(10);
    hold(budget, 4);
    const { order, outcomes } = queue(budget, [8, 1, 9, 7, 1]);
    budget.resize(6);
    await settled();
    expect(outcomes.map(({ state }) => state)).toEqual(['refused', 'granted', 'refused', 'refused', 'granted']);
    expect(order).toEqual([1, 4]);
    expect(outcomes[0]?.error).toBeInstanceOf(BudgetExceededError);
    expect(outcomes[0]?.error).toMatchObject({ requested: 8, capacity: 6 });
    expect(String(outcomes[0]?.error)).toContain('since it was resized');
  });

  test('of a parent refuses those who wait in its children, by its own name', async () => {
    const parent = budgetOf(10);
    const child = parent.child({ name: 'room', capacity: 8 });
    fill(parent);
    const waiter = outcomeOf(child.acquire(7));
    parent.resize(6);
    await settled();
    expect(waiter.error).toMatchObject({ code: 'ERR_BUDGET_EXCEEDED', budget: 'seats', requested: 7, capacity: 6 });
  });

  test('refuses one of several budgets by the sum that it wants of it, and takes nothing of the others', async () => {
    const [parent, other] = [budgetOf(6), budgetOf(1)];
    const children = [parent.child({ name: 'one', capacity: 6 }), parent.child({ name: 'two', capacity: 6 })];
    const kind = defineResource({
      kind: 'triple',
      openSync: () => 1,
      release: () => {},
      cost: () => [{ budget: other, amount: 1 }, ...children.map((budget) => ({ budget, amount: 2 }))],
    });
    hold(other);
    const waiter = outcomeOf(kind.acquire());
    const behind = queue(parent, [1]);
    await settled();
    parent.resize(3);
    await settled();
    expect(waiter.error).toMatchObject({ code: 'ERR_BUDGET_EXCEEDED', budget: 'seats', requested: 4, capacity: 3 });
    expect(behind.order).toEqual([0]);
    expect(other.stats()).toMatchObject({ used: 1, waiting: 0 });
  });

  test('to 0 refuses everybody who waits and everybody who comes', async () => {
    const budget = budgetOf(2);
    fill(budget);
    const { outcomes } = queue(budget, [1, 2]);
    budget.resize(0);
    const later = outcomeOf(budget.acquire());
    await settled();
    expect([...outcomes, later].map(({ error }) => (error as Error).name)).toEqual(['BudgetExceededError', 'BudgetExceededError', 'BudgetExceededError']);
  });
});

describe('code that a resize runs', () => {
  test('may resize again', async () => {
    const budget = budgetOf(4);
    const held = fill(budget);
    using _reclaimer = budget.addReclaimer({
      name: 'elastic',
      reclaimable: () => 1,
      reclaim: () => {
        budget.resize(budget.stats().capacity + 1);
        return 1;
      },
    });
    const { order } = queue(budget, [1, 1]);
    await settled();
    expect(order).toEqual([0]);
    expect(budget.stats()).toMatchObject({ capacity: 5, used: 5, waiting: 1 });
    held.dispose();
    budget.resize(2);
    await settled();
    expect(order).toEqual([0, 1]);
  });
});
