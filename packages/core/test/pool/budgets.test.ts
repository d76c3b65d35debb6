// Pools and budgets: idle things are the first that a full budget takes back, over all pools on it.
import { describe, expect, test } from 'vitest';
import { Budget, BudgetExceededError, defineAsyncResource, defineResource, Pool } from '@handback/core';
import { outcomeOf, settled, thrownBy, useFakeClock, withoutCollections } from '../budget/support.ts';
import { listen } from './support.ts';

useFakeClock();
withoutCollections();

interface World {
  readonly budget: Budget;
  readonly released: string[];
  pool(name: string, max?: number): Pool<ReturnType<ReturnType<typeof kindOf>['acquireSync']>>;
}

function kindOf(name: string, budget: Budget, released: string[], release: (name: string) => void = () => {}) {
  return defineResource({
    kind: name,
    openSync: () => name,
    release: (raw: string) => {
      released.push(raw);
      release(raw);
    },
    cost: () => ({ budget, amount: 1 }),
  });
}

function world(capacity: number, release?: (name: string) => void): World {
  const budget = new Budget({ name: 'shared', capacity });
  const released: string[] = [];
  return { budget, released, pool: (name, max = 4) => new Pool(kindOf(name, budget, released, release), { max }) };
}

/** Leaves `count` idle in a pool. */
async function shelve(pool: ReturnType<World['pool']>, count: number): Promise<void> {
  const leases = await Promise.all(Array.from({ length: count }, () => pool.acquire()));
  for (const lease of leases) lease.dispose();
}

describe('a full budget', () => {
  test('empties the idle shelves of every pool on it, least recently used first', async () => {
    const { budget, released, pool } = world(6);
    const [a, b, c] = [pool('a'), pool('b'), pool('c')];
    await shelve(a, 2);
    await shelve(b, 2);
    await shelve(c, 2);
    // Now a has the youngest, and the oldest.
    const again = await a.acquire();
    again.dispose();
    const permits = [budget.acquireSync(), budget.acquireSync(), budget.acquireSync()];
    expect(released).toEqual(['a', 'b', 'b']);
    permits.push(budget.acquireSync(3));
    expect(released).toEqual(['a', 'b', 'b', 'c', 'c', 'a']);
    expect([a, b, c].map((each) => each.stats().size)).toEqual([0, 0, 0]);
    expect(budget.stats()).toMatchObject({ used: 6, reclaimed: 6 });
    for (const permit of permits) permit.dispose();
    for (const each of [a, b, c]) await each.drain();
  });

  test('has what comes back while somebody waits for it, in the same turn', async () => {
    const { budget, released, pool } = world(1);
    const a = pool('a');
    const lease = await a.acquire();
    const waiter = outcomeOf(budget.acquire());
    await settled();
    lease.dispose();
    expect(released).toEqual(['a']);
    expect(budget.stats()).toMatchObject({ used: 1, waiting: 0 });
    await settled();
    expect(waiter.value).toBeDefined();
    await a.drain();
  });

  test('never takes what is lent', async () => {
    const { budget, pool } = world(2);
    const a = pool('a');
    const leases = [await a.acquire(), await a.acquire()];
    expect(thrownBy(() => budget.acquireSync())).toBeInstanceOf(BudgetExceededError);
    expect(leases.map(({ value }) => value)).toEqual(['a', 'a']);
    for (const lease of leases) lease.dispose();
    await a.drain();
  });

  test('serves the openings of one pool from the idle of another', async () => {
    const { released, pool } = world(1);
    const [a, b] = [pool('a'), pool('b')];
    await shelve(a, 1);
    const lease = await b.acquire();
    expect([lease.value, released]).toEqual(['b', ['a']]);
    lease.dispose();
    (await a.acquire()).dispose();
    expect(released).toEqual(['a', 'b']);
    await a.drain();
    await b.drain();
  });

  test('evicts in pools under its children, too', async () => {
    const budget = new Budget({ name: 'parent', capacity: 2 });
    const released: string[] = [];
    const pool = new Pool(kindOf('under', budget.child({ name: 'child', capacity: 2 }), released), { max: 2 });
    await shelve(pool, 2);
    using _permit = budget.acquireSync(2);
    expect(released).toEqual(['under', 'under']);
    await pool.drain();
  });

  test('evicts asynchronously released ones for those who wait, no more than needed', async () => {
    const budget = new Budget({ name: 'slow', capacity: 3 });
    let released = 0;
    const kind = defineAsyncResource({
      kind: 'connection',
      open: () => ({}),
      release: async () => {
        await settled();
        released++;
      },
      cost: () => ({ budget, amount: 1 }),
    });
    const pool = new Pool(kind, { max: 3 });
    for (const lease of await Promise.all([pool.acquire(), pool.acquire(), pool.acquire()])) lease.dispose();
    const permit = await budget.acquire(1);
    expect([released, pool.stats().idle]).toEqual([1, 2]);
    permit.dispose();
    await pool.drain();
  });

  test('has its room, although a release throws on eviction: it is reported, and the next goes on', async () => {
    const events = listen();
    const { budget, released, pool } = world(2, (name) => {
      throw new Error(`release of ${name}`);
    });
    const a = pool('a');
    await shelve(a, 2);
    using _permit = budget.acquireSync(2);
    expect(released).toEqual(['a', 'a']);
    expect(events.map(({ event, kind }) => [event, kind])).toEqual([
      ['release-error', 'a'],
      ['release-error', 'a'],
    ]);
    expect(a.stats()).toMatchObject({ size: 0, leased: 0 });
    await a.drain();
  });

  test('whose eviction acquires from the pool again ends, and loses nothing', async () => {
    const budget = new Budget({ name: 'shared', capacity: 1 });
    const again: unknown[] = [];
    const released: string[] = [];
    const kind = kindOf('again', budget, released, () => {
      if (again.length === 0) again.push(outcomeOf(pool.acquire()));
    });
    const pool = new Pool(kind, { max: 2 });
    await shelve(pool, 1);
    const permit = budget.acquireSync();
    expect(released).toEqual(['again']);
    permit.dispose();
    await settled();
    expect(pool.stats()).toMatchObject({ opening: 0, waiting: 0 });
    for (const each of again as { value?: { dispose(): void } }[]) each.value?.dispose();
    await pool.drain();
    expect(budget.stats().used).toBe(0);
  });

  test('finds nothing in a pool that was drained, and a discarded one pays back', async () => {
    const { budget, pool } = world(2);
    const a = pool('a');
    (await a.acquire()).discard();
    expect(budget.stats().used).toBe(0);
    await shelve(a, 1);
    await a.drain();
    expect(budget.stats().used).toBe(0);
    using _permit = budget.acquireSync(2);
  });

  test('lets a lease that was detached go: its permit is refunded, as by any detach', async () => {
    const { budget, released, pool } = world(2);
    const a = pool('a');
    expect((await a.acquire()).detach()).toBe('a');
    expect([budget.stats().used, released]).toEqual([0, []]);
    await a.drain();
  });
});
