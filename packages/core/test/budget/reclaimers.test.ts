// Reclaim, first rung: idle things are evicted, no more than needed, whatever the code that evicts them does.
import { afterEach, beforeEach, describe, expect, test, vi, type MockInstance } from 'vitest';
import { BudgetExceededError, defineResource, type Budget, type Permit } from '@handback/core';
import { budgetOf, fill, hold, outcomeOf, pass, queue, settled, useFakeClock } from './support.ts';

useFakeClock();

let warned: MockInstance<typeof process.emitWarning>;
beforeEach(() => {
  warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
});
afterEach(() => {
  expect(warned.mock.calls.map(([warning]) => String(warning))).toEqual([]);
  warned.mockRestore();
});

/** What was warned of; the test expects no more than that. */
function warnings(): string[] {
  const texts = warned.mock.calls.map(([warning]) => String(warning));
  warned.mockClear();
  return texts;
}

/** A cache of things of these sizes, least recently used first. It evicts by its own rule, and notes what it was asked for. */
class Cache implements Disposable {
  readonly asked: number[] = [];
  readonly #idle: Permit[];
  readonly #registration: Disposable;

  constructor(budget: Budget, sizes: readonly number[], name = 'cache') {
    this.#idle = sizes.map((size) => hold(budget, size));
    this.#registration = budget.addReclaimer({
      name,
      reclaimable: () => this.idle.reduce((sum, size) => sum + size, 0),
      reclaim: (amount) => this.evict(amount),
    });
  }

  get idle(): number[] {
    return this.#idle.map(({ amount }) => amount);
  }

  evict(amount: number): number {
    this.asked.push(amount);
    let given = 0;
    while (given < amount && this.#idle.length > 0) {
      const permit = this.#idle.shift() as Permit;
      given += permit.amount;
      permit.dispose();
    }
    return given;
  }

  [Symbol.dispose](): void {
    this.#registration[Symbol.dispose]();
  }
}

describe('a full budget', () => {
  test('evicts what is idle, least recently used first, and no more than needed', async () => {
    const budget = budgetOf(5);
    using cache = new Cache(budget, [1, 1, 1, 1, 1]);
    const permit = await budget.acquire(2);
    expect(permit.amount).toBe(2);
    expect([cache.asked, cache.idle]).toEqual([[2], [1, 1, 1]]);
    expect(budget.stats()).toMatchObject({ used: 5, reclaimed: 2 });
  });

  test('does so synchronously too', () => {
    const budget = budgetOf(5);
    using cache = new Cache(budget, [1, 1, 1, 1, 1]);
    const permit = hold(budget, 2);
    expect([permit.amount, cache.asked, cache.idle]).toEqual([2, [2], [1, 1, 1]]);
    expect(budget.stats().reclaimed).toBe(2);
  });

  test('asks for what is missing, not for what was wanted', () => {
    const budget = budgetOf(5);
    using cache = new Cache(budget, [1, 1, 1]);
    hold(budget, 4);
    expect([cache.asked, cache.idle]).toEqual([[2], [1]]);
  });

  test('asks the next one only for what the one before could not give', () => {
    const budget = budgetOf(6);
    using first = new Cache(budget, [1, 1]);
    using second = new Cache(budget, [2, 2]);
    hold(budget, 3);
    expect([first.asked, second.asked]).toEqual([[2], [1]]);
    expect([first.idle, second.idle]).toEqual([[], [2]]);
  });

  test('asks nobody while there is room', async () => {
    const budget = budgetOf(5);
    using cache = new Cache(budget, [1, 1, 1]);
    hold(budget, 2);
    expect(budget.tryAcquire()).toBeUndefined();
    expect(cache.asked).toEqual([]);
  });

  test('evicts for the first in line, and for the next ones as they come to be first', async () => {
    const budget = budgetOf(3);
    using cache = new Cache(budget, [1, 1, 1]);
    const { order } = queue(budget, [1, 1]);
    await pass(10);
    expect(order).toEqual([0, 1]);
    expect(cache.idle).toEqual([1]);
  });

  test('evicts in the subtree of the lowest budget that lacks room, and nowhere else', () => {
    const root = budgetOf(10);
    const [full, other] = [root.child({ name: 'full', capacity: 2 }), root.child({ name: 'other', capacity: 5 })];
    const inner = full.child({ name: 'inner', capacity: 2 });
    using below = new Cache(inner, [1, 1]);
    using beside = new Cache(other, [1]);
    using above = new Cache(root, [1]);
    hold(full);
    expect([below.asked, beside.asked, above.asked]).toEqual([[1], [], []]);
  });

  test('evicts in the parent once the child has room, before anything is collected', async () => {
    const root = budgetOf(3);
    const child = root.child({ name: 'child', capacity: 2 });
    using ofRoot = new Cache(root, [1]);
    using ofChild = new Cache(child, [1, 1]);
    root.resize(2);
    const waiter = outcomeOf(child.acquire());
    await settled();
    // A thing of the child's was not enough: then all that is idle in the root may go, the child's other one first.
    expect([waiter.state, ofRoot.idle, ofChild.idle]).toEqual(['granted', [], [1]]);
    expect(root.stats()).toMatchObject({ used: 2, waiting: 0 });
  });

  test('does not ask one whose registration was disposed', () => {
    const budget = budgetOf(2);
    const cache = new Cache(budget, [1, 1]);
    cache[Symbol.dispose]();
    cache[Symbol.dispose]();
    expect(() => budget.acquireSync()).toThrow(BudgetExceededError);
    expect(cache.asked).toEqual([]);
  });
});

