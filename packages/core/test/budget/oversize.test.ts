// A request larger than the capacity: refused at once, or let run alone; never one that blocks the line for ever.
import { describe, expect, test } from 'vitest';
import { Budget, BudgetExceededError, defineResource } from '@handback/core';
import { budgetOf, fill, hold, outcomeOf, queue, settled, thrownBy, useFakeClock } from './support.ts';

useFakeClock();

describe("oversize 'reject', the default", () => {
  test('refuses at once what can never be had, and blocks nobody', async () => {
    const budget = budgetOf(4);
    fill(budget);
    const refused = outcomeOf(budget.acquire(5));
    await settled();
    expect(refused.error).toBeInstanceOf(BudgetExceededError);
    expect(refused.error).toMatchObject({ requested: 5, capacity: 4, used: 4, waiting: 0 });
    expect(String(refused.error)).toContain("more than the whole budget 'seats' can hold");
  });

  test('refuses it synchronously too, and answers undefined where nothing is promised', () => {
    const budget = budgetOf(4);
    expect(() => budget.acquireSync(5)).toThrow(BudgetExceededError);
    expect(budget.tryAcquire(5)).toBeUndefined();
    expect(budget.stats().used).toBe(0);
  });

  test('names the parent, where it is the parent that is too small', async () => {
    const parent = new Budget({ name: 'house', capacity: 2 });
    const child = parent.child({ name: 'room', capacity: 10 });
    const refused = outcomeOf(child.acquire(5));
    await settled();
    expect(refused.error).toMatchObject({ budget: 'house', requested: 5, capacity: 2 });
    expect(String(refused.error)).toContain("more than the whole budget 'house' can hold");
  });

  test('refuses everything where the capacity is 0', async () => {
    const budget = budgetOf(0);
    const refused = outcomeOf(budget.acquire());
    await settled();
    expect(refused.error).toBeInstanceOf(BudgetExceededError);
    expect(budget.tryAcquire()).toBeUndefined();
  });
});

describe('several charges that meet in one budget', () => {
  const parent = new Budget({ name: 'house', capacity: 4 });
  const [one, two] = [parent.child({ name: 'one', capacity: 4 }), parent.child({ name: 'two', capacity: 4 })];
  const kind = defineResource({ kind: 'pair', openSync: () => 1, release: () => {}, cost: (costs: { budget: Budget; amount: number }[]) => costs });

  test.each([
    [
      'two children',
      [
        { budget: one, amount: 3 },
        { budget: two, amount: 3 },
      ],
    ],
    [
      'a parent and its child',
      [
        { budget: parent, amount: 3 },
        { budget: one, amount: 2 },
      ],
    ],
    [
      'a child and its parent',
      [
        { budget: one, amount: 2 },
        { budget: parent, amount: 3 },
      ],
    ],
  ])('are refused at once if they can never be had together: %s', async (_, costs) => {
    const refused = outcomeOf(kind.acquire(costs));
    await settled();
    expect(refused.error).toBeInstanceOf(BudgetExceededError);
    expect(refused.error).toMatchObject({ budget: 'house', capacity: 4 });
    expect(thrownBy(() => kind.acquireSync(costs))).toBeInstanceOf(BudgetExceededError);
    expect(parent.stats()).toMatchObject({ used: 0, waiting: 0 });
  });
});

