// Time-outs: an explicit one is a deadline from the call; the default is 30 s in which the budget granted nothing. A timed-out waiter
// loses nothing and blocks nobody, and a timer that fires late grants one more reclaim.
import { describe, expect, test, vi } from 'vitest';
import { AcquireTimeoutError, Budget } from '@handback/core';
import { budgetOf, fill, hold, outcomeOf, pass, queue, settled, useFakeClock, withoutCollections } from './support.ts';

useFakeClock();
withoutCollections();

describe('an explicit time-out', () => {
  test('is a deadline from the call on', async () => {
    const budget = budgetOf(1);
    fill(budget);
    const waiter = outcomeOf(budget.acquire(1, { timeout: 100 }));
    await pass(99);
    expect(waiter.state).toBe('waiting');
    await pass(1);
    expect(waiter.error).toBeInstanceOf(AcquireTimeoutError);
    expect(waiter.error).toMatchObject({ code: 'ERR_ACQUIRE_TIMEOUT', phase: 'wait', budget: 'seats', requested: 1, capacity: 1, used: 1 });
  });

  test('holds however much the budget grants to others', async () => {
    const budget = budgetOf(4);
    hold(budget, 2);
    const large = outcomeOf(budget.acquire(3, { timeout: 1_000, priority: -10 }));
    for (let round = 0; round < 10; round++) {
      (await budget.acquire()).dispose();
      await pass(100);
    }
    expect(large.error).toBeInstanceOf(AcquireTimeoutError);
  });

  test('blocks nobody and loses nothing', async () => {
    const budget = budgetOf(4);
    hold(budget, 2);
    const { order } = queue(budget, [3, 1, 1], (index) => (index === 0 ? { timeout: 10 } : {}));
    await pass(10);
    expect(order).toEqual([1, 2]);
    expect(budget.stats()).toMatchObject({ used: 4, waiting: 0 });
  });

  test('of 0 takes what is idle at once, and waits for nothing', async () => {
    const budget = budgetOf(2);
    const idle = hold(budget, 1);
    hold(budget, 1);
    using _idle = budget.addReclaimer({ name: 'idle', reclaimable: () => idle.amount, reclaim: () => (idle.dispose(), 1) });
    const [served, refused] = queue(budget, [1, 1], () => ({ timeout: 0 })).outcomes;
    await pass(1);
    expect(served?.state).toBe('granted');
    expect(refused?.error).toBeInstanceOf(AcquireTimeoutError);
    expect(String(refused?.error)).toContain('within 0 ms');
  });

  test('of Infinity waits for ever', async () => {
    const budget = budgetOf(1);
    const held = fill(budget);
    const waiter = outcomeOf(budget.acquire(1, { timeout: Number.POSITIVE_INFINITY }));
    await pass(100_000);
    expect(waiter.state).toBe('waiting');
    held.dispose();
    await settled();
    expect(waiter.state).toBe('granted');
  });

  test('longer than a timer can be does not make one that fires all the time', async () => {
    const budget = budgetOf(1);
    const held = fill(budget);
    using set = vi.spyOn(globalThis, 'setTimeout');
    const waiter = outcomeOf(budget.acquire(1, { timeout: 2 ** 40 }));
    expect(Math.max(...set.mock.calls.map(([, delay]) => delay ?? 0))).toBe(2 ** 31 - 1);
    held.dispose();
    await settled();
    expect(waiter.state).toBe('granted');
  });

  test('ends each wait at its own time, in whatever order they were asked for', async () => {
    const budget = budgetOf(1);
    fill(budget);
    const delays = [50, 10, 90, 30, 70, 20, 100, 60, 40, 80];
    const { outcomes } = queue(
      budget,
      Array.from(delays, () => 1),
      (index) => ({ timeout: delays[index] }),
    );
    for (let time = 10; time <= 100; time += 10) {
      await pass(10);
      expect(outcomes.map(({ state }) => state)).toEqual(delays.map((delay) => (delay <= time ? 'refused' : 'waiting')));
    }
  });

  test('leaves the others at their times when some of them are served', async () => {
    const budget = budgetOf(3);
    const held = [hold(budget), hold(budget), hold(budget)];
    const delays = [40, 20, 60, 10, 30, 50];
    const { outcomes } = queue(
      budget,
      Array.from(delays, () => 1),
      (index) => ({ timeout: delays[index] }),
    );
    for (const permit of held) permit.dispose();
    await pass(29);
    expect(outcomes.map(({ state }) => state)).toEqual(['granted', 'granted', 'granted', 'refused', 'waiting', 'waiting']);
    await pass(1);
    expect(outcomes.map(({ state }) => state)).toEqual(['granted', 'granted', 'granted', 'refused', 'refused', 'waiting']);
    await pass(20);
    expect(outcomes[5]?.state).toBe('refused');
  });

  test('grants what a large request leaves to those behind it that are due as well', async () => {
    const budget = budgetOf(4);
    hold(budget, 2);
    const { outcomes } = queue(budget, [3, 1], () => ({ timeout: 10 }));
    await pass(10);
    expect(outcomes.map(({ state }) => state)).toEqual(['refused', 'granted']);
  });
});