test('whoever comes while a reclaim ends is reclaimed for, at whichever step', async () => {
  for (let steps = 0; steps < 40; steps++) {
    const budget = budgetOf(2);
    using cache = new Cache(budget, [1, 1]);
    const first = outcomeOf(budget.acquire());
    for (let step = 0; step < steps; step++) await undefined;
    const second = outcomeOf(budget.acquire());
    await pass(10);
    expect([steps, first.state, second.state, cache.idle]).toEqual([steps, 'granted', 'granted', []]);
  }
});

describe('a reclaimer', () => {
  test('that throws is told of, and stops neither the others nor the acquire', async () => {
    const budget = budgetOf(2);
    using _bad = budget.addReclaimer({
      name: 'bad',
      reclaimable: () => 1,
      reclaim: () => {
        throw new Error('stuck');
      },
    });
    using _worse = budget.addReclaimer({
      name: 'worse',
      reclaimable: () => {
        throw new Error('stuck too');
      },
      reclaim: () => 1,
    });
    using _rejects = budget.addReclaimer({ name: 'rejects', reclaimable: () => 1, reclaim: () => Promise.reject(new Error('stuck later')) });
    using cache = new Cache(budget, [1, 1]);
    const permit = outcomeOf(budget.acquire());
    await settled();
    expect(permit.state).toBe('granted');
    expect(warnings()).toEqual([
      "The reclaimer 'bad' threw: Error: stuck",
      "The reclaimer 'worse' threw: Error: stuck too",
      "The reclaimer 'rejects' threw: Error: stuck later",
    ]);
    hold(budget);
    expect(cache.idle).toEqual([]);
    expect(warnings()).toHaveLength(2);
    await settled();
    expect(warnings()).toHaveLength(1);
  });

  test.each([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'done'],
    ['NaN', Number.NaN],
    ['less than nothing', -5],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['an object', {}],
  ])('that answers %s does no harm: what it has really given counts', async (_, answer) => {
    const budget = budgetOf(1);
    const idle = [hold(budget)];
    using _odd = budget.addReclaimer({ name: 'odd', reclaimable: () => idle.length, reclaim: () => (idle.shift()?.dispose(), answer as never) });
    const waiter = outcomeOf(budget.acquire());
    await settled();
    expect(waiter.state).toBe('granted');
    expect(budget.stats()).toMatchObject({ used: 1, reclaimed: 0 });
  });

  test.each([Number.NaN, -1, 0, undefined, null])('that says it has %s to give is not asked', (idle) => {
    const budget = budgetOf(1);
    fill(budget);
    const reclaim = vi.fn(() => 1);
    using _empty = budget.addReclaimer({ name: 'empty', reclaimable: () => idle as never, reclaim });
    expect(() => budget.acquireSync()).toThrow(BudgetExceededError);
    expect(reclaim).not.toHaveBeenCalled();
  });

  test('that claims to have given what it has not admits nobody', () => {
    const budget = budgetOf(1);
    fill(budget);
    using _liar = budget.addReclaimer({ name: 'liar', reclaimable: () => 5, reclaim: (amount) => amount });
    expect(() => budget.acquireSync()).toThrow(BudgetExceededError);
    expect(budget.stats().used).toBe(1);
  });

  test('that gives more than it was asked for serves more', async () => {
    const budget = budgetOf(3);
    using _cache = new Cache(budget, [3]);
    const { order } = queue(budget, [1, 1, 1]);
    await settled();
    expect(order).toEqual([0, 1, 2]);
  });

  test('keeps its own `this`', () => {
    const budget = budgetOf(1);
    const cache = {
      name: 'cache',
      idle: [hold(budget)],
      reclaimable(): number {
        return this.idle.length;
      },
      reclaim(): number {
        this.idle.pop()?.dispose();
        return 1;
      },
    };
    using _cache = budget.addReclaimer(cache);
    expect(hold(budget).amount).toBe(1);
  });
});

