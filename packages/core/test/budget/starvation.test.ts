// Promise 5: a large request is not starved by small ones. (Go's two starvation tests, and the trial of the decision "Order".)
import { describe, expect, test } from 'vitest';
import { Budget, type Permit } from '@handback/core';
import { budgetOf, hold, outcomeOf, queue, settled, useFakeClock } from './support.ts';

useFakeClock();

describe('the large against the small', () => {
  test('serves a large request against a stream of small ones', async () => {
    const budget = budgetOf(4);
    const small = [budget.acquireSync(), budget.acquireSync(), budget.acquireSync(), budget.acquireSync()];
    const large = outcomeOf(budget.acquire(4));
    let rounds = 0;
    for (; large.state === 'waiting' && rounds < 200; rounds++) {
      budget.acquire().then(
        (permit) => small.push(permit),
        () => {},
      );
      small.shift()?.dispose();
      await settled();
    }
    expect(large.state).toBe('granted');
    expect(rounds).toBe(4);
    budget.dispose();
  });

  test('holds what comes back for a large request together, whatever small ones ask meanwhile', async () => {
    const budget = budgetOf(3);
    const held = [budget.acquireSync(), budget.acquireSync(), budget.acquireSync()];
    const large = outcomeOf(budget.acquire(3));
    const tries = held.map((permit) => {
      const found = budget.tryAcquire();
      permit.dispose();
      return found;
    });
    await settled();
    expect(tries).toEqual([undefined, undefined, undefined]);
    expect(large.state).toBe('granted');
  });
});

describe('a full child', () => {
  test('does not starve its siblings', async () => {
    const parent = budgetOf(20);
    const [full, sibling] = [parent.child({ name: 'full', capacity: 1 }), parent.child({ name: 'sibling', capacity: 10 })];
    hold(full);
    queue(full, [1, 1, 1]);
    const { order } = queue(sibling, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
    await settled();
    expect(order).toHaveLength(10);
    expect(full.stats()).toMatchObject({ used: 1, waiting: 3 });
    full.dispose();
  });

  test('does not starve the siblings of the budget that it stands in, two levels up', async () => {
    const root = budgetOf(20);
    const full = root.child({ name: 'full', capacity: 1 });
    const [inner, beside] = [full.child({ name: 'inner', capacity: 5 }), root.child({ name: 'beside', capacity: 10 })];
    hold(full);
    queue(inner, [1]);
    const { order } = queue(beside, [1, 1, 1]);
    await settled();
    expect(order).toHaveLength(3);
    expect(inner.stats().waiting).toBe(1);
    full.dispose();
  });

  test('does not starve those either who wait there behind it', async () => {
    const root = budgetOf(20);
    const full = root.child({ name: 'full', capacity: 1 });
    const [inner, beside] = [full.child({ name: 'inner', capacity: 5 }), root.child({ name: 'beside', capacity: 1 })];
    hold(full);
    const held = hold(beside);
    const first = queue(inner, [1]);
    const later = queue(beside, [1]);
    held.dispose();
    await settled();
    expect([first.order, later.order]).toEqual([[], [0]]);
    full.dispose();
  });

  test('holds its siblings up once it is only the parent that lacks room', async () => {
    const parent = budgetOf(4);
    const [one, two] = [parent.child({ name: 'one', capacity: 4 }), parent.child({ name: 'two', capacity: 4 })];
    const held = one.acquireSync(2);
    const large = queue(one, [2, 2]);
    await settled();
    expect(large.order).toEqual([0]);
    const small = queue(two, [1]);
    held.dispose();
    await settled();
    expect([large.order, small.order]).toEqual([[0, 1], []]);
    parent.dispose();
  });

  test.each([
    ['a reserve', (child: Budget) => child.reserve(1)],
    ['a settle', (_: Budget, permit: Permit) => permit.settle(1)],
    ['a synchronous acquire that overtakes it', (child: Budget) => hold(child)],
  ])('holds its siblings up no longer once %s has left it no room of its own', async (_, fillUp) => {
    const parent = budgetOf(4);
    const [one, two] = [parent.child({ name: 'one', capacity: 3 }), parent.child({ name: 'two', capacity: 4 })];
    const permit = hold(one);
    permit.settle(0);
    hold(parent, 2);
    const large = queue(one, [3]);
    const small = queue(two, [1]);
    await settled();
    expect([large.order, small.order]).toEqual([[], []]);
    const taken = fillUp(one, permit);
    await settled();
    expect([large.order, small.order, taken]).toEqual([[], [0], taken]);
    parent.dispose();
  });

  test('serves a large request of a child against a stream of small ones of its siblings', async () => {
    const parent = budgetOf(4);
    const [one, two] = [parent.child({ name: 'one', capacity: 4 }), parent.child({ name: 'two', capacity: 4 })];
    const small = [two.acquireSync(), two.acquireSync(), two.acquireSync(), two.acquireSync()];
    const large = outcomeOf(one.acquire(4));
    let rounds = 0;
    for (; large.state === 'waiting' && rounds < 200; rounds++) {
      two.acquire().then(
        (permit) => small.push(permit),
        () => {},
      );
      small.shift()?.dispose();
      await settled();
    }
    expect(large.state).toBe('granted');
    expect(rounds).toBe(4);
    parent.dispose();
  });

  test('is overtaken by a sibling only while its own budget is full', async () => {
    const parent = new Budget({ name: 'parent', capacity: 2 });
    const [one, two] = [parent.child({ name: 'one', capacity: 1 }), parent.child({ name: 'two', capacity: 2 })];
    const [ofOne, ofTwo] = [one.acquireSync(), two.acquireSync()];
    const first = queue(one, [1]);
    const second = queue(two, [1]);
    ofOne.dispose();
    await settled();
    expect([first.order, second.order]).toEqual([[0], []]);
    ofTwo.dispose();
    await settled();
    expect(second.order).toEqual([0]);
    parent.dispose();
  });
});
