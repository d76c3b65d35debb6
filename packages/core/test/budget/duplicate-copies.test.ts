// Promise 10: duplicate copies of the package in one process share tickets, named budgets and one ledger.
import { beforeEach, describe, expect, test } from 'vitest';
import * as here from '@handback/core';
import { useCopies, type Core } from './copies.ts';
import { forgetCollections, fill, outcomeOf, settled, thrownBy } from './support.ts';

const copies = useCopies();
let there: Core;
beforeEach(async () => {
  there ??= await copies.load();
  here.leaks.configure({ level: 'trace', warn: false });
  there.leaks.configure({ level: 'trace', warn: false });
});

function forget(act: () => unknown): void {
  act();
}

test('the copies really are two', () => {
  expect(there.Budget).not.toBe(here.Budget);
  expect(new here.Budget({ name: 'seats', capacity: 1 })).not.toBeInstanceOf(there.Budget);
});

describe('one order of tickets', () => {
  test('serves in order of arrival, whichever copy asked', async () => {
    const [ours, theirs] = sameBudget('order', 1);
    const held = ours.acquireSync();
    const order: string[] = [];
    for (const [name, budget] of [
      ['ours', ours],
      ['theirs', theirs],
      ['ours again', ours],
      ['theirs again', theirs],
    ] as const) {
      void budget.acquire().then((permit) => {
        order.push(name);
        permit.dispose();
      });
    }
    held.dispose();
    await settled();
    expect(order).toEqual(['ours', 'theirs', 'ours again', 'theirs again']);
    expect([ours.stats(), theirs.stats()]).toEqual([ours.stats(), ours.stats()]);
  });

  test('lets neither copy pass those who wait in the other', async () => {
    const [ours, theirs] = sameBudget('passing', 4);
    const held = fill(ours);
    const waiter = outcomeOf(theirs.acquire(3));
    held.settle(2);
    expect(ours.tryAcquire()).toBeUndefined();
    held.settle(1);
    await settled();
    expect(waiter.state).toBe('granted');
    waiter.value?.dispose();
    held.dispose();
    expect(ours.stats()).toMatchObject({ used: 0, waiting: 0 });
  });

  test('ends a wait in one copy by its signal, its time-out, or the dispose of the other', async () => {
    const [ours, theirs] = sameBudget('ending', 1);
    const held = ours.acquireSync();
    const controller = new AbortController();
    const waiters = [theirs.acquire(1, { signal: controller.signal }), theirs.acquire(1, { timeout: 1 }), theirs.acquire()].map(outcomeOf);
    controller.abort('gone');
    await Promise.allSettled([theirs.acquire(1, { timeout: 5 })]);
    ours.dispose();
    await settled();
    expect(waiters.map(({ error }) => (error instanceof Error ? error.name : error))).toEqual(['gone', 'AcquireTimeoutError', 'ClosedError']);
    expect(waiters[2]?.error).toBeInstanceOf(there.ClosedError);
    held.dispose();
  });
});

describe('a named budget of the process', () => {
  test('is one count for all copies; the first to name it decides its capacity', () => {
    const ours = here.processBudget({ name: 'handles', capacity: () => 7 });
    const theirs = there.processBudget({ name: 'handles', capacity: () => 99 });
    using _permit = theirs.acquireSync(3);
    expect(ours.stats()).toMatchObject({ capacity: 7, used: 3 });
    expect(theirs.stats()).toEqual(ours.stats());
  });

  test('native memory is such a budget', () => {
    using _permit = there.nativeMemory.acquireSync(12_345);
    expect(here.nativeMemory.stats()).toEqual(there.nativeMemory.stats());
    expect(here.nativeMemory.stats().used).toBeGreaterThanOrEqual(12_345);
  });

  test('has children of either copy', () => {
    const [ours, theirs] = sameBudget('family', 4);
    const [one, two] = [ours.child({ name: 'one', capacity: 4 }), theirs.child({ name: 'two', capacity: 4 })];
    using _a = one.acquireSync(2);
    using _b = two.acquireSync(2);
    expect(ours.stats().used).toBe(4);
    expect(two.tryAcquire()).toBeUndefined();
  });
});

describe('a budget of one copy in a kind of the other', () => {
  test('is charged and given back', async () => {
    const budget = new here.Budget({ name: 'seats', capacity: 3 });
    const kind = there.defineResource({ kind: 'thing', openSync: () => 1, release: () => {}, cost: () => ({ budget, amount: 2 }) });
    const handle = kind.acquireSync();
    const waiter = outcomeOf(kind.acquire());
    await settled();
    expect([budget.stats().used, budget.stats().waiting]).toEqual([2, 1]);
    handle.dispose();
    await settled();
    waiter.value?.dispose();
    expect(budget.stats()).toMatchObject({ used: 0, waiting: 0 });
  });

  test('names the holders of all copies in its errors', () => {
    const budget = new here.Budget({ name: 'seats', capacity: 3 });
    const kind = there.defineResource({ kind: 'thing', openSync: () => 1, release: () => {}, cost: () => ({ budget, amount: 2 }) });
    using _theirs = kind.acquireSync(undefined, { label: 'of theirs' });
    using _ours = budget.acquireSync(1, { label: 'of ours' });
    const error = thrownBy(() => budget.acquireSync()) as here.BudgetExceededError;
    expect(error.holders.map(({ kind: name, label, amount }) => [name, label, amount])).toEqual([
      ['thing', 'of theirs', 2],
      ['permit', 'of ours', 1],
    ]);
  });
});