describe('a reclaimer that takes its time', () => {
  /** Gives back one thing after some time, and notes how often it was asked. */
  const slow = (budget: Budget, delay: number, idle: Permit[]): { asked: number } & Disposable => {
    const registration = budget.addReclaimer({
      name: 'slow',
      reclaimable: () => idle.length,
      reclaim: async (amount) => {
        self.asked++;
        await new Promise<void>((resolve) => void setTimeout(resolve, delay));
        for (const permit of idle.splice(0, amount)) permit.dispose();
        return amount;
      },
    });
    const self = { asked: 0, [Symbol.dispose]: () => registration[Symbol.dispose]() };
    return self;
  };

  test('is waited for before others are asked: no more is evicted than needed', async () => {
    const budget = budgetOf(2);
    using _slow = slow(budget, 50, [hold(budget)]);
    using cache = new Cache(budget, [1]);
    const waiter = outcomeOf(budget.acquire());
    await pass(50);
    expect([waiter.state, cache.asked]).toEqual(['granted', []]);
    expect(budget.stats()).toMatchObject({ used: 2, reclaimed: 1 });
  });

  test('is waited for 100 ms at most; then the others are asked', async () => {
    const budget = budgetOf(2);
    using _slow = slow(budget, 10_000, [hold(budget)]);
    using cache = new Cache(budget, [1]);
    const waiter = outcomeOf(budget.acquire());
    await pass(99);
    expect([waiter.state, cache.asked]).toEqual(['waiting', []]);
    await pass(2);
    expect([waiter.state, cache.asked]).toEqual(['granted', [1]]);
    await pass(10_000);
    expect(budget.stats()).toMatchObject({ used: 1, reclaimed: 2 });
  });

  test('is waited for 100 ms together with all the others that take theirs', async () => {
    const budget = budgetOf(6);
    const reclaimers = Array.from({ length: 5 }, () => slow(budget, 10_000, [hold(budget)]));
    using cache = new Cache(budget, [1]);
    const waiter = outcomeOf(budget.acquire());
    await pass(101);
    expect([waiter.state, cache.asked, ...reclaimers.map(({ asked }) => asked)]).toEqual(['granted', [1], 1, 1, 1, 1, 1]);
    await pass(10_000);
  });

  test('is not asked again while it is at it', async () => {
    const budget = budgetOf(2);
    using reclaimer = slow(budget, 3_000, [hold(budget), hold(budget)]);
    const { order } = queue(budget, [1]);
    await pass(2_900);
    expect([reclaimer.asked, order]).toEqual([1, []]);
    await pass(100);
    expect([reclaimer.asked, order]).toEqual([1, [0]]);
    expect(budget.stats().used).toBe(2);
  });

  test('never holds a grant up: what is given back meanwhile is served at once', async () => {
    const budget = budgetOf(2);
    using _slow = slow(budget, 10_000, [hold(budget)]);
    const held = hold(budget);
    const waiter = outcomeOf(budget.acquire());
    await pass(10);
    held.dispose();
    await settled();
    expect(waiter.state).toBe('granted');
    await pass(10_000);
  });

  test('is ignored by a synchronous acquire, which asks the next one at once', async () => {
    const budget = budgetOf(2);
    using reclaimer = slow(budget, 1, [hold(budget)]);
    using cache = new Cache(budget, [1]);
    expect(hold(budget).amount).toBe(1);
    expect([reclaimer.asked, cache.idle]).toEqual([1, []]);
    expect(() => budget.acquireSync()).toThrow(BudgetExceededError);
    await pass(1);
    expect(hold(budget).amount).toBe(1);
  });
});

