// A hundred thousand who wait: each costs about as much as the first. What is counted is looks at a capacity, of which every decision
// takes one at least; not time.
import { afterEach, beforeEach, describe, expect, test, vi, type MockInstance } from 'vitest';
import { Budget, leaks, type Permit } from '@handback/core';
import { Account } from '../../src/budget/account.ts';
import { budgetOf, hold, pass, settled, useFakeClock, withoutCollections } from './support.ts';

useFakeClock();
withoutCollections();
leaks.configure({ level: 'count' });

const MANY = 100_000;
const LINES = 200;

let looks: MockInstance<() => number>;
beforeEach(() => {
  looks = vi.spyOn(Account.prototype, 'capacity');
});
afterEach(() => {
  looks.mockRestore();
});

/** Looks taken while `act` runs, for each of `count`. */
async function looksEach(count: number, act: () => unknown): Promise<number> {
  let sum = 0;
  const { capacity } = Account.prototype;
  looks.mockRestore();
  Account.prototype.capacity = function (this: Account) {
    sum++;
    return capacity.call(this);
  };
  await act();
  await settled();
  Account.prototype.capacity = capacity;
  return sum / count;
}

/** Waiters whose ends are counted. */
function line(
  budget: Budget,
  count: number,
  options: (index: number) => object = () => ({ timeout: Number.POSITIVE_INFINITY }),
): { granted: number; refused: number } {
  const ends = { granted: 0, refused: 0 };
  for (let index = 0; index < count; index++) {
    budget.acquire(1, options(index)).then(
      (permit) => {
        ends.granted++;
        permit.dispose();
      },
      () => void ends.refused++,
    );
  }
  return ends;
}

describe('in one line', () => {
  test('joining and being served', async () => {
    const budget = budgetOf(10);
    const held = hold(budget, 10);
    let ends = { granted: 0 };
    expect(await looksEach(MANY, () => (ends = line(budget, MANY)))).toBeLessThan(8);
    const served = await looksEach(MANY, async () => {
      held.dispose();
      while (ends.granted < MANY) await settled();
    });
    expect(served).toBeLessThan(8);
    expect(budget.stats()).toMatchObject({ used: 0, waiting: 0 });
  });

  test('being aborted together', async () => {
    const budget = budgetOf(1);
    hold(budget);
    const controller = new AbortController();
    const ends = line(budget, MANY, () => ({ signal: controller.signal, timeout: Number.POSITIVE_INFINITY }));
    expect(await looksEach(MANY, () => controller.abort())).toBeLessThan(1);
    expect([ends.refused, budget.stats().waiting]).toEqual([MANY, 0]);
  });

  test('being aborted one by one, from the end', async () => {
    const budget = budgetOf(1);
    hold(budget);
    const controllers = Array.from({ length: MANY / 10 }, () => new AbortController());
    const ends = line(budget, controllers.length, (index) => ({ signal: controllers[index]?.signal, timeout: Number.POSITIVE_INFINITY }));
    const abort = (): void => {
      for (const controller of controllers.toReversed()) controller.abort();
    };
    expect(await looksEach(controllers.length, abort)).toBeLessThan(3);
    expect([ends.refused, budget.stats().waiting]).toEqual([controllers.length, 0]);
  });

  test('timing out together: the holders are looked up once for all', async () => {
    const budget = budgetOf(1_000);
    const held = Array.from({ length: 1_000 }, () => budget.acquireSync());
    const ends = line(budget, 20_000, () => ({ timeout: 10 }));
    const { copies } = (globalThis as unknown as Record<symbol, { copies: { holders(): unknown }[] }>)[Symbol.for('handback/1')] as {
      copies: { holders(): unknown }[];
    };
    const [copy] = copies as [{ holders(): unknown }];
    using holders = vi.spyOn(copy, 'holders');
    await pass(20);
    expect(ends.refused).toBe(20_000);
    expect(holders.mock.calls.length).toBeLessThan(5);
    for (const permit of held) permit.dispose();
  });

  test('being refused by a resize, and by a dispose', async () => {
    const budget = budgetOf(10);
    hold(budget, 10);
    const first = line(budget, MANY / 5);
    expect(await looksEach(MANY / 5, () => budget.resize(0))).toBeLessThan(8);
    budget.resize(10);
    const second = line(budget, MANY / 5);
    expect(await looksEach(MANY / 5, () => budget.dispose())).toBeLessThan(1);
    expect([first.refused, second.refused]).toEqual([MANY / 5, MANY / 5]);
  });

  test('standing there: a reclaim looks at the first alone', async () => {
    const budget = budgetOf(1);
    const held = hold(budget);
    const ends = line(budget, MANY / 5);
    expect(await looksEach(1, () => pass(900))).toBeLessThan(500);
    budget.dispose();
    held.dispose();
    await settled();
    expect(ends.refused).toBe(MANY / 5);
  });

  test('of any priorities, which no two need share', async () => {
    // Places in a list would have to be looked for: here the processor's time is all there is to count, against that of a plain line.
    const cost = async (priority: (index: number) => number): Promise<number> => {
      const budget = budgetOf(1);
      const held = hold(budget);
      const start = process.cpuUsage();
      const ends = line(budget, MANY / 4, (index) => ({ priority: priority(index), timeout: Number.POSITIVE_INFINITY }));
      held.dispose();
      while (ends.granted < MANY / 4) await settled();
      return process.cpuUsage(start).user;
    };
    const plain = await cost(() => 0);
    // A permutation without a pattern; then the worst case of a list that is looked through from its end.
    expect((await cost((index) => (index * 7_919) % 25_013)) / plain).toBeLessThan(12);
    expect((await cost((index) => (index % 2 === 0 ? 1e6 : 0))) / plain).toBeLessThan(12);
  });
});

