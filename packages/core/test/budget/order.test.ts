// Promise 5: whoever waits is served in order within a priority, and priorities age.
import { describe, expect, test } from 'vitest';
import { budgetOf, fill, handOn, hold, outcomeOf, pass, queue, settled, useFakeClock } from './support.ts';

useFakeClock();

describe('within a priority', () => {
  test('serves in order of arrival', async () => {
    const budget = budgetOf(3);
    const held = [budget.acquireSync(), budget.acquireSync(), budget.acquireSync()];
    const { order } = queue(budget, [1, 1, 1, 1, 1]);
    for (const permit of held) permit.dispose();
    await settled();
    expect(order).toEqual([0, 1, 2]);
    expect(budget.stats()).toMatchObject({ used: 3, available: 0, waiting: 2 });
    budget.dispose();
  });

  test('grants a permit that comes back to the first in line before anybody else can take it', async () => {
    const budget = budgetOf(1);
    const held = fill(budget);
    const first = outcomeOf(budget.acquire());
    held.dispose();
    expect(budget.tryAcquire()).toBeUndefined();
    expect(budget.stats()).toMatchObject({ used: 1, waiting: 0 });
    await settled();
    expect(first.state).toBe('granted');
  });

  test('takes what can be had at once, without a turn', async () => {
    const budget = budgetOf(2);
    const permit = outcomeOf(budget.acquire(2));
    expect(budget.stats()).toMatchObject({ used: 2, waiting: 0 });
    await undefined;
    expect(permit.state).toBe('granted');
  });

  test('does not let a newcomer that would fit pass those who wait', async () => {
    const budget = budgetOf(4);
    const held = budget.acquireSync(2);
    const { order } = queue(budget, [3, 1, 1]);
    await settled();
    expect(order).toEqual([]);
    expect(budget.tryAcquire()).toBeUndefined();
    held.dispose();
    await settled();
    expect(order).toEqual([0, 1]);
    budget.dispose();
  });

  test('serves everyone behind a waiter that leaves, as far as the room goes', async () => {
    const budget = budgetOf(4);
    hold(budget, 2);
    const { order } = queue(budget, [3, 1, 1, 1], (index) => (index === 0 ? { timeout: 5 } : {}));
    await pass(5);
    expect(order).toEqual([1, 2]);
    expect(budget.stats()).toMatchObject({ used: 4, waiting: 1 });
    budget.dispose();
  });
});

describe('between priorities', () => {
  test('serves a higher priority first', async () => {
    const budget = budgetOf(1);
    const held = fill(budget);
    const line = queue(budget, [1, 1, 1], (index) => ({ priority: index }));
    await handOn(held, line);
    expect(line.order).toEqual([2, 1, 0]);
  });

  test('keeps the order of arrival within each priority', async () => {
    const budget = budgetOf(1);
    const held = fill(budget);
    const line = queue(budget, [1, 1, 1, 1, 1, 1], (index) => ({ priority: index % 2 }));
    await handOn(held, line);
    expect(line.order).toEqual([1, 3, 5, 0, 2, 4]);
  });

  test('makes a step of priority worth 64 places, and not one more', async () => {
    const budget = budgetOf(1);
    const held = fill(budget);
    const line = queue(
      budget,
      Array.from({ length: 66 }, () => 1),
      (index) => ({ priority: index === 65 ? 1 : 0 }),
    );
    await handOn(held, line);
    // Level with index 1, which came before it.
    expect(line.order.slice(0, 4)).toEqual([0, 1, 65, 2]);
    expect(line.order).toHaveLength(66);
  });

  test('ages priorities: one of low priority is overtaken by no more than 64 later arrivals a step', async () => {
    const budget = budgetOf(1);
    const held = fill(budget);
    const line = queue(
      budget,
      Array.from({ length: 200 }, () => 1),
      (index) => ({ priority: index === 0 ? 0 : 2 }),
    );
    await handOn(held, line);
    expect(line.order.indexOf(0)).toBe(127);
    expect(line.order).toHaveLength(200);
  });

  test('serves those whom their priorities make level in the order of their arrival', async () => {
    const budget = budgetOf(1);
    const held = fill(budget);
    const line = queue(budget, [1, 1, 1, 1, 1, 1], (index) => ({ priority: index === 0 ? 0 : (index + 1) / 64 }));
    await handOn(held, line);
    expect(line.order).toEqual([1, 2, 3, 4, 5, 0]);
  });

  test('serves a newcomer of higher priority at once when it fits and only lower ones wait', async () => {
    const budget = budgetOf(4);
    hold(budget, 2);
    const { order } = queue(budget, [3, 1], (index) => ({ priority: index }));
    await settled();
    expect(order).toEqual([1]);
    expect(budget.stats()).toMatchObject({ used: 3, waiting: 1 });
    budget.dispose();
  });

  test('never overtakes by tryAcquire, whoever waits', async () => {
    const budget = budgetOf(4);
    hold(budget, 2);
    queue(budget, [3], () => ({ priority: -5 }));
    expect(budget.tryAcquire()).toBeUndefined();
    expect(budget.stats()).toMatchObject({ used: 2, waiting: 1 });
    budget.dispose();
  });

  test('orders priorities that are fractions, and those beyond all counting, without losing anybody', async () => {
    const budget = budgetOf(1);
    const held = fill(budget);
    const priorities = [0, 0.5, -1e308, 1e308, Number.MAX_VALUE, -0.5];
    const line = queue(budget, [1, 1, 1, 1, 1, 1], (index) => ({ priority: priorities[index] }));
    await handOn(held, line);
    expect(line.order).toEqual([3, 4, 1, 0, 5, 2]);
    expect(budget.stats()).toMatchObject({ used: 0, waiting: 0 });
  });
});
