// A budget that was disposed admits nothing; what is held can still be given back.
import { describe, expect, test } from 'vitest';
import { Budget, ClosedError, defineResource, type Permit } from '@handback/core';
import { budgetOf, fill, hold, outcomeOf, pass, queue, settled, useFakeClock } from './support.ts';

useFakeClock();

describe('disposing a budget', () => {
  test('ends all waits with ClosedError, those too that another one held up', async () => {
    const budget = budgetOf(4);
    hold(budget, 2);
    const { order, outcomes } = queue(budget, [3, 1, 2, 1]);
    budget.dispose();
    await settled();
    expect(order).toEqual([]);
    for (const { error } of outcomes) expect(error).toBeInstanceOf(ClosedError);
    expect(budget.stats()).toMatchObject({ used: 2, waiting: 0 });
  });

  test('ends a wait for several budgets, and serves those behind it in the others', async () => {
    const [a, b] = [budgetOf(2), budgetOf(2)];
    const kind = defineResource({
      kind: 'pair',
      openSync: () => 1,
      release: () => {},
      cost: () => [
        { budget: a, amount: 2 },
        { budget: b, amount: 2 },
      ],
    });
    hold(a);
    hold(b);
    const both = outcomeOf(kind.acquire());
    const { order } = queue(b, [1]);
    a.dispose();
    await settled();
    expect(both.error).toBeInstanceOf(ClosedError);
    expect(order).toEqual([0]);
  });

  test('refuses every later acquire, whether there is room or not', async () => {
    const budget = budgetOf(4);
    budget.dispose();
    const later = outcomeOf(budget.acquire());
    await settled();
    expect(later.error).toMatchObject({ code: 'ERR_CLOSED' });
    for (const ask of [() => budget.acquireSync(), () => budget.tryAcquire(), () => budget.reserve(1), () => budget.child({ name: 'child', capacity: 1 })]) {
      expect(ask).toThrow("Budget 'seats' was disposed: it admits nothing any more.");
    }
  });

  test('refuses them still when its last permit has come back, and when it is resized', async () => {
    const budget = budgetOf(2);
    const held = fill(budget);
    budget.dispose();
    held.dispose();
    budget.resize(10);
    expect(() => budget.tryAcquire()).toThrow(ClosedError);
    expect(budget.stats()).toMatchObject({ used: 0, capacity: 10 });
  });

  test('refuses them still after a wait in another budget of its tree has ended', async () => {
    const parent = budgetOf(2);
    const child = parent.child({ name: 'child', capacity: 2 });
    const held = fill(parent);
    const waiter = outcomeOf(parent.acquire());
    child.dispose();
    held.dispose();
    await settled();
    expect(waiter.state).toBe('granted');
    expect(() => child.tryAcquire()).toThrow(ClosedError);
  });

  test('leaves permits that can be split, settled and given back', () => {
    const budget = budgetOf(4);
    const held = hold(budget, 4);
    budget.dispose();
    const part = held.split(1);
    held.settle(2);
    expect(budget.stats().used).toBe(3);
    held.dispose();
    part.dispose();
    expect(budget.stats().used).toBe(0);
  });

  test('does nothing the second time', () => {
    const budget = budgetOf(1);
    budget.dispose();
    budget.dispose();
    budget[Symbol.dispose]();
    expect(budget.stats().used).toBe(0);
  });

  test('is what a `using` does at the end of its block', async () => {
    let outside: Budget;
    {
      using budget = budgetOf(1);
      outside = budget;
      expect(budget.tryAcquire()?.amount).toBe(1);
    }
    expect(() => outside.tryAcquire()).toThrow(ClosedError);
  });

  test('opens nothing of a kind whose budget it is', async () => {
    const budget = budgetOf(1);
    let opened = 0;
    const kind = defineResource({ kind: 'thing', openSync: () => ++opened, release: () => {}, cost: () => ({ budget, amount: 1 }) });
    using held = kind.acquireSync();
    const waiter = outcomeOf(kind.acquire());
    await settled();
    budget.dispose();
    await settled();
    expect(waiter.error).toBeInstanceOf(ClosedError);
    expect([held.value, opened]).toEqual([1, 1]);
  });
});

describe('what ends together with a budget', () => {
  test('an abort and a time-out find nothing more to do', async () => {
    const budget = budgetOf(1);
    fill(budget);
    const controller = new AbortController();
    const waiter = outcomeOf(budget.acquire(1, { signal: controller.signal, timeout: 10 }));
    budget.dispose();
    controller.abort();
    await pass(20);
    expect(waiter.error).toBeInstanceOf(ClosedError);
  });

  test('a listener of an abort may dispose it', async () => {
    const budget = budgetOf(1);
    fill(budget);
    const controller = new AbortController();
    controller.signal.addEventListener('abort', () => budget.dispose());
    const waiters = queue(budget, [1, 1], (index) => (index === 0 ? { signal: controller.signal } : {})).outcomes;
    controller.abort('gone');
    await settled();
    expect(waiters.map(({ state }) => state)).toEqual(['refused', 'refused']);
    expect(waiters[1]?.error).toBeInstanceOf(ClosedError);
  });

  test('whoever is granted in the same job keeps the permit', async () => {
    const budget = budgetOf(1);
    const held = fill(budget);
    const waiter = outcomeOf(budget.acquire());
    held.dispose();
    budget.dispose();
    await settled();
    expect(waiter.state).toBe('granted');
    (waiter.value as Permit).dispose();
    expect(budget.stats().used).toBe(0);
  });
});