describe('in hundreds of lines', () => {
  const family = (capacity: number, ofChild: number): { parent: Budget; children: Budget[] } => {
    const parent = budgetOf(capacity);
    return { parent, children: Array.from({ length: LINES }, (_, index) => parent.child({ name: `child ${index}`, capacity: ofChild })) };
  };
  const lines = (children: readonly Budget[], each: number): { granted: number }[] => children.map((child) => line(child, each));
  const all = async (ends: readonly { granted: number }[], count: number): Promise<void> => {
    while (ends.reduce((sum, { granted }) => sum + granted, 0) < count) await settled();
  };

  test('a grant takes one or two passes over them, where each child is full', async () => {
    const { parent, children } = family(Number.POSITIVE_INFINITY, 1);
    const held = children.map((child) => child.acquireSync());
    const ends = lines(children, 10);
    const looked = await looksEach(10 * LINES, async () => {
      for (const permit of held) permit.dispose();
      await all(ends, 10 * LINES);
    });
    expect(looked).toBeLessThan(2.5 * LINES);
    expect(parent.stats().used).toBe(0);
  });

  test('a grant takes one or two passes over them, where the parent is full', async () => {
    const { parent, children } = family(10, 5);
    const held = hold(parent, 10);
    const ends = lines(children, 10);
    const looked = await looksEach(10 * LINES, async () => {
      held.dispose();
      await all(ends, 10 * LINES);
    });
    expect(looked).toBeLessThan(2.5 * LINES);
    expect(parent.stats().used).toBe(0);
  });

  test('a release takes no look at them at all while the parent is full', async () => {
    const { parent, children } = family(10, 5);
    hold(parent, 10);
    lines(children, 1);
    const over = parent.reserve(1_000);
    const release = (): void => {
      for (let amount = 999; amount > 0; amount--) over.settle(amount);
    };
    expect(await looksEach(999, release)).toBeLessThan(5);
    parent.dispose();
    over.dispose();
  });

  test('a hundred thousand lines end together as fast as one', async () => {
    const root = budgetOf(1);
    const held = hold(root);
    const controller = new AbortController();
    const ends = Array.from({ length: MANY }, (_, index) =>
      line(root.child({ name: `child ${index}`, capacity: 1 }), 1, () => ({ signal: controller.signal, timeout: Number.POSITIVE_INFINITY })),
    );
    // Where lines were looked for among all lines, this would take a hundred times as long as to make them.
    const start = process.cpuUsage();
    controller.abort();
    await settled();
    expect(ends.every(({ refused }) => refused === 1)).toBe(true);
    expect(process.cpuUsage(start).user).toBeLessThan(2_000_000);
    held.dispose();
  });

  test('one who comes beside them takes one pass, and holds nobody up', async () => {
    const { parent, children } = family(Number.POSITIVE_INFINITY, 1);
    const held = children.map((child) => child.acquireSync());
    lines(children, 1);
    const free = parent.child({ name: 'free', capacity: 1 });
    const permits: (Permit | undefined)[] = [];
    expect(await looksEach(100, () => void permits.push(...Array.from({ length: 100 }, () => free.tryAcquire())))).toBeLessThan(1.2 * LINES);
    expect(permits.filter((permit) => permit !== undefined)).toHaveLength(1);
    parent.dispose();
    for (const permit of held) permit.dispose();
  });
});