describe("oversize 'alone'", () => {
  test('lets the request wait for the whole capacity and run alone', async () => {
    const budget = budgetOf(4, { oversize: 'alone' });
    const held = hold(budget);
    const large = outcomeOf(budget.acquire(100));
    await settled();
    expect(large.state).toBe('waiting');
    held.dispose();
    await settled();
    expect(large.value?.amount).toBe(4);
    expect(budget.stats()).toMatchObject({ used: 4, available: 0 });
    expect(budget.tryAcquire()).toBeUndefined();
  });

  test('takes the capacity, not the amount asked for, by every way of asking', async () => {
    const budget = budgetOf(4, { oversize: 'alone' });
    for (const ask of [() => budget.tryAcquire(9), () => budget.acquireSync(9), () => budget.acquire(9)]) {
      const permit = await ask();
      expect(permit?.amount).toBe(4);
      expect(budget.stats().used).toBe(4);
      permit?.dispose();
    }
    expect(budget.stats()).toMatchObject({ used: 0, peak: 4 });
  });

  test('is not starved by small ones', async () => {
    const budget = budgetOf(2, { oversize: 'alone' });
    const [a, b] = [hold(budget), hold(budget)];
    const large = queue(budget, [100]);
    const small = queue(budget, [1, 1]);
    a.dispose();
    await settled();
    expect([large.order, small.order]).toEqual([[], []]);
    b.dispose();
    await settled();
    expect([large.order, small.order]).toEqual([[0], []]);
    large.outcomes[0]?.value?.dispose();
    await settled();
    expect(small.order).toEqual([0, 1]);
  });

  test('still is alone when the capacity has grown while it waited', async () => {
    const budget = budgetOf(4, { oversize: 'alone' });
    const held = hold(budget, 2);
    const { outcomes } = queue(budget, [100, 1]);
    budget.resize(10);
    await settled();
    expect(outcomes.map(({ state }) => state)).toEqual(['waiting', 'waiting']);
    held.dispose();
    await settled();
    expect(outcomes[0]?.value?.amount).toBe(10);
    expect(outcomes[1]?.state).toBe('waiting');
    budget.dispose();
  });

  test('asks for no more than it wanted, when the capacity has grown beyond that', async () => {
    const budget = budgetOf(4, { oversize: 'alone' });
    hold(budget, 2);
    const { outcomes } = queue(budget, [6]);
    budget.resize(10);
    await settled();
    expect(outcomes[0]?.value?.amount).toBe(6);
    expect(budget.stats()).toMatchObject({ used: 8, waiting: 0 });
  });

  test('fits into what has become smaller', async () => {
    const budget = budgetOf(4, { oversize: 'alone' });
    const held = fill(budget);
    const { outcomes } = queue(budget, [100]);
    budget.resize(2);
    held.settle(1);
    held.dispose();
    await settled();
    expect(outcomes[0]?.value?.amount).toBe(2);
  });

  test('of a child takes no more than the parent has', async () => {
    const parent = budgetOf(3, { oversize: 'alone' });
    const child = parent.child({ name: 'room', capacity: 5, oversize: 'alone' });
    const permit = await child.acquire(100);
    expect([permit.amount, child.stats().used, parent.stats().used]).toEqual([3, 3, 3]);
    permit.dispose();
    expect([child.stats().used, parent.stats().used]).toEqual([0, 0]);
  });

  test('refuses what a parent refuses', async () => {
    const child = budgetOf(3).child({ name: 'room', capacity: 5, oversize: 'alone' });
    const refused = outcomeOf(child.acquire(100));
    await settled();
    expect(refused.error).toMatchObject({ code: 'ERR_BUDGET_EXCEEDED', budget: 'seats' });
  });

  test('counts several charges that meet in it together, and lets them run alone', async () => {
    const parent = budgetOf(4, { oversize: 'alone' });
    const [one, two] = [parent.child({ name: 'one', capacity: 4 }), parent.child({ name: 'two', capacity: 4 })];
    const kind = defineResource({
      kind: 'pair',
      openSync: () => 1,
      release: () => {},
      cost: () => [
        { budget: one, amount: 3 },
        { budget: two, amount: 3 },
      ],
    });
    const held = hold(parent);
    const pair = outcomeOf(kind.acquire());
    await settled();
    expect(pair.state).toBe('waiting');
    held.dispose();
    await settled();
    expect(pair.state).toBe('granted');
    expect(parent.stats()).toMatchObject({ used: 4, available: 0 });
    pair.value?.dispose();
    expect([parent, one, two].map((budget) => budget.stats().used)).toEqual([0, 0, 0]);
  });

  test('lets nothing run in a capacity of 0', async () => {
    const budget = budgetOf(0, { oversize: 'alone' });
    const refused = outcomeOf(budget.acquire());
    await settled();
    expect(refused.error).toBeInstanceOf(BudgetExceededError);
  });
});
