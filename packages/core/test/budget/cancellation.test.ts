// Promise 5: an aborted waiter loses nothing and blocks nobody. Promise 6: no permit gets lost, whenever the abort comes.
import { describe, expect, test, vi } from 'vitest';
import type { Permit } from '@handback/core';
import { budgetOf, fill, handOn, hold, outcomeOf, pass, queue, settled, useFakeClock } from './support.ts';

useFakeClock();

const reason = new Error('gone');

describe('an abort', () => {
  test('ends the wait with the reason of the signal, itself', async () => {
    const budget = budgetOf(1);
    fill(budget);
    const controller = new AbortController();
    const waiter = outcomeOf(budget.acquire(1, { signal: controller.signal }));
    controller.abort(reason);
    await settled();
    expect(waiter).toMatchObject({ state: 'refused', error: reason });
    expect(budget.stats()).toMatchObject({ used: 1, waiting: 0 });
  });

  test('before the call refuses it, even where there is room', async () => {
    const budget = budgetOf(1);
    const waiter = outcomeOf(budget.acquire(1, { signal: AbortSignal.abort(reason) }));
    await settled();
    expect(waiter).toMatchObject({ state: 'refused', error: reason });
    expect(budget.stats().used).toBe(0);
  });

  test('that comes after the grant changes nothing', async () => {
    const budget = budgetOf(1);
    const held = fill(budget);
    const controller = new AbortController();
    const waiter = outcomeOf(budget.acquire(1, { signal: controller.signal }));
    held.dispose();
    controller.abort(reason);
    await settled();
    expect(waiter.state).toBe('granted');
    expect(budget.stats()).toMatchObject({ used: 1, waiting: 0 });
  });

  test('blocks nobody: those behind are served at once', async () => {
    const budget = budgetOf(4);
    hold(budget, 2);
    const controller = new AbortController();
    const { order } = queue(budget, [3, 1, 1], (index) => (index === 0 ? { signal: controller.signal } : {}));
    controller.abort();
    await settled();
    expect(order).toEqual([1, 2]);
    expect(budget.stats()).toMatchObject({ used: 4, waiting: 0 });
  });

  test('loses nothing, wherever in the line it strikes', async () => {
    for (let aborted = 0; aborted < 5; aborted++) {
      const budget = budgetOf(1);
      const held = fill(budget);
      const controller = new AbortController();
      const line = queue(budget, [1, 1, 1, 1, 1], (index) => (index === aborted ? { signal: controller.signal } : {}));
      controller.abort();
      await handOn(held, line);
      expect(line.order).toEqual([0, 1, 2, 3, 4].filter((index) => index !== aborted));
      expect(budget.stats()).toMatchObject({ used: 0, waiting: 0 });
    }
  });

  // Effect's sweep: the abort comes before each microtask of a grant once. Whoever is granted has the permit, else it is back.
  test('loses nothing, whichever step of a grant it meets', async () => {
    const seen = new Set<string>();
    for (let steps = 0; steps < 12; steps++) {
      const budget = budgetOf(1);
      const held = fill(budget);
      const controller = new AbortController();
      const waiter = outcomeOf(budget.acquire(1, { signal: controller.signal }));
      const act = [() => held.dispose(), () => controller.abort(reason)];
      if (steps % 2 === 1) act.reverse();
      act[0]?.();
      for (let step = 0; step < steps >> 1; step++) await undefined;
      act[1]?.();
      await settled();
      seen.add(waiter.state);
      waiter.value?.dispose();
      expect(budget.stats()).toMatchObject({ used: 0, waiting: 0 });
    }
    expect([...seen].toSorted()).toEqual(['granted', 'refused']);
  });
});

