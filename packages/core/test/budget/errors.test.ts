// What a full budget says: budget, numbers, kinds, labels, lines, and what to do.
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import {
  AcquireTimeoutError,
  Budget,
  BudgetExceededError,
  ClosedError,
  defineResource,
  leaks,
  ResourceError,
  SharedBudget,
  type Handle,
  type SyncResourceKind,
} from '@handback/core';
import { budgetOf, hold, outcomeOf, settled, thrownBy, useFakeClock, pass } from './support.ts';

useFakeClock();

const before = leaks.level;
afterEach(() => leaks.configure({ level: 'count' }));
afterAll(() => leaks.configure({ level: before }));
leaks.configure({ level: 'count' });

const thing = (budget: Budget, kind = 'thing', amount = 1): SyncResourceKind<number, void, Handle<number>> =>
  defineResource({ kind, openSync: () => 1, release: () => {}, cost: () => ({ budget, amount }) });

describe('the message', () => {
  test('names the budget, the numbers, the holders and what to do', () => {
    const budget = budgetOf(3);
    hold(budget, 3);
    const { message } = thrownBy(() => budget.acquireSync(2, { label: 'avatar' })) as Error;
    expect(message.replaceAll(/oldest \d+ ms/g, 'oldest N ms')).toBe(
      [
        "No room for a permit 'avatar': budget 'seats' is full, and nothing could be won back. 2 seats asked for, 3 of 3 seats in use, 0 waiting.",
        '  3 seats held by 1 permit (oldest N ms)',
        "Dispose what is held with `using`, or raise the capacity of 'seats'. Set HANDBACK_LEAKS=trace to see every line.",
      ].join('\n'),
    );
  });

  test('gives the advice of the budget, where it has its own, and no option that would not help', () => {
    const budget = new Budget({ name: 'seats', unit: 'seat', capacity: 2, advice: 'book a larger room' });
    expect((thrownBy(() => budget.acquireSync(3)) as Error).message).toMatch(/, 2 seats\. Ask for less, or book a larger room\.$/);
    hold(budget, 2);
    const { message } = thrownBy(() => budget.acquireSync()) as Error;
    expect(message).toContain('Dispose what is held with `using`, or book a larger room. Set');
    const shared = new SharedBudget({ name: 'seats of all', unit: 'seat', capacity: 1, advice: 'book a larger room' });
    expect((thrownBy(() => shared.acquireSync(2)) as Error).message).toContain('or book a larger room');
  });

  test.each([
    ['image', 'an image'],
    ['upload', 'an upload'],
    ['unit', 'a unit'],
    ['file', 'a file'],
  ])('puts the article before %s', (kind, named) => {
    const budget = budgetOf(1);
    expect((thrownBy(() => thing(budget, kind, 2).acquireSync()) as Error).message).toContain(`No room for ${named}: `);
    hold(budget, 1);
    expect((thrownBy(() => thing(budget, kind).acquireSync()) as Error).message).toContain(`No room for ${named}: `);
  });

  test('groups the holders by kind and label, the greatest first, five of them', () => {
    const budget = new Budget({ name: 'mixed', unit: 'seat', capacity: 42 });
    const kinds = ['apple', 'bus', 'car', 'dog', 'egg', 'fox'].map((kind, index) => thing(budget, kind, index + 1));
    const handles = kinds.flatMap((kind) => [kind.acquireSync(), kind.acquireSync()]);
    const { message, holders } = thrownBy(() => budget.acquireSync()) as BudgetExceededError;
    expect(message).toContain('  12 seats held by 2 foxes (oldest');
    expect(message).toContain('  4 seats held by 2 buses (oldest');
    expect(message).toContain('  and 1 more holder of 2 seats');
    expect(message).not.toContain('apple');
    expect(holders.map(({ kind, amount }) => [kind, amount])).toEqual([
      ['fox', 12],
      ['egg', 10],
      ['dog', 8],
      ['car', 6],
      ['bus', 4],
      ['apple', 2],
    ]);
    for (const handle of handles) handle.dispose();
  });

  test('says what is reserved, or being opened, where no record holds it', async () => {
    const budget = budgetOf(2);
    const kind = defineResource({
      kind: 'slow',
      open: () => new Promise<number>(() => {}),
      openSync: () => 1,
      release: () => {},
      cost: () => ({ budget, amount: 2 }),
    });
    const opening = new AbortController();
    const pending = outcomeOf(kind.acquire(undefined, { signal: opening.signal }));
    await settled();
    const { message } = thrownBy(() => budget.acquireSync()) as Error;
    expect(message).toContain('  2 seats reserved, or being opened');
    opening.abort();
    await settled();
    expect(pending.state).toBe('refused');
  });

  test('counts bytes in the units that people read', () => {
    const budget = new Budget({ name: 'pixels', unit: 'bytes', capacity: 3 * 2 ** 20 });
    hold(budget, 2 * 2 ** 20);
    const { message } = thrownBy(() => budget.acquireSync(1.5 * 2 ** 20)) as Error;
    expect(message).toContain('1.5 MiB asked for, 2.0 MiB of 3.0 MiB in use, 0 waiting.');
    expect(message).toContain('  2.0 MiB held by 1 permit (oldest');
  });

  test('names the kind and label of what was asked for', () => {
    const budget = budgetOf(1);
    hold(budget);
    const error = thrownBy(() => thing(budget, 'texture').acquireSync(undefined, { label: 'sky' }));
    expect(error).toMatchObject({ kind: 'texture', label: 'sky' });
    expect((error as Error).message).toContain("No room for a texture 'sky': budget 'seats' is full");
  });

  test('names the parent where the parent is what is full, with what is held through all its children', () => {
    const parent = new Budget({ name: 'house', capacity: 2 });
    const [one, two] = [parent.child({ name: 'one', capacity: 2 }), parent.child({ name: 'two', capacity: 2 })];
    using _a = one.acquireSync(1, { label: 'a' });
    using _b = parent.acquireSync(1, { label: 'b' });
    const error = thrownBy(() => two.acquireSync()) as BudgetExceededError;
    expect(error).toMatchObject({ budget: 'house', capacity: 2, used: 2 });
    expect(error.holders.map(({ label }) => label).toSorted()).toEqual(['a', 'b']);
  });

  test('tells how many wait', async () => {
    const budget = budgetOf(1);
    hold(budget);
    const waiters = [budget.acquire(1, { timeout: 5 }), budget.acquire(1, { timeout: 5 })].map(outcomeOf);
    expect(thrownBy(() => budget.acquireSync())).toMatchObject({ waiting: 2 });
    await pass(5);
    expect(waiters[0]?.error).toMatchObject({ used: 1, capacity: 1 });
  });

  test('tells the age of the oldest', async () => {
    const budget = budgetOf(2);
    hold(budget);
    await pass(8_200);
    hold(budget);
    const error = thrownBy(() => budget.acquireSync()) as BudgetExceededError;
    expect(error.holders[0]?.oldestMs).toBeGreaterThanOrEqual(8_200);
    expect(error.message).toContain('(oldest 8.2 s)');
  });
});