describe('without a time-out', () => {
  test('a wait ends after 30 s in which the budget granted nothing', async () => {
    const budget = budgetOf(1);
    fill(budget);
    const waiter = outcomeOf(budget.acquire());
    await pass(29_999);
    expect(waiter.state).toBe('waiting');
    await pass(2_000);
    expect(waiter.error).toBeInstanceOf(AcquireTimeoutError);
    expect(String(waiter.error)).toContain('within 30 s in which nothing was granted');
  });

  test('a healthy line may take as long as it takes', async () => {
    const budget = budgetOf(1);
    const held = fill(budget);
    const { outcomes } = queue(budget, [1, 1, 1, 1, 1, 1]);
    held.dispose();
    for (let served = 0; served < 5; served++) {
      await pass(25_000);
      outcomes[served]?.value?.dispose();
    }
    await settled();
    expect(outcomes[5]?.state).toBe('granted');
  });

  test('waiters that came at different times have 30 s each at least', async () => {
    const budget = budgetOf(1);
    fill(budget);
    const early = outcomeOf(budget.acquire());
    // Between two ticks of the lines: less than a second before the next one.
    await pass(20_900);
    const late = outcomeOf(budget.acquire());
    await pass(12_000);
    expect([early.state, late.state]).toEqual(['refused', 'waiting']);
    await pass(17_990);
    expect(late.state).toBe('waiting');
    await pass(2_000);
    expect(late.state).toBe('refused');
  });

  test('a waiter of a child has not stalled while its parent, which is what lacks room, serves others', async () => {
    const parent = budgetOf(1);
    const [one, two] = [parent.child({ name: 'one', capacity: 1 }), parent.child({ name: 'two', capacity: 1 })];
    const held = hold(two);
    const before = queue(two, [1, 1, 1]);
    const waiter = outcomeOf(one.acquire());
    held.dispose();
    for (let served = 0; served < 3; served++) {
      await pass(20_000);
      before.outcomes[served]?.value?.dispose();
    }
    await settled();
    expect(waiter.state).toBe('granted');
  });

  test('a waiter of a full child has stalled, however busy its parent is', async () => {
    const parent = budgetOf(2);
    const [full, busy] = [parent.child({ name: 'full', capacity: 1 }), parent.child({ name: 'busy', capacity: 1 })];
    hold(full);
    const waiter = outcomeOf(full.acquire());
    for (let round = 0; round < 32; round++) {
      (await busy.acquire()).dispose();
      await pass(1_000);
    }
    expect(waiter.error).toBeInstanceOf(AcquireTimeoutError);
    expect(waiter.error).toMatchObject({ budget: 'full' });
  });
});

