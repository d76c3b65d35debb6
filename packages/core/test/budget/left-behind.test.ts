// What is over is gone: no listener, no timer, no entry keeps a signal, a budget or a reclaimer alive.
import { describe, expect, test, vi } from 'vitest';
import { Budget, collectGarbage, type Permit } from '@handback/core';
import { budgetOf, pass, settled } from './support.ts';

/** True once what `make` answers can no longer be reached. */
async function isGone(make: () => object | Promise<object>): Promise<boolean> {
  const reference = await (async () => new WeakRef(await make()))();
  for (let round = 0; round < 3; round++) await collectGarbage();
  return reference.deref() === undefined;
}

/** Runs `act` under a clock of its own, and lets the tick of the lines end. */
async function withClock<T>(act: () => Promise<T>): Promise<T> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance'] });
  try {
    const result = await act();
    await pass(2_500);
    return result;
  } finally {
    vi.useRealTimers();
  }
}

const full = (): { budget: Budget; held: Permit } => {
  const budget = budgetOf(1);
  return { budget, held: budget.acquireSync() };
};

describe('a signal', () => {
  test.each([
    ['granted', (held: Permit) => held.dispose()],
    ['aborted', (_: Permit, controller: AbortController) => controller.abort()],
    ['timed out', () => pass(20)],
    ['closed', (_: Permit, __: AbortController, budget: Budget) => budget.dispose()],
  ])('is let go of when the wait was %s', async (_, end) => {
    const { budget, held } = full();
    const gone = await isGone(() =>
      withClock(async () => {
        const controller = new AbortController();
        const wait = budget.acquire(1, { signal: controller.signal, timeout: 10 }).then(
          (permit) => permit.dispose(),
          () => {},
        );
        await end(held, controller, budget);
        await settled();
        await wait;
        return controller.signal;
      }),
    );
    expect(gone).toBe(true);
    held.dispose();
  });

  test('is not held by an acquire that was served at once', async () => {
    const budget = budgetOf(1);
    expect(
      await isGone(async () => {
        const { signal } = new AbortController();
        (await budget.acquire(1, { signal })).dispose();
        return signal;
      }),
    ).toBe(true);
  });
});

describe('a budget', () => {
  test('is let go of when nobody holds it, its waits over', async () => {
    expect(
      await isGone(() =>
        withClock(async () => {
          const { budget, held } = full();
          const wait = budget.acquire();
          held.dispose();
          (await wait).dispose();
          return budget;
        }),
      ),
    ).toBe(true);
  });

  test('is not kept by its parent', async () => {
    const parent = budgetOf(10);
    expect(
      await isGone(async () => {
        const child = parent.child({ name: 'child', capacity: 5 });
        (await child.acquire()).dispose();
        child.acquireSync();
        return child;
      }),
    ).toBe(true);
    expect(parent.stats().used).toBe(0);
  });

  test('is not kept by a time-out that it has given up', async () => {
    expect(
      await isGone(() =>
        withClock(async () => {
          const { budget } = full();
          const wait = budget.acquire(1, { timeout: 5 }).catch(() => {});
          await pass(10);
          await wait;
          return budget;
        }),
      ),
    ).toBe(true);
  });
});

describe('a reclaimer', () => {
  test('is let go of when its registration is disposed, in the parents too', async () => {
    const parent = budgetOf(10);
    const child = parent.child({ name: 'child', capacity: 10 });
    expect(
      await isGone(() => {
        const reclaimer = { name: 'cache', reclaimable: () => 0, reclaim: () => 0 };
        child.addReclaimer(reclaimer)[Symbol.dispose]();
        return reclaimer;
      }),
    ).toBe(true);
    expect(child.stats().used).toBe(0);
  });
});

describe('a permit', () => {
  test('is let go of when it was disposed, however long the budget lives', async () => {
    const budget = budgetOf(10);
    expect(
      await isGone(async () => {
        const permit = await budget.acquire(1, { label: 'mine' });
        permit.dispose();
        return permit;
      }),
    ).toBe(true);
    expect(budget.stats().used).toBe(0);
  });

  test('that came to the last who waited can be forgotten, and is found', async () => {
    const { budget, held } = full();
    ((): void => void budget.acquire())();
    held.dispose();
    expect(budget.stats().used).toBe(1);
    await collectGarbage();
    expect(budget.stats().used).toBe(0);
  });
});