describe('lines', () => {
  test('are named at level `trace`, the greatest first', () => {
    leaks.configure({ level: 'trace' });
    const budget = budgetOf(3);
    const take = (): object => budget.acquireSync();
    const held = [take(), take(), budget.acquireSync()];
    const error = thrownBy(() => budget.acquireSync()) as BudgetExceededError;
    expect(error.holders).toMatchObject([
      { count: 2, amount: 2 },
      { count: 1, amount: 1 },
    ]);
    for (const { site } of error.holders) expect(site).toMatch(/packages\/core\/test\/budget\/errors\.test\.ts:\d+:\d+/);
    expect(error.message).toContain(`held by 2 permits at ${error.holders[0]?.site}`);
    expect(error.message).not.toContain('HANDBACK_LEAKS');
    expect(held).toHaveLength(3);
  });

  test('are recorded for one acquire in 128 at level `count`, once a budget is above three quarters of its capacity', () => {
    const budget = budgetOf(2_000);
    const held = Array.from({ length: 2_000 }, () => budget.acquireSync());
    const error = thrownBy(() => budget.acquireSync()) as BudgetExceededError;
    const sited = error.holders.filter(({ site }) => site !== undefined).reduce((sum, { amount }) => sum + amount, 0);
    expect(sited).toBeGreaterThanOrEqual(1);
    expect(sited).toBeLessThanOrEqual(12);
    expect(error.message).toContain('errors.test.ts');
    for (const permit of held) permit.dispose();
  });
});

describe('each mistake has its own class and a stable code', () => {
  test.each([
    [BudgetExceededError, 'ERR_BUDGET_EXCEEDED', 'BudgetExceededError', () => budgetOf(0).acquire()],
    [AcquireTimeoutError, 'ERR_ACQUIRE_TIMEOUT', 'AcquireTimeoutError', () => (hold(one), one.acquire(1, { timeout: 1 }))],
    [ClosedError, 'ERR_CLOSED', 'ClosedError', () => closed.acquire()],
  ])('%o is %s', async (type, code, name, act) => {
    const outcome = outcomeOf(act());
    await pass(2);
    expect(outcome.error).toBeInstanceOf(type);
    expect(outcome.error).toBeInstanceOf(ResourceError);
    expect(outcome.error).toBeInstanceOf(Error);
    expect(outcome.error).toMatchObject({ code, name });
    expect((outcome.error as Error).stack?.split('\n')[0]).toContain(name);
    expect(Object.keys(outcome.error as object)).not.toContain('name');
  });

  const one = budgetOf(1);
  const closed = budgetOf(1);
  closed.dispose();

  test('a time-out carries the same numbers and holders', async () => {
    const budget = budgetOf(2);
    hold(budget, 2);
    const waiter = outcomeOf(budget.acquire(1, { timeout: 5, label: 'avatar' }));
    await pass(5);
    expect(waiter.error).toMatchObject({
      phase: 'wait',
      budget: 'seats',
      requested: 1,
      capacity: 2,
      used: 2,
      label: 'avatar',
      holders: [{ kind: 'permit', amount: 2 }],
    });
    expect((waiter.error as Error).message).toMatch(
      /^No permit 'avatar' within 5 ms: the time went by waiting for budget 'seats'\. 1 seat asked for, 2 of 2 seats in use/,
    );
  });
});
