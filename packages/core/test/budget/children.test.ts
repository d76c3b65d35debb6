// Children under parents: both pay, or none.
import { describe, expect, test } from 'vitest';
import { ClosedError, type Budget } from '@handback/core';
import { budgetOf, hold, outcomeOf, queue, settled, useFakeClock } from './support.ts';

useFakeClock();

const usedOf = (...budgets: Budget[]): number[] => budgets.map((budget) => budget.stats().used);

function family(): { root: Budget; middle: Budget; leaf: Budget } {
  const root = budgetOf(4);
  const middle = root.child({ name: 'middle', capacity: 3 });
  return { root, middle, leaf: middle.child({ name: 'leaf', capacity: 2 }) };
}

describe('a permit of a child', () => {
  test('is paid by all ancestors, and given back to all', async () => {
    const { root, middle, leaf } = family();
    const permits = [leaf.acquireSync(2), await middle.acquire()];
    expect(usedOf(root, middle, leaf)).toEqual([3, 3, 2]);
    for (const permit of permits) permit.dispose();
    expect(usedOf(root, middle, leaf)).toEqual([0, 0, 0]);
  });

  test('is split and settled in all of them', () => {
    const { root, middle, leaf } = family();
    const permit = leaf.acquireSync(2);
    const part = permit.split(1);
    permit.settle(2);
    expect(usedOf(root, middle, leaf)).toEqual([3, 3, 3]);
    part.dispose();
    permit.settle(0);
    expect(usedOf(root, middle, leaf)).toEqual([0, 0, 0]);
  });

  test('is reserved in all of them, whatever they hold', () => {
    const { root, middle, leaf } = family();
    const permit = leaf.reserve(9);
    expect([root, middle, leaf].map((budget) => budget.stats().available)).toEqual([-5, -6, -7]);
    permit.dispose();
    expect(usedOf(root, middle, leaf)).toEqual([0, 0, 0]);
  });

  test.each(['root', 'middle', 'leaf'] as const)('is paid by none while the %s is full', async (full) => {
    const budgets = family();
    const held = hold(budgets[full], budgets[full].stats().capacity);
    const before = usedOf(...Object.values(budgets));
    const waiter = outcomeOf(budgets.leaf.acquire());
    await settled();
    expect(budgets.leaf.tryAcquire()).toBeUndefined();
    expect(usedOf(...Object.values(budgets))).toEqual(before);
    held.dispose();
    await settled();
    expect(waiter.state).toBe('granted');
    expect(usedOf(...Object.values(budgets))).toEqual([1, 1, 1]);
  });

  test.each(['root', 'middle', 'leaf'] as const)('is granted when the %s grows', async (full) => {
    const budgets = family();
    hold(budgets[full], budgets[full].stats().capacity);
    const waiter = outcomeOf(budgets.leaf.acquire());
    budgets[full].resize(9);
    await settled();
    expect(waiter.state).toBe('granted');
  });

  test('counts at each level by itself', async () => {
    const { root, middle, leaf } = family();
    hold(root);
    hold(middle);
    hold(leaf);
    queue(leaf, [2]);
    expect([root, middle, leaf].map((budget) => budget.stats())).toMatchObject([
      { used: 3, peak: 3, waiting: 0 },
      { used: 2, peak: 2, waiting: 0 },
      { used: 1, peak: 1, waiting: 1 },
    ]);
    root.dispose();
  });
});

describe('order within a tree', () => {
  test('serves by ticket across the children of one parent', async () => {
    const root = budgetOf(1);
    const children = [0, 1, 2].map((index) => root.child({ name: `child ${index}`, capacity: 1 }));
    const held = hold(root);
    const order: number[] = [];
    for (const index of [2, 0, 1, 0, 2]) {
      children[index]?.acquire().then(
        (permit) => {
          order.push(index);
          permit.dispose();
        },
        () => {},
      );
    }
    held.dispose();
    await settled();
    expect(order).toEqual([2, 0, 1, 0, 2]);
    expect(root.stats()).toMatchObject({ used: 0, waiting: 0 });
  });

  test('serves a waiter of the parent before a later one of a child, and the other way round', async () => {
    const root = budgetOf(1);
    const child = root.child({ name: 'child', capacity: 1 });
    const held = hold(root);
    const order: string[] = [];
    for (const [name, budget] of Object.entries({ first: root, second: child, third: root })) {
      budget.acquire().then(
        (permit) => {
          order.push(name);
          permit.dispose();
        },
        () => {},
      );
    }
    held.dispose();
    await settled();
    expect(order).toEqual(['first', 'second', 'third']);
  });

  test('lets no newcomer of a child pass a waiter of the parent', () => {
    const root = budgetOf(4);
    const child = root.child({ name: 'child', capacity: 4 });
    hold(root, 2);
    queue(root, [3]);
    expect(child.tryAcquire()).toBeUndefined();
    expect(usedOf(root, child)).toEqual([2, 0]);
    root.dispose();
  });
});

describe('a closed parent', () => {
  test('closes its children: those who wait and those who come get ClosedError', async () => {
    const { root, middle, leaf } = family();
    hold(leaf, 2);
    const waiter = outcomeOf(leaf.acquire());
    middle.dispose();
    const later = outcomeOf(leaf.acquire());
    await settled();
    expect([waiter.error, later.error]).toEqual([expect.any(ClosedError), expect.any(ClosedError)]);
    expect(() => leaf.acquireSync()).toThrow(ClosedError);
    expect(() => leaf.tryAcquire()).toThrow(ClosedError);
    expect(() => leaf.reserve(1)).toThrow(ClosedError);
    expect(() => leaf.child({ name: 'more', capacity: 1 })).toThrow(ClosedError);
    expect(root.tryAcquire()?.amount).toBe(1);
  });

  test('leaves its siblings open, and serves those whom its waiters held up', async () => {
    const root = budgetOf(4);
    const [one, two] = [root.child({ name: 'one', capacity: 4 }), root.child({ name: 'two', capacity: 4 })];
    hold(root, 2);
    const closed = queue(one, [3]);
    const { order } = queue(two, [1, 1]);
    await settled();
    expect(order).toEqual([]);
    one.dispose();
    await settled();
    expect(order).toEqual([0, 1]);
    expect(closed.outcomes[0]?.error).toBeInstanceOf(ClosedError);
  });
});
