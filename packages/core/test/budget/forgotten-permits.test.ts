// A forgotten permit is found, refunded and reported once; one that can still be reached never is.
import { afterEach, describe, expect, test } from 'vitest';
import { Budget, collectGarbage, collectGarbageSync, defineResource, leaks, type LeakEvent, type Permit } from '@handback/core';
import { budgetOf } from './support.ts';

afterEach(() => leaks.configure({ level: 'trace' }));

/** Calls a function and forgets what it answers, in a frame of its own. */
function forget(act: () => unknown): void {
  act();
}

function eventsOf(act: () => void): LeakEvent[] {
  const events: LeakEvent[] = [];
  using _ = leaks.subscribe((event) => events.push(event));
  act();
  return events;
}

describe.each(['off', 'count', 'sample', 'trace', 'strict'] as const)('at level %s', (level) => {
  test('is refunded by a collection within the job', () => {
    leaks.configure({ level });
    const budget = budgetOf(4);
    forget(() => budget.acquireSync(3));
    expect(budget.stats().used).toBe(3);
    expect(collectGarbageSync()).toBe(true);
    expect(budget.stats().used).toBe(0);
    process.exitCode = undefined;
  });

  test('is refunded by a collection that has time', async () => {
    leaks.configure({ level });
    const budget = budgetOf(4);
    forget(() => budget.tryAcquire(3));
    expect(await collectGarbage()).toBe(true);
    expect(budget.stats().used).toBe(0);
    process.exitCode = undefined;
  });
});

describe('a forgotten permit', () => {
  test('is reported once, with its kind, budget, label and line', () => {
    leaks.configure({ level: 'trace' });
    const budget = budgetOf(4);
    const events = eventsOf(() => {
      forget(() => budget.acquireSync(3, { label: 'thumbnails' }));
      collectGarbageSync();
      collectGarbageSync();
    });
    expect(events).toHaveLength(1);
    expect(events[0]).toMatchObject({ event: 'leak', kind: 'permit', code: 'HANDBACK_LEAK_PERMIT', label: 'thumbnails', count: { new: 1 } });
    expect(events[0]?.site?.frames[0]?.file).toContain('forgotten-permits.test.ts');
  });

  test('is refunded once, however many collections follow', () => {
    const budget = budgetOf(4);
    forget(() => budget.acquireSync(3));
    for (let round = 0; round < 5; round++) collectGarbageSync();
    expect(budget.stats()).toMatchObject({ used: 0, available: 4 });
  });

  test('of a child is refunded to all ancestors', () => {
    const parent = budgetOf(4);
    const child = parent.child({ name: 'child', capacity: 4 });
    forget(() => child.acquireSync(3));
    collectGarbageSync();
    expect([parent.stats().used, child.stats().used]).toEqual([0, 0]);
  });

  test('is refunded as it was split and settled', () => {
    const budget = budgetOf(20);
    const part = ((): Permit => {
      const permit = budget.acquireSync(10);
      permit.settle(8);
      return permit.split(3);
    })();
    collectGarbageSync();
    expect([part.amount, budget.stats().used]).toEqual([3, 3]);
    part.dispose();
    expect(budget.stats().used).toBe(0);
  });

  test('that was reserved is refunded too', () => {
    const budget = budgetOf(2);
    forget(() => budget.reserve(9));
    collectGarbageSync();
    expect(budget.stats().used).toBe(0);
  });

  test('that was granted to an acquire which nobody awaits is refunded', async () => {
    const budget = budgetOf(1);
    const held = budget.acquireSync();
    forget(() => budget.acquire());
    held.dispose();
    expect(budget.stats().used).toBe(1);
    await collectGarbage();
    expect(budget.stats().used).toBe(0);
  });
});

