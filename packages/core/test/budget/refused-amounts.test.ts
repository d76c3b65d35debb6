// Amounts, capacities and options that no budget can count are refused before anything is taken, with what was expected and what came.
import { describe, expect, test, vi } from 'vitest';
import { adjustExternalMemory, Budget, defineResource, Permit, processBudget, watchMemory } from '@handback/core';
import { budgetOf, fill, hold, outcomeOf, settled, thrownBy, useFakeClock } from './support.ts';

useFakeClock();

const NO_AMOUNTS: [string, unknown][] = [
  ['NaN', Number.NaN],
  ['zero', 0],
  ['negative', -1],
  ['fractional', 1.5],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['beyond what can be counted', 2 ** 53],
  ['text', '1'],
  ['bigint', 1n],
  ['null', null],
  ['an object', { valueOf: () => 1 }],
  ['true', true],
];

function expectRefusal(error: unknown, what: string): void {
  expect(error).toBeInstanceOf(RangeError);
  expect(String(error)).toMatch(new RegExp(`^RangeError: Expected \`${what}\` to be a whole number from [01] up, got .`));
}

describe.each(NO_AMOUNTS)('an amount that is %s', (_, amount) => {
  const wrong = amount as number;

  test('is refused by every way of asking, with nothing taken', async () => {
    const budget = budgetOf(10);
    for (const ask of [() => budget.tryAcquire(wrong), () => budget.acquireSync(wrong), () => budget.reserve(wrong)]) expectRefusal(thrownBy(ask), 'amount');
    const rejected = outcomeOf(budget.acquire(wrong));
    await settled();
    expectRefusal(rejected.error, 'amount');
    expect(budget.stats()).toMatchObject({ used: 0, peak: 0, waiting: 0 });
  });

  test('is refused by a full budget too: nobody hangs', async () => {
    const budget = budgetOf(1);
    fill(budget);
    const rejected = outcomeOf(budget.acquire(wrong));
    await settled();
    expectRefusal(rejected.error, 'amount');
    expect(budget.stats().waiting).toBe(0);
  });

  test('is refused by split, and by settle unless it is zero', () => {
    const budget = budgetOf(10);
    const permit = budget.acquireSync(4);
    expectRefusal(
      thrownBy(() => permit.split(wrong)),
      'amount',
    );
    if (amount !== 0)
      expectRefusal(
        thrownBy(() => permit.settle(wrong)),
        'actual',
      );
    expect([permit.amount, budget.stats().used]).toEqual([4, 4]);
    permit.dispose();
  });

  test('is refused as the cost of a resource, before it is opened', async () => {
    const budget = budgetOf(10);
    const open = vi.fn(() => 1);
    const kind = defineResource({ kind: 'thing', openSync: open, release: () => {}, cost: () => ({ budget, amount: wrong }) });
    expectRefusal(
      thrownBy(() => kind.acquireSync()),
      'cost\\(\\)\\.amount',
    );
    const rejected = outcomeOf(kind.acquire());
    await settled();
    expectRefusal(rejected.error, 'cost\\(\\)\\.amount');
    expect([open.mock.calls.length, budget.stats().used]).toEqual([0, 0]);
  });
});

describe('what is beyond what a permit holds', () => {
  test.each([4, 5, 100])('cannot be split from it: %i of 4', (amount) => {
    const budget = budgetOf(10);
    const permit = budget.acquireSync(4);
    expect(() => permit.split(amount)).toThrow(/^Expected `amount` to be less than the 4 that this permit of budget 'seats' holds, got \d+$/);
    expect([permit.amount, budget.stats().used]).toEqual([4, 4]);
    permit.dispose();
  });

  test('cannot be given back: there is no release of an amount, and a second dispose gives nothing', () => {
    const budget = budgetOf(2);
    const permit = hold(budget);
    permit.dispose();
    permit.dispose();
    expect('release' in budget || 'release' in permit).toBe(false);
    expect(budget.stats()).toMatchObject({ used: 0, available: 2, capacity: 2 });
  });
});

