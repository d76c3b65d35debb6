// Reclaim asks for what all who wait lack, not the first alone: at once, and for no more. What is counted is calls of the reclaimers,
// while the clock stands still.
import { beforeEach, describe, expect, test } from 'vitest';
import { defineAsyncResource, defineResource, leaks, Pool, type AsyncHandle, type Budget, type Permit } from '@handback/core';
import { budgetOf, fill, hold, outcomeOf, pass, passInTurns, queue, settled, turns, useFakeClock, withoutCollections } from './support.ts';

useFakeClock(true);
withoutCollections();
// Nothing of this is forgotten: no sites are needed.
beforeEach(() => leaks.configure({ level: 'count' }));

/** Fills a budget with idle things of 1, and gives as many of them back as it is asked for, but no more than `most` at once. */
class Idle implements Disposable {
  readonly asked: number[] = [];
  readonly things: Permit[];
  readonly #registration: Disposable;

  constructor(budget: Budget, count: number, most = Number.POSITIVE_INFINITY) {
    this.things = Array.from({ length: count }, () => hold(budget));
    this.#registration = budget.addReclaimer({
      name: 'idle',
      reclaimable: () => this.things.length,
      reclaim: (amount) => {
        this.asked.push(amount);
        const given = this.things.splice(0, Math.min(amount, most));
        for (const permit of given) permit.dispose();
        return given.length;
      },
    });
  }

  [Symbol.dispose](): void {
    this.#registration[Symbol.dispose]();
  }
}

const ones = (count: number): number[] => Array.from({ length: count }, () => 1);
const upTo = (count: number): number[] => [...Array(count).keys()];

describe('who queues for a budget full of idle things', () => {
  test('is served together with the others, by one call of the reclaimer', async () => {
    const budget = budgetOf(10);
    using idle = new Idle(budget, 10);
    const { order } = queue(budget, ones(10));
    await turns();
    expect(order).toEqual(upTo(10));
    expect([idle.asked, idle.things.length]).toEqual([[10], 0]);
    expect(budget.stats()).toMatchObject({ used: 10, waiting: 0, reclaimed: 10 });
  });

  test('costs others no more than is needed', async () => {
    const budget = budgetOf(10);
    using idle = new Idle(budget, 8);
    const { order } = queue(budget, [1, 2, 3]);
    await turns();
    expect(order).toEqual([0, 1, 2]);
    expect([idle.asked, idle.things.length]).toEqual([[4], 4]);
  });

  test('is asked for by weight, and served in the order of priorities', async () => {
    const budget = budgetOf(12);
    using idle = new Idle(budget, 12);
    const { order } = queue(budget, [1, 4, 2, 3], (index) => ({ priority: index === 3 ? 1 : 0 }));
    await turns();
    expect(order).toEqual([3, 0, 1, 2]);
    expect([idle.asked, idle.things.length]).toEqual([[10], 2]);
  });

  test('gets what there is, where it is too little for all; the others wait, and are asked for after pauses', async () => {
    const budget = budgetOf(10);
    const held = hold(budget, 6);
    using idle = new Idle(budget, 4);
    const { order } = queue(budget, ones(6));
    await turns();
    expect(order).toEqual(upTo(4));
    expect(idle.asked).toEqual([4]);
    held.dispose();
    await settled();
    expect(order).toEqual(upTo(6));
  });

  test('is not asked for any more once it has been aborted', async () => {
    const budget = budgetOf(10);
    using idle = new Idle(budget, 10);
    const controller = new AbortController();
    const { order } = queue(budget, ones(8), (index) => (index % 2 === 0 ? {} : { signal: controller.signal }));
    controller.abort('enough');
    await turns();
    expect(order).toEqual([0, 2, 4, 6]);
    expect([idle.asked, idle.things.length]).toEqual([[4], 6]);
  });

  test('who comes while the reclaim goes on waits for no pause', async () => {
    const budget = budgetOf(10);
    using idle = new Idle(budget, 10);
    const first = queue(budget, ones(2));
    const later = budget.acquire().then(() => queue(budget, ones(3)));
    await turns();
    const { order } = await later;
    expect([first.order, order]).toEqual([upTo(2), upTo(3)]);
    expect(idle.things.length).toBe(4);
  });
});