describe('a timer that fires late', () => {
  /** The event loop was blocked: the clock has gone on, and no timer has run. */
  const block = (ms: number): Disposable => {
    const now = performance.now.bind(performance);
    return vi.spyOn(performance, 'now').mockImplementation(() => now() + ms);
  };

  test('grants one turn: a permit that comes back in it is served', async () => {
    const budget = budgetOf(1);
    const held = fill(budget);
    const waiter = outcomeOf(budget.acquire(1, { timeout: 10 }));
    // Due at the same time as the time-out, and after it.
    setTimeout(() => held.dispose(), 10);
    using _blocked = block(500);
    await pass(11);
    expect(waiter.state).toBe('granted');
  });

  test('grants one reclaim: what has become idle meanwhile is evicted', async () => {
    const budget = budgetOf(1);
    const idle = fill(budget);
    let isIdle = false;
    using _idle = budget.addReclaimer({ name: 'idle', reclaimable: () => (isIdle ? 1 : 0), reclaim: () => (idle.dispose(), 1) });
    const waiter = outcomeOf(budget.acquire(1, { timeout: 300 }));
    // The line itself looks again after 1, 2, 4 … 256 ms: not now.
    await pass(299);
    isIdle = true;
    using _blocked = block(500);
    await pass(5);
    expect(waiter.state).toBe('granted');
  });

  test('grants one reclaim, together for all that are due', async () => {
    const budget = budgetOf(2);
    const idle: { dispose(): void }[] = [];
    hold(budget, 2);
    let asked = 0;
    using _idle = budget.addReclaimer({ name: 'idle', reclaimable: () => idle.length, reclaim: () => (asked++, 0) });
    const { outcomes } = queue(
      budget,
      Array.from({ length: 500 }, () => 1),
      () => ({ timeout: 10 }),
    );
    await pass(9);
    idle.push({ dispose: () => {} });
    asked = 0;
    using _blocked = block(500);
    vi.advanceTimersByTime(1);
    await settled();
    await pass(20);
    expect(outcomes.every(({ state }) => state === 'refused')).toBe(true);
    // One by those whose time was over, and what the line does meanwhile.
    expect(asked).toBeLessThan(10);
  });

  test('reclaims as much as all that are due lack', async () => {
    const budget = budgetOf(4);
    const idle = [hold(budget), hold(budget), hold(budget), hold(budget)];
    let isIdle = false;
    const asked: number[] = [];
    using _idle = budget.addReclaimer({
      name: 'idle',
      reclaimable: () => (isIdle ? idle.length : 0),
      reclaim: (amount) => (asked.push(amount), idle.splice(0, amount).forEach((permit) => permit.dispose()), amount),
    });
    const { order } = queue(budget, [1, 1, 1], () => ({ timeout: 300 }));
    await pass(299);
    isIdle = true;
    using _blocked = block(500);
    await pass(5);
    expect([order, asked, idle.length]).toEqual([[0, 1, 2], [3], 1]);
  });

  test('rejects in the end, a reclaimer that never answers notwithstanding', async () => {
    const budget = budgetOf(1);
    fill(budget);
    using _idle = budget.addReclaimer({ name: 'stuck', reclaimable: () => 1, reclaim: () => new Promise(() => {}) });
    const { outcomes } = queue(
      budget,
      Array.from({ length: 50 }, () => 1),
      () => ({ timeout: 10 }),
    );
    using _blocked = block(500);
    await pass(10 + 250);
    expect(outcomes.map(({ error }) => (error as Error).name)).toEqual(Array.from(outcomes, () => 'AcquireTimeoutError'));
  });
});

describe('a refused time-out', () => {
  test.each([Number.NaN, -1, '5', 5n, null])('leaves nobody in line: %s', async (timeout) => {
    const budget = new Budget({ name: 'seats', capacity: 1 });
    const held = fill(budget);
    const waiter = outcomeOf(budget.acquire(1, { timeout: timeout as never }));
    await settled();
    expect(waiter.error).toBeInstanceOf(RangeError);
    expect(String(waiter.error)).toContain('`timeout`');
    held.dispose();
    expect(budget.stats()).toMatchObject({ used: 0, waiting: 0 });
  });
});