describe('one signal of many waiters', () => {
  test('ends them all, and grants none of them what another leaves', async () => {
    const budget = budgetOf(4);
    hold(budget, 2);
    const controller = new AbortController();
    const { order, outcomes } = queue(budget, [3, 1, 1, 2], (index) => (index === 3 ? {} : { signal: controller.signal }));
    controller.abort(reason);
    await settled();
    expect(outcomes.map(({ state }) => state)).toEqual(['refused', 'refused', 'refused', 'granted']);
    expect(order).toEqual([3]);
  });

  test('grants none of them what an earlier listener of the signal gives back', async () => {
    const budget = budgetOf(1);
    const held = fill(budget);
    const controller = new AbortController();
    controller.signal.addEventListener('abort', () => held.dispose());
    const { order, outcomes } = queue(budget, [1, 1, 1], (index) => (index === 1 ? {} : { signal: controller.signal }));
    controller.abort(reason);
    await settled();
    expect(outcomes.map(({ state }) => state)).toEqual(['refused', 'granted', 'refused']);
    expect(order).toEqual([1]);
    expect(budget.stats()).toMatchObject({ used: 1, waiting: 0 });
  });

  test('carries one listener for all, and none when nobody waits for it any more', async () => {
    const budget = budgetOf(1);
    const held = fill(budget);
    const { signal } = new AbortController();
    const [add, remove] = [vi.spyOn(signal, 'addEventListener'), vi.spyOn(signal, 'removeEventListener')];
    const line = queue(budget, [1, 1, 1], () => ({ signal }));
    expect(add).toHaveBeenCalledTimes(1);
    expect(remove).not.toHaveBeenCalled();
    await handOn(held, line);
    expect(add).toHaveBeenCalledTimes(1);
    expect(remove.mock.calls).toEqual([add.mock.calls[0]]);
  });

  test('is listened to again by whoever comes later', async () => {
    const budget = budgetOf(1);
    const held = fill(budget);
    const controller = new AbortController();
    await handOn(
      held,
      queue(budget, [1], () => ({ signal: controller.signal })),
    );
    fill(budget);
    const later = outcomeOf(budget.acquire(1, { signal: controller.signal }));
    controller.abort(reason);
    await settled();
    expect(later).toMatchObject({ state: 'refused', error: reason });
  });

  test('waits in several budgets at once and leaves all of them', async () => {
    const budgets = [budgetOf(1), budgetOf(1), budgetOf(1)];
    for (const budget of budgets) fill(budget);
    const controller = new AbortController();
    const waiters = budgets.map((budget) => outcomeOf(budget.acquire(1, { signal: controller.signal })));
    controller.abort(reason);
    await settled();
    expect(waiters.map(({ error }) => error)).toEqual([reason, reason, reason]);
    expect(budgets.map((budget) => budget.stats().waiting)).toEqual([0, 0, 0]);
  });
});

describe('code that runs in an abort', () => {
  test('may acquire, dispose and abort again', async () => {
    const budget = budgetOf(2);
    const held = [budget.acquireSync(), budget.acquireSync()];
    const controller = new AbortController();
    const inner: Promise<Permit>[] = [];
    controller.signal.addEventListener('abort', () => {
      controller.abort();
      held[0]?.dispose();
      inner.push(budget.acquire());
    });
    const first = outcomeOf(budget.acquire(1, { signal: controller.signal }));
    controller.abort(reason);
    await settled();
    expect(first).toMatchObject({ state: 'refused', error: reason });
    expect(await inner[0]).toMatchObject({ amount: 1 });
    expect(budget.stats()).toMatchObject({ used: 2, waiting: 0 });
  });

  test('is not needed: a signal of the least shape will do', async () => {
    const budget = budgetOf(1);
    fill(budget);
    const listeners = new Set<() => void>();
    const signal = {
      aborted: false,
      reason,
      addEventListener: (_: string, listener: () => void) => void listeners.add(listener),
      removeEventListener: (_: string, listener: () => void) => void listeners.delete(listener),
    };
    const waiter = outcomeOf(budget.acquire(1, { signal: signal as never }));
    for (const listener of listeners) listener();
    await settled();
    expect(waiter).toMatchObject({ state: 'refused', error: reason });
    expect(listeners.size).toBe(0);
  });
});

describe('a signal of foreign make', () => {
  test('may do what it likes when it is let go of, in the middle of a grant', async () => {
    const budget = budgetOf(2);
    const held = [hold(budget), hold(budget)];
    const signal = { aborted: false, reason, addEventListener: () => {}, removeEventListener: () => held.pop()?.dispose() };
    const { order } = queue(budget, [1, 1, 1], (index) => (index === 0 ? { signal } : {}));
    held.pop()?.dispose();
    await settled();
    expect(order).toEqual([0, 1]);
    expect(budget.stats()).toMatchObject({ used: 2, waiting: 1 });
    budget.dispose();
  });
});

describe('what is no signal', () => {
  test.each([
    ['a controller', new AbortController()],
    ['an object', {}],
    ['a text', 'now'],
    ['null', null],
  ])('is refused before anything happens: %s', async (_, signal) => {
    const budget = budgetOf(1);
    const held = fill(budget);
    const waiter = outcomeOf(budget.acquire(1, { signal: signal as never }));
    await settled();
    expect(waiter.state).toBe('refused');
    expect(waiter.error).toBeInstanceOf(TypeError);
    expect(String(waiter.error)).toContain('`signal`');
    held.dispose();
    expect(budget.stats()).toMatchObject({ used: 0, waiting: 0 });
  });
});

test('an abort ends a wait that has a time-out too, and no timer stays', async () => {
  const budget = budgetOf(1);
  fill(budget);
  const controller = new AbortController();
  const waiter = outcomeOf(budget.acquire(1, { signal: controller.signal, timeout: 100 }));
  controller.abort(reason);
  await pass(200);
  expect(waiter).toMatchObject({ state: 'refused', error: reason });
});