describe('a reclaimer', () => {
  test('that gives one thing at a time is asked again in the next turn, as long as somebody is served', async () => {
    const budget = budgetOf(10);
    using idle = new Idle(budget, 10, 1);
    const { order } = queue(budget, ones(6));
    await turns();
    expect(order).toEqual(upTo(6));
    expect([idle.asked, idle.things.length]).toEqual([[6, 5, 4, 3, 2, 1], 4]);
  });

  test('that gives nothing is asked once between two pauses, however well the others do', async () => {
    const budget = budgetOf(20);
    const asked: number[] = [];
    const futile = budget.addReclaimer({ name: 'futile', reclaimable: () => 100, reclaim: (amount) => (asked.push(amount), amount) });
    using idle = new Idle(budget, 18, 1);
    fill(budget.child({ name: 'busy', capacity: 2 }));
    const { order } = queue(budget, ones(19), () => ({ timeout: 1_000 }));
    await turns();
    expect(order).toEqual(upTo(18));
    expect(idle.asked.length).toBe(18);
    expect(asked).toEqual([19]);
    await passInTurns(900);
    // After 1, 2, 4 … 256 ms.
    expect(asked.length).toBeLessThan(14);
    futile[Symbol.dispose]();
    await passInTurns(200);
  });

  test('that answers later is asked for all at once, and for no more while it is at it', async () => {
    const budget = budgetOf(10);
    const idle = Array.from({ length: 10 }, () => hold(budget));
    const asked: number[] = [];
    using _slow = budget.addReclaimer({
      name: 'slow',
      reclaimable: () => idle.length,
      reclaim: async (amount) => {
        asked.push(amount);
        await new Promise<void>((resolve) => void setTimeout(resolve, 50));
        for (const permit of idle.splice(0, amount)) permit.dispose();
        return amount;
      },
    });
    const { order } = queue(budget, ones(7));
    await passInTurns(49);
    expect([order, asked]).toEqual([[], [7]]);
    await passInTurns(10);
    expect([order, asked, idle.length]).toEqual([upTo(7), [7], 3]);
  });
});

describe('idle things of a pool', () => {
  /** A pool whose things take their time to be released. */
  async function slowPool(budget: Budget, count: number, delay: number): Promise<Pool<AsyncHandle<number>, void>> {
    const kind = defineAsyncResource({
      kind: 'slow thing',
      open: () => Promise.resolve(1),
      release: () => new Promise<void>((resolve) => void setTimeout(resolve, delay)),
      cost: () => ({ budget, amount: 1 }),
    });
    const pool = new Pool(kind, { max: count });
    const leases = await Promise.all(Array.from({ length: count }, () => pool.acquire()));
    await Promise.all(leases.map((lease) => lease.disposeAsync()));
    return pool;
  }

  test('are released side by side, as many as are needed', async () => {
    const budget = budgetOf(10);
    const pool = await slowPool(budget, 10, 20);
    const { order } = queue(budget, ones(6));
    await passInTurns(25);
    expect(order).toEqual(upTo(6));
    expect(pool.stats().idle).toBe(4);
    const drained = pool[Symbol.asyncDispose]();
    await passInTurns(100);
    await drained;
  });

  test('that take longer than reclaim waits are not followed by others: what is on its way counts', async () => {
    const budget = budgetOf(10);
    const pool = await slowPool(budget, 10, 400);
    const { order } = queue(budget, ones(3));
    await passInTurns(390);
    expect([order, pool.stats().idle]).toEqual([[], 7]);
    await passInTurns(30);
    expect([order, pool.stats().idle]).toEqual([upTo(3), 7]);
    const drained = pool[Symbol.asyncDispose]();
    await passInTurns(1_000);
    await drained;
  });

  test('that never end do not keep others from going', async () => {
    const budget = budgetOf(4);
    const pool = await slowPool(budget, 2, 1e9);
    const other = await slowPool(budget, 2, 1);
    const { order } = queue(budget, ones(2), () => ({ timeout: Number.POSITIVE_INFINITY }));
    await passInTurns(3_000);
    expect(order).toEqual([0, 1]);
    // What is still being released at the end of a dispose is told of.
    const drained = Promise.allSettled([pool[Symbol.asyncDispose](), other[Symbol.asyncDispose]()]);
    await pass(2e9);
    await drained;
  });
});

