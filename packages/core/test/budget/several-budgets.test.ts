// Several budgets for one resource: taken at one ticket, all or none, and given back together.
import { describe, expect, test } from 'vitest';
import { defineResource, type Budget, type Handle, type SyncResourceKind } from '@handback/core';
import { budgetOf, hold, outcomeOf, queue, settled, thrownBy, useFakeClock, type Outcome } from './support.ts';

useFakeClock();

type Wanted = readonly (readonly [Budget, number])[];

const pairs: SyncResourceKind<number, Wanted, Handle<number>> = defineResource({
  kind: 'pair',
  openSync: () => 1,
  release: () => {},
  cost: (wanted: Wanted) => wanted.map(([budget, amount]) => ({ budget, amount })),
});

function acquire(wanted: Wanted, options: object = {}): Outcome<Handle<number>> {
  return outcomeOf(pairs.acquire(wanted, options));
}

const usedOf = (...budgets: Budget[]): number[] => budgets.map((budget) => budget.stats().used);

describe('taking', () => {
  test('holds nothing of one while another is full', async () => {
    const [a, b] = [budgetOf(2), budgetOf(2)];
    const held = hold(b, 2);
    const both = acquire([
      [a, 1],
      [b, 1],
    ]);
    await settled();
    expect([both.state, ...usedOf(a, b)]).toEqual(['waiting', 0, 2]);
    held.dispose();
    await settled();
    expect([both.state, ...usedOf(a, b)]).toEqual(['granted', 1, 1]);
    both.value?.dispose();
    expect(usedOf(a, b)).toEqual([0, 0]);
  });

  test('never deadlocks two that want the same budgets in opposite order', async () => {
    const [a, b] = [budgetOf(1), budgetOf(1)];
    const held = [hold(a), hold(b)];
    const [one, two] = [
      acquire([
        [a, 1],
        [b, 1],
      ]),
      acquire([
        [b, 1],
        [a, 1],
      ]),
    ];
    for (const permit of held) permit.dispose();
    await settled();
    expect([one.state, two.state]).toEqual(['granted', 'waiting']);
    one.value?.dispose();
    await settled();
    expect(two.state).toBe('granted');
  });

  test('blocks the lines of all its budgets, so that it is not starved in any', async () => {
    const [a, b] = [budgetOf(2), budgetOf(2)];
    hold(a);
    const held = hold(b, 2);
    const both = acquire([
      [a, 2],
      [b, 1],
    ]);
    const { order } = queue(a, [1]);
    await settled();
    expect([both.state, order]).toEqual(['waiting', []]);
    expect([a.tryAcquire(), b.tryAcquire()]).toEqual([undefined, undefined]);
    held.dispose();
    await settled();
    expect([both.state, order]).toEqual(['waiting', []]);
    a.resize(4);
    await settled();
    expect([both.state, order]).toEqual(['granted', [0]]);
  });

  test('sums the charges on one budget', async () => {
    const budget = budgetOf(3);
    const both = acquire([
      [budget, 1],
      [budget, 2],
    ]);
    await settled();
    expect([both.state, ...usedOf(budget)]).toEqual(['granted', 3]);
    both.value?.dispose();
    expect(usedOf(budget)).toEqual([0]);
  });

  test('counts a child and its parent together where they meet', async () => {
    const parent = budgetOf(4);
    const child = parent.child({ name: 'child', capacity: 4 });
    const held = hold(parent);
    const both = acquire([
      [child, 2],
      [parent, 2],
    ]);
    await settled();
    expect([both.state, ...usedOf(parent, child)]).toEqual(['waiting', 1, 0]);
    held.dispose();
    await settled();
    expect([both.state, ...usedOf(parent, child)]).toEqual(['granted', 4, 2]);
  });

  test('takes nothing of any when one refuses the amount', async () => {
    const [a, b] = [budgetOf(2), budgetOf(2)];
    const outcomes = [
      acquire([
        [a, 1],
        [b, 3],
      ]),
      acquire([
        [a, 1],
        [b, 0.5],
      ]),
      acquire([
        [a, 1],
        [{} as Budget, 1],
      ]),
    ];
    await settled();
    expect(outcomes.map(({ state }) => state)).toEqual(['refused', 'refused', 'refused']);
    expect(usedOf(a, b)).toEqual([0, 0]);
  });

  test('synchronously takes all or throws', () => {
    const [a, b] = [budgetOf(2), budgetOf(2)];
    hold(b, 2);
    const error = thrownBy(() =>
      pairs.acquireSync([
        [a, 1],
        [b, 1],
      ]),
    );
    expect(error).toMatchObject({ code: 'ERR_BUDGET_EXCEEDED', budget: b.name });
    expect(usedOf(a, b)).toEqual([0, 2]);
  });
});