describe('code that runs in a reclaimer', () => {
  test('may acquire what there is room for', async () => {
    const budget = budgetOf(3);
    const idle = [hold(budget, 3)];
    const inner: Permit[] = [];
    using _cache = budget.addReclaimer({
      name: 'nested',
      reclaimable: () => idle.length,
      reclaim: () => {
        idle.pop()?.dispose();
        inner.push(budget.acquireSync());
        return 2;
      },
    });
    expect(hold(budget, 2).amount).toBe(2);
    expect(inner.map(({ amount }) => amount)).toEqual([1]);
  });

  test('never starts another reclaim: a full budget throws there', async () => {
    const budget = budgetOf(1);
    fill(budget);
    let asked = 0;
    const errors: unknown[] = [];
    using _cache = budget.addReclaimer({
      name: 'recursive',
      reclaimable: () => 1,
      reclaim: () => {
        asked++;
        budget.acquire().catch((error: unknown) => errors.push(error));
        try {
          budget.acquireSync();
        } catch (error) {
          errors.push(error);
        }
        return 0;
      },
    });
    expect(() => budget.acquireSync()).toThrow(BudgetExceededError);
    await settled();
    expect([asked, errors.length]).toEqual([1, 2]);
    for (const error of errors) expect(error).toBeInstanceOf(BudgetExceededError);
    expect(String(errors[1])).toContain('inside one of its reclaimers');
    expect(budget.stats().waiting).toBe(0);
  });

  test('may dispose the budget it works for', async () => {
    const budget = budgetOf(1);
    fill(budget);
    using _cache = budget.addReclaimer({ name: 'grim', reclaimable: () => 1, reclaim: () => (budget.dispose(), 0) });
    const waiter = outcomeOf(budget.acquire());
    await settled();
    expect(waiter.error).toMatchObject({ code: 'ERR_CLOSED' });
    expect(budget.stats()).toMatchObject({ used: 1, waiting: 0 });
  });

  test('may dispose other registrations, which are not asked any more', () => {
    const budget = budgetOf(2);
    fill(budget);
    const victim = vi.fn(() => 0);
    let registration: Disposable | undefined;
    using _killer = budget.addReclaimer({ name: 'killer', reclaimable: () => 1, reclaim: () => (registration?.[Symbol.dispose](), 0) });
    registration = budget.addReclaimer({ name: 'victim', reclaimable: () => 1, reclaim: victim });
    expect(() => budget.acquireSync()).toThrow(BudgetExceededError);
    expect(victim).not.toHaveBeenCalled();
  });

  test('may add registrations, which are asked the next time', () => {
    const budget = budgetOf(2);
    fill(budget);
    let added = 0;
    const add = (): Disposable => budget.addReclaimer({ name: 'breeder', reclaimable: () => 1, reclaim: () => (added++, add(), 0) });
    add();
    expect(() => budget.acquireSync()).toThrow(BudgetExceededError);
    expect(added).toBe(1);
  });

  test('may abort the acquire it works for', async () => {
    const budget = budgetOf(1);
    const held = fill(budget);
    const controller = new AbortController();
    using _cache = budget.addReclaimer({
      name: 'aborter',
      reclaimable: () => 1,
      reclaim: () => {
        controller.abort('enough');
        held.dispose();
        return 1;
      },
    });
    const waiter = outcomeOf(budget.acquire(1, { signal: controller.signal }));
    await settled();
    expect(waiter).toMatchObject({ state: 'refused', error: 'enough' });
    expect(budget.stats()).toMatchObject({ used: 0, waiting: 0 });
  });

  test('may use a kind of resource whose budget it is', () => {
    const budget = budgetOf(2);
    const kind = defineResource({ kind: 'thing', openSync: () => 1, release: () => {}, cost: () => ({ budget, amount: 1 }) });
    const idle = [kind.acquireSync(), kind.acquireSync()];
    using _cache = budget.addReclaimer({ name: 'handles', reclaimable: () => idle.length, reclaim: () => (idle.shift()?.dispose(), 1) });
    using handle = kind.acquireSync();
    expect([handle.value, idle.length, budget.stats().used]).toEqual([1, 1, 2]);
  });
});

test('a reclaim that fails for a reason unforeseen is told of and tried again, without a loop that blocks the process', async () => {
  const budget = budgetOf(1);
  const held = fill(budget);
  const { copies } = (globalThis as unknown as Record<symbol, { copies: object[] }>)[Symbol.for('handback/1')] as { copies: object[] };
  const broken = {
    promote: () => {
      throw new Error('of another version');
    },
    sweep: () => 0,
    holders: () => [],
    live: () => [],
  };
  copies.push(broken);
  const waiter = outcomeOf(budget.acquire());
  await pass(600);
  copies.splice(copies.indexOf(broken), 1);
  const told = warnings();
  expect(told.length).toBeGreaterThan(0);
  expect(told.length).toBeLessThan(5);
  expect(told[0]).toBe('Reclaim failed: Error: of another version');
  held.dispose();
  await settled();
  expect(waiter.state).toBe('granted');
});