describe('under a parent', () => {
  test('that is full, the lines of all children are asked for', async () => {
    const root = budgetOf(10);
    using idle = new Idle(root, 10);
    const [one, two] = [root.child({ name: 'one', capacity: 5 }), root.child({ name: 'two', capacity: 5 })];
    const lines = [queue(one, ones(3)), queue(two, [2, 2]), queue(root, [1])];
    await turns();
    expect(lines.map(({ order }) => order.length)).toEqual([3, 2, 1]);
    expect([idle.asked, idle.things.length]).toEqual([[8], 2]);
  });

  test('who lacks room in a child that cannot give way costs the parent nothing', async () => {
    const root = budgetOf(10);
    const child = root.child({ name: 'child', capacity: 3 });
    const held = fill(child);
    using idle = new Idle(root, 7);
    const stuck = queue(child, ones(4));
    const { order } = queue(root, ones(2));
    await turns();
    expect([stuck.order, order, idle.things.length]).toEqual([[], [0, 1], 5]);
    held.dispose();
    await turns();
    expect([stuck.order.length, idle.things.length]).toEqual([3, 5]);
    stuck.outcomes[0]?.value?.dispose();
    await settled();
  });

  test('those of a child that fit it are asked for of the parent, and those behind them of the child', async () => {
    const root = budgetOf(10);
    const child = root.child({ name: 'child', capacity: 5 });
    using below = new Idle(child, 3);
    using above = new Idle(root, 7);
    const { order } = queue(child, ones(4));
    await turns();
    expect(order).toEqual(upTo(4));
    // The room of two is won in the root, where the child's are not spared; the rest in the child.
    expect(below.things.length + above.things.length).toBe(6);
    expect(child.stats().used).toBeLessThanOrEqual(5);
    expect(root.stats().used).toBe(10);
  });
});

describe('who wants several budgets', () => {
  const kindOf = (...budgets: Budget[]): { acquire: () => Promise<unknown> } =>
    defineResource({ kind: 'pair', open: () => Promise.resolve(1), release: () => {}, cost: () => budgets.map((budget) => ({ budget, amount: 1 })) });

  test('is asked for together with those behind, where one of them lacks', async () => {
    const [memory, files] = [budgetOf(6), budgetOf(6)];
    using idle = new Idle(files, 6);
    const kind = kindOf(memory, files);
    const pairs = Array.from({ length: 4 }, () => outcomeOf(kind.acquire()));
    await turns();
    expect(pairs.map(({ state }) => state)).toEqual(ones(4).map(() => 'granted'));
    expect([idle.asked, idle.things.length]).toEqual([[4], 2]);
  });

  test('is asked for one after the other where both lack, and waits for no pause', async () => {
    const [memory, files] = [budgetOf(6), budgetOf(6)];
    using idleMemory = new Idle(memory, 6);
    using idleFiles = new Idle(files, 6);
    const kind = kindOf(memory, files);
    const pairs = Array.from({ length: 4 }, () => outcomeOf(kind.acquire()));
    await turns();
    expect(pairs.map(({ state }) => state)).toEqual(ones(4).map(() => 'granted'));
    expect([idleMemory.things.length, idleFiles.things.length]).toEqual([2, 2]);
    expect([idleMemory.asked, idleFiles.asked]).toEqual([ones(4), ones(4)]);
  });

  test('and lacks one that gives nothing costs the other no more than before: those behind are not asked for', async () => {
    const [memory, files] = [budgetOf(6), budgetOf(1)];
    using idle = new Idle(memory, 6);
    const held = fill(files);
    const pair = outcomeOf(kindOf(files, memory).acquire());
    const behind = queue(memory, ones(3));
    await turns();
    expect([pair.state, behind.order, idle.things.length]).toEqual(['waiting', [], 5]);
    held.dispose();
    await turns();
    await passInTurns(1);
    await turns();
    expect([pair.state, behind.order, idle.things.length]).toEqual(['granted', upTo(3), 2]);
  });

  test('and stands behind one that is held up costs nobody anything yet', async () => {
    const [memory, files, sockets] = [budgetOf(6), budgetOf(1), budgetOf(2)];
    const held = fill(files);
    using idle = new Idle(sockets, 2);
    const stuck = outcomeOf(kindOf(memory, files).acquire());
    const behind = outcomeOf(kindOf(memory, sockets).acquire());
    await turns();
    expect([stuck.state, behind.state, idle.asked]).toEqual(['waiting', 'waiting', []]);
    held.dispose();
    await passInTurns(3);
    expect([stuck.state, behind.state, idle.asked]).toEqual(['granted', 'granted', [1]]);
  });
});