describe('several resources at once', () => {
  test('take all their permits at one ticket, or none', async () => {
    const budget = budgetOf(3);
    const held = hold(budget);
    const kind = defineResource({ kind: 'thing', openSync: () => 1, release: () => {}, cost: () => ({ budget, amount: 1 }) });
    const [three, one] = [outcomeOf(kind.acquireAll([undefined, undefined, undefined])), outcomeOf(kind.acquire())];
    await settled();
    expect([three.state, one.state, budget.stats().used]).toEqual(['waiting', 'waiting', 1]);
    held.dispose();
    await settled();
    expect([three.state, one.state, budget.stats().used]).toEqual(['granted', 'waiting', 3]);
    three.value?.dispose();
    await settled();
    expect([one.state, budget.stats().used]).toEqual(['granted', 1]);
  });

  test('are refused at once if they can never be had together', async () => {
    const budget = budgetOf(2);
    const kind = defineResource({ kind: 'thing', openSync: () => 1, release: () => {}, cost: () => ({ budget, amount: 1 }) });
    const refused = outcomeOf(kind.acquireAll([undefined, undefined, undefined]));
    await settled();
    expect(refused.error).toMatchObject({ code: 'ERR_BUDGET_EXCEEDED', requested: 3 });
    expect(budget.stats().used).toBe(0);
  });
});

describe('those behind', () => {
  test.each([0, 1])('are served in every budget when it is granted, even in one that nothing came back to (%i)', async (free) => {
    const budgets = [budgetOf(4), budgetOf(4)] as const;
    const [open, full] = free === 0 ? budgets : budgets.toReversed();
    const held = hold(full as Budget, 4);
    hold(open as Budget, 1);
    const both = acquire(budgets.map((budget) => [budget, 2] as const));
    const { order } = queue(open as Budget, [1]);
    await settled();
    expect(order).toEqual([]);
    held.settle(2);
    await settled();
    expect(both.state).toBe('granted');
    expect(order).toEqual([0]);
  });

  test('are served in every budget when it is aborted', async () => {
    const [a, b] = [budgetOf(2), budgetOf(2)];
    hold(a);
    hold(b);
    const controller = new AbortController();
    acquire(
      [
        [a, 2],
        [b, 2],
      ],
      { signal: controller.signal },
    );
    const [ofA, ofB] = [queue(a, [1]), queue(b, [1])];
    controller.abort();
    await settled();
    expect([ofA.order, ofB.order]).toEqual([[0], [0]]);
  });

  test('do not hold up the parent of one budget while another line of theirs is not theirs yet', async () => {
    const parent = budgetOf(2);
    const child = parent.child({ name: 'child', capacity: 2 });
    const full = budgetOf(3);
    hold(parent);
    hold(full, 2);
    queue(full, [2]);
    acquire([
      [child, 2],
      [full, 1],
    ]);
    const { order } = queue(parent, [1]);
    await settled();
    expect(order).toEqual([0]);
    full.dispose();
  });

  test('are not held up by what another tree lacks for them, once it lacks that in the budget asked for', async () => {
    const [here, there] = [budgetOf(2), budgetOf(2)];
    const [ours, theirs] = [here.child({ name: 'ours', capacity: 2 }), there.child({ name: 'theirs', capacity: 2 })];
    hold(there, 2);
    const both = acquire([
      [ours, 2],
      [theirs, 1],
    ]);
    const { order } = queue(here, [1]);
    await settled();
    expect(order).toEqual([]);
    const reserved = theirs.reserve(2);
    await settled();
    expect([both.state, order]).toEqual(['waiting', [0]]);
    reserved.dispose();
    here.dispose();
  });
});

describe('giving back', () => {
  test.each([false, true])('serves nobody before all of it is back: the first in line has all of it to choose from (%s)', async (turned) => {
    const parent = budgetOf(2);
    const [child, other] = [parent.child({ name: 'child', capacity: 2 }), budgetOf(1)];
    const both: Wanted = [
      [child, 2],
      [other, 1],
    ];
    const wanted = turned ? both.toReversed() : both;
    const held = pairs.acquireSync(wanted);
    const first = acquire(wanted);
    const second = queue(parent, [1]);
    held.dispose();
    await settled();
    expect([first.state, second.order]).toEqual(['granted', []]);
    parent.dispose();
  });

  test('gives back to each what was taken of it, however the release ends', () => {
    const [a, b] = [budgetOf(5), budgetOf(5)];
    const failing = defineResource({
      kind: 'pair',
      openSync: () => 1,
      release: () => {
        throw new Error('stuck');
      },
      cost: () => [
        { budget: a, amount: 2 },
        { budget: b, amount: 3 },
      ],
    });
    const handle = failing.acquireSync();
    expect(usedOf(a, b)).toEqual([2, 3]);
    expect(() => handle.dispose()).toThrow('stuck');
    expect(usedOf(a, b)).toEqual([0, 0]);
  });
});

describe('a cost that aborts', () => {
  test('the very acquire that asks for it leaves nobody in line', async () => {
    const budget = budgetOf(1);
    const held = hold(budget);
    const controller = new AbortController();
    const kind = defineResource({
      kind: 'odd',
      openSync: () => 1,
      release: () => {},
      cost: () => {
        controller.abort('enough');
        return { budget, amount: 1 };
      },
    });
    const refused = outcomeOf(kind.acquire(undefined, { signal: controller.signal, timeout: Number.POSITIVE_INFINITY }));
    await settled();
    expect(refused).toMatchObject({ state: 'refused', error: 'enough' });
    held.dispose();
    expect(budget.stats()).toMatchObject({ used: 0, waiting: 0 });
  });
});