describe('a capacity', () => {
  test.each(NO_AMOUNTS.filter(([name]) => name !== 'zero' && name !== 'Infinity'))('that is %s is refused', (_, capacity) => {
    const budget = budgetOf(2);
    for (const make of [
      () => budgetOf(capacity as number),
      () => budget.child({ name: 'child', capacity: capacity as number }),
      () => budget.resize(capacity as number),
    ]) {
      expectRefusal(thrownBy(make), 'capacity');
    }
    expect(budget.stats().capacity).toBe(2);
  });

  test('may be 0, or Infinity', () => {
    expect(budgetOf(0).tryAcquire()).toBeUndefined();
    expect(budgetOf(Number.POSITIVE_INFINITY).tryAcquire(2 ** 40)?.amount).toBe(2 ** 40);
  });
});

describe('the capacity of a budget of the process', () => {
  test('that cannot be found is told to whoever asks, each time, until it can', async () => {
    let capacity: () => number = () => {
      throw new Error('unreadable');
    };
    const budget = processBudget({ name: `unreadable ${import.meta.url}`, capacity: () => capacity() });
    const rejected = outcomeOf(budget.acquire());
    await settled();
    expect(rejected.error).toMatchObject({ message: 'unreadable' });
    for (const ask of [() => budget.tryAcquire(), () => budget.acquireSync(), () => budget.stats()]) expect(ask).toThrow('unreadable');
    capacity = () => Number.NaN;
    expectRefusal(
      thrownBy(() => budget.tryAcquire()),
      'capacity',
    );
    capacity = () => 2;
    expect(budget.tryAcquire()?.amount).toBe(1);
  });
});

describe('options that make no budget', () => {
  test.each([
    [undefined, 'name'],
    [{ capacity: 1 }, 'name'],
    [{ name: '', capacity: 1 }, 'name'],
    [{ name: 7, capacity: 1 }, 'name'],
    [{ name: 'seats', capacity: 1, oversize: 'wait' }, 'oversize'],
  ])('are refused: %j', (options, what) => {
    const error = thrownBy(() => new Budget(options as never));
    expect(error).toBeInstanceOf(TypeError);
    expect(String(error)).toContain(`Expected \`${what}\``);
  });

  test('a permit is not made without a budget', () => {
    const Made = Permit as unknown as new (...values: unknown[]) => Permit;
    expect(() => new Made()).toThrow(/comes from a Budget/);
  });

  test('a cost that names no budget is refused', () => {
    for (const budget of [undefined, null, {}, 'seats', { refund: 1 }]) {
      const kind = defineResource({ kind: 'thing', openSync: () => 1, release: () => {}, cost: () => ({ budget: budget as never, amount: 1 }) });
      expect(() => kind.acquireSync()).toThrow(/^Expected `budget` to be a Budget, got /);
    }
  });

  test.each([null, undefined, {}, { reclaim: () => 0 }, { reclaimable: () => 0 }, 'cache'])(
    'a reclaimer without its two methods is refused: %j',
    (reclaimer) => {
      expect(() => budgetOf(1).addReclaimer(reclaimer as never)).toThrow(/^Expected a reclaimer with `name`, `reclaimable\(\)` and `reclaim\(amount\)`, got /);
    },
  );
});

describe('a priority', () => {
  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, '1', 1n, null])(
    'that is no finite number is refused, with or without room: %s',
    async (priority) => {
      const budget = budgetOf(1);
      const first = outcomeOf(budget.acquire(1, { priority: priority as never }));
      fill(budget);
      const second = outcomeOf(budget.acquire(1, { priority: priority as never }));
      await settled();
      for (const { error } of [first, second]) expect(String(error)).toMatch(/^RangeError: Expected `priority` to be a finite number, got /);
      expect(budget.stats()).toMatchObject({ used: 1, waiting: 0 });
    },
  );
});

describe('other numbers', () => {
  test.each([Number.NaN, Number.POSITIVE_INFINITY, '5', 5n, undefined])('external memory refuses what is no finite number: %s', (delta) => {
    const before = adjustExternalMemory(0);
    expect(() => adjustExternalMemory(delta as never)).toThrow(TypeError);
    expect(adjustExternalMemory(0)).toBe(before);
  });

  test.each([
    ['limit', 0],
    ['limit', Number.NaN],
    ['limit', '5'],
    ['growth', 1],
    ['growth', '2'],
    ['growth', Number.NaN],
    ['interval', -1],
    ['interval', '100'],
    ['interval', Number.NaN],
  ])('the memory watch refuses %s: %s', (name, value) => {
    expect(() => watchMemory({ [name]: value })).toThrow(RangeError);
  });
});