describe('one ledger', () => {
  test("a full budget of one copy sweeps the other's leaks, within the job", () => {
    const budget = new here.Budget({ name: 'seats', capacity: 3 });
    const kind = there.defineResource({ kind: 'thing', openSync: () => 1, release: () => {}, cost: () => ({ budget, amount: 3 }) });
    forget(() => kind.acquireSync());
    expect(budget.stats().used).toBe(3);
    forgetCollections();
    using permit = budget.acquireSync(2);
    expect(permit.amount).toBe(2);
  });

  test('serves those who wait from the leaks of the other copy', async () => {
    const [ours, theirs] = sameBudget('leaky', 2);
    forget(() => theirs.acquireSync(2));
    using permit = await ours.acquire(2);
    expect(permit.amount).toBe(2);
  });

  test('shows what is live in every copy, each with an id of its own', () => {
    const kind = there.defineResource({ kind: 'their thing', openSync: () => 1, release: () => {} });
    using _theirs = kind.acquireSync();
    using _ours = new here.Budget({ name: 'seats', capacity: 1 }).acquireSync(1, { label: 'ours' });
    const live = here.leaks.live();
    expect(live.map(({ kind: name }) => name)).toContain('their thing');
    expect(live.map(({ label }) => label)).toContain('ours');
    expect(new Set(live.map(({ id }) => id)).size).toBe(live.length);
    expect(there.leaks.live().length).toBe(live.length);
  });
});

describe('an error of one copy', () => {
  test('is an instance of the class of the other, and of its bases, and of no other', async () => {
    const budget = new there.Budget({ name: 'seats', capacity: 1 });
    const held = budget.acquireSync();
    const exceeded = thrownBy(() => budget.acquireSync());
    const timedOut = outcomeOf(budget.acquire(1, { timeout: 0 }));
    await Promise.allSettled([budget.acquire(1, { timeout: 5 })]);
    expect(exceeded).toBeInstanceOf(here.BudgetExceededError);
    expect(exceeded).toBeInstanceOf(here.ResourceError);
    expect(exceeded).not.toBeInstanceOf(here.ClosedError);
    expect(exceeded).not.toBeInstanceOf(here.AcquireTimeoutError);
    expect(timedOut.error).toBeInstanceOf(here.AcquireTimeoutError);
    held.dispose();
  });

  test('is no instance of a class that a user has made of it', () => {
    class Mine extends here.BudgetExceededError {}
    const error = thrownBy(() => new there.Budget({ name: 'seats', capacity: 0 }).acquireSync());
    expect(error).toBeInstanceOf(here.BudgetExceededError);
    expect(error).not.toBeInstanceOf(Mine);
    for (const value of [undefined, null, 1, 'ERR_BUDGET_EXCEEDED', {}, new Error('full')]) expect(value).not.toBeInstanceOf(here.ResourceError);
  });
});

describe('a reclaimer of one copy', () => {
  test('is asked by the other, and an acquire in it never starts another reclaim', () => {
    const [ours, theirs] = sameBudget('reclaimed', 2);
    fill(ours);
    let asked = 0;
    const errors: unknown[] = [];
    using _reclaimer = ours.addReclaimer({
      name: 'nested',
      reclaimable: () => 1,
      reclaim: () => {
        asked++;
        errors.push(thrownBy(() => ours.acquireSync()));
        return 0;
      },
    });
    expect(() => theirs.acquireSync()).toThrow(here.BudgetExceededError);
    expect(asked).toBe(1);
    expect(errors).toEqual([expect.any(here.BudgetExceededError)]);
  });
});

describe('another protocol', () => {
  test('means separate ledgers and one warning', async () => {
    const program = `
      globalThis[Symbol.for('handback')] = [999];
      process.on('warning', ({ code, message }) => console.log(code, message));
      const { Budget } = await import('@handback/core');
      await import('@handback/core/copy');
      console.log(new Budget({ name: 'seats', capacity: 1 }).acquireSync().amount);
    `;
    const { code, output } = await copies.run(program);
    expect([code, output.match(/HANDBACK_PROTOCOL/g)?.length]).toEqual([0, 1]);
    expect(output).toContain('protocols 999 and 1');
  });
});

/** The same budget as two copies see it. */
function sameBudget(name: string, capacity: number): [here.Budget, here.Budget] {
  const options = { name: `${name} of ${import.meta.url}`, capacity: () => capacity };
  return [here.processBudget(options), there.processBudget(options) as unknown as here.Budget];
}