describe('a permit that can be reached', () => {
  test.each([
    ['by a variable', (permit: Permit) => ({ permit })],
    ['by a closure', (permit: Permit) => () => permit],
    ['by a Map', (permit: Permit) => new Map([['permit', permit]])],
    ['by a suspended function', (permit: Permit) => waitsWith(permit)],
    ['by a generator', (permit: Permit) => started(permit)],
  ])('is never taken back: %s', async (_, hold) => {
    const budget = budgetOf(4);
    const holder = hold(budget.acquireSync(3));
    for (let round = 0; round < 3; round++) {
      collectGarbageSync();
      await collectGarbage();
    }
    expect(budget.stats().used).toBe(3);
    expect(holder).toBeDefined();
  });

  test('is never taken back while a full budget looks for room', () => {
    const budget = budgetOf(3);
    const held = [budget.acquireSync(), budget.acquireSync(), budget.acquireSync()];
    for (let round = 0; round < 20; round++) expect(() => budget.acquireSync()).toThrow('nothing could be won back');
    expect(held.map(({ amount }) => amount)).toEqual([1, 1, 1]);
    expect(budget.stats().used).toBe(3);
  });
});

let release: () => void;
function waitsWith(permit: Permit): Promise<number> {
  return (async () => {
    await new Promise<void>((resolve) => (release = resolve));
    return permit.amount;
  })();
}

function started(permit: Permit): Generator<unknown> {
  const generator = (function* (): Generator<unknown> {
    yield;
    yield permit;
  })();
  generator.next();
  return generator;
}

describe('a budget whose permits are all forgotten', () => {
  test('serves a synchronous loop without end', () => {
    const budget = budgetOf(50);
    for (let round = 0; round < 2_000; round++) forget(() => budget.acquireSync());
    expect(budget.stats().used).toBeLessThanOrEqual(50);
    expect(budget.stats().reclaimed).toBeGreaterThan(1_900);
  });

  test('serves an asynchronous loop without end', async () => {
    const budget = budgetOf(50);
    for (let round = 0; round < 500; round++) await forgetOne(budget);
    expect(budget.stats().used).toBeLessThanOrEqual(50);
  });

  test('serves those who wait, and counts what was won back for them', async () => {
    const budget = budgetOf(3);
    for (let index = 0; index < 3; index++) forget(() => budget.acquireSync());
    const served = await Promise.all([budget.acquire(), budget.acquire(), budget.acquire()]);
    expect(served.map(({ amount }) => amount)).toEqual([1, 1, 1]);
    expect(budget.stats()).toMatchObject({ used: 3, waiting: 0, reclaimed: 3 });
  });

  test('is full in a child alone, or in its parent alone', () => {
    const parent = budgetOf(20);
    const children = [parent.child({ name: 'one', capacity: 5 }), parent.child({ name: 'two', capacity: 50 })] as const;
    for (let round = 0; round < 300; round++) forget(() => (children[round % 2] as Budget).acquireSync());
    expect(parent.stats().used).toBeLessThanOrEqual(20);
    expect(children[0].stats().used).toBeLessThanOrEqual(5);
  });
});

async function forgetOne(budget: Budget): Promise<void> {
  await budget.acquire();
}

afterEach(() => release?.());

test('a full budget finds the forgotten child, without a charge of its own, that a disposed parent waits for', async () => {
  const budget = new Budget({ name: 'slots', capacity: 1 });
  const { parents, children } = defineFamily(budget);
  (function forgetChild() {
    const parent = parents.acquireSync();
    children.acquireSync(undefined, { parent });
    parent.dispose();
  })();
  using next = await parents.acquire();
  expect(next.state).toBe('open');
});

// Where no handle is in sight: a release function written beside one would keep it alive.
function defineFamily(budget: Budget) {
  return {
    parents: defineResource({ kind: 'parent', openSync: () => 1, cost: () => ({ budget, amount: 1 }), release: () => {} }),
    children: defineResource({ kind: 'child', openSync: () => 2, release: () => {} }),
  };
}
