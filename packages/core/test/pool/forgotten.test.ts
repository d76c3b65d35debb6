// What is forgotten of a pool comes back, exactly once, and is told: a lease, a child, a parent, or the pool itself.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { collectGarbage, collectGarbageSync, defineResource, Budget, leaks, Pool, type Handle } from '@handback/core';
import { Platform, turn } from '../handle/platform.ts';
import { listen } from './support.ts';

beforeEach(() => leaks.configure({ level: 'trace', warn: false }));
afterEach(() => {
  process.exitCode = undefined;
});

function poolOf(max = 2, options: object = {}): { platform: Platform; budget: Budget; pool: Pool<Handle<number>> } {
  const platform = new Platform();
  const budget = new Budget({ name: 'files', capacity: 10 });
  const kind = defineResource({ kind: 'file', openSync: platform.openRaw, release: platform.release, cost: () => ({ budget, amount: 1 }) });
  return { platform, budget, pool: new Pool(kind, { max, ...options }) };
}

async function forget(act: () => unknown): Promise<void> {
  await act();
}

async function collect(): Promise<void> {
  for (let round = 0; round < 3; round++) {
    await collectGarbage();
    await turn();
  }
}

describe('a forgotten lease', () => {
  test.each(['off', 'count', 'sample', 'trace', 'strict'] as const)('gives its slot back exactly once, at level %s', async (level) => {
    leaks.configure({ level });
    const { platform, budget, pool } = poolOf(1);
    await forget(() => pool.acquire());
    await turn();
    expect(pool.stats().leased).toBe(1);
    await collect();
    collectGarbageSync();
    // Whoever forgot it may still have the value: it is released, and lent to nobody else.
    expect(pool.stats()).toMatchObject({ leased: 0, size: 0, released: 1 });
    expect([platform.released.length, budget.stats().used]).toEqual([1, 0]);
    const lease = await pool.acquire();
    expect(pool.stats().leased).toBe(1);
    lease.dispose();
    await pool.drain();
  });

  test('is reported once, as a lease, with the line that acquired it', async () => {
    const { pool } = poolOf(1);
    const events = listen();
    await forget(() => pool.acquire(undefined, { label: 'a job' }));
    await collect();
    expect(events.map(({ event, kind, code, label }) => [event, kind, code, label])).toEqual([['leak', 'file lease', 'HANDBACK_LEAK_FILE_LEASE', 'a job']]);
    expect(events[0]?.site?.frames[0]?.file).toContain('forgotten.test.ts');
    await pool.drain();
  });

  test('is won back for those who wait', async () => {
    const { pool } = poolOf(1);
    await forget(() => pool.acquire());
    await turn();
    const lease = await pool.acquire(undefined, { timeout: 5_000 });
    expect(pool.stats()).toMatchObject({ leased: 1, opened: 2 });
    lease.dispose();
    await pool.drain();
  });

  test('is searched for by a drain that waits for it', async () => {
    const { platform, pool } = poolOf(2);
    await forget(() => pool.acquire());
    await turn();
    // Nobody holds it: no dispose of anybody's would end this drain.
    await pool.drain({ timeout: 20_000 });
    expect(platform.released).toHaveLength(1);
  });

  test('that was moved, or shared, is one', async () => {
    const { platform, pool } = poolOf(2);
    const events = listen();
    await forget(async () => (await pool.acquire()).move());
    const shared = await pool.acquire();
    await forget(() => shared.share());
    await collect();
    expect(pool.stats()).toMatchObject({ leased: 1 });
    expect(shared.value).toBe(102);
    shared.dispose();
    expect(pool.stats()).toMatchObject({ leased: 0, size: 0 });
    expect([events.length, platform.released.length]).toEqual([2, 2]);
    await pool.drain();
  });

  test('with a child: the child is released first, and only the root is reported', async () => {
    const { pool } = poolOf(1);
    const order: string[] = [];
    const parents = new Pool(defineResource({ kind: 'parent', openSync: () => 1, release: () => void order.push('parent') }), { max: 1 });
    const children = defineResource({ kind: 'child', openSync: () => 1, release: () => void order.push('child') });
    const events = listen();
    await forget(async () => children.acquireSync(undefined, { parent: await parents.acquire() }));
    await collect();
    expect(order).toEqual(['child', 'parent']);
    expect(events.map(({ kind }) => kind)).toEqual(['parent lease']);
    expect(parents.stats()).toMatchObject({ leased: 0, size: 0 });
    await parents.drain();
    await pool.drain();
  });

  test('whose value is being used is not one', async () => {
    const { platform, pool } = poolOf(1);
    let end!: () => void;
    const work = new Promise<void>((resolve) => {
      end = resolve;
    });
    await forget(async () => {
      void (await pool.acquire()).use(() => work);
    });
    await collect();
    expect(platform.released).toEqual([]);
    end();
    await collect();
    expect(pool.stats().leased).toBe(0);
    await pool.drain();
  });
});

describe('a forgotten pool', () => {
  test('has its idle resources found, released and reported; its timer ends', async () => {
    const platform = new Platform();
    const budget = new Budget({ name: 'files', capacity: 10 });
    const kind = defineResource({ kind: 'file', openSync: platform.openRaw, release: platform.release, cost: () => ({ budget, amount: 1 }) });
    const events = listen();
    let gone: WeakRef<object> | undefined;
    await forget(async () => {
      const pool = new Pool(kind, { max: 3, name: 'lost', idleTimeout: 60_000, min: 1 });
      const leases = await Promise.all([pool.acquire(), pool.acquire()]);
      for (const lease of leases) lease.dispose();
      gone = new WeakRef(pool);
    });
    await turn();
    await collect();
    expect(gone?.deref()).toBeUndefined();
    expect(platform.open.size).toBe(0);
    expect(budget.stats().used).toBe(0);
    expect(events.length).toBeGreaterThan(0);
    for (const event of events) expect(event).toMatchObject({ event: 'leak', kind: 'file', label: 'in pool lost' });
  });

  test('lives as long as one of its leases does', async () => {
    const platform = new Platform();
    const kind = defineResource({ kind: 'file', openSync: platform.openRaw, release: platform.release });
    await forget(async () => {
      const lease = await (async () => new Pool(kind, { max: 1 }).acquire())();
      await collect();
      expect(platform.touch(lease.value)).toBe(lease.value);
      lease.dispose();
      expect(platform.open.size).toBe(1);
    });
    await turn();
    await collect();
    expect(platform.open.size).toBe(0);
  });
});

describe('a lease that is out for too long', () => {
  test('is reported once with its line, and once more when it comes back', async () => {
    const { pool } = poolOf(2, { overdueAfter: 40, name: 'things' });
    const events = listen();
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    leaks.configure({ level: 'count', warn: true });
    process.on('warning', onWarning);
    const lease = await pool.acquire(undefined, { label: 'a long job' });
    const quick = await pool.acquire();
    quick.dispose();
    while (events.length === 0) await new Promise((resolve) => void setTimeout(resolve, 5));
    await new Promise((resolve) => void setTimeout(resolve, 100));
    expect(events.map(({ event, kind, code, label }) => [event, kind, code, label])).toEqual([['overdue', 'file lease', 'HANDBACK_OVERDUE', 'a long job']]);
    expect(events[0]?.site?.frames[0]?.file).toContain('forgotten.test.ts');
    lease.dispose();
    await turn();
    expect(events.map(({ event }) => event)).toEqual(['overdue', 'returned']);
    process.off('warning', onWarning);
    expect(warnings.map(({ name }) => name)).toEqual(['OverdueLeaseWarning', 'OverdueLeaseWarning']);
    expect(warnings[0]?.message).toMatch(/^A file lease of pool 'things' is out for .*, longer than the 40 ms it may be$/);
    expect((warnings[0] as unknown as { detail: string }).detail).toMatch(
      /label {5}a long job\n {2}acquired {2}.*forgotten\.test\.ts.*\n {2}fix {7}hold it with `using`/,
    );
    expect(warnings[1]?.message).toMatch(/^A file lease of pool 'things' that was overdue came back after /);
    await pool.drain();
  });

  test('is told of while the pool is drained, too; and one that is forgotten never "came back"', async () => {
    const { pool } = poolOf(2, { overdueAfter: 20 });
    const events = listen();
    const held = await pool.acquire();
    const drained = pool.drain();
    while (events.length === 0) await new Promise((resolve) => void setTimeout(resolve, 5));
    expect(events[0]?.event).toBe('overdue');
    held.dispose();
    await drained;
    const other = poolOf(1, { overdueAfter: 20 });
    await forget(() => other.pool.acquire());
    while (events.length < 3) await new Promise((resolve) => void setTimeout(resolve, 5));
    await collect();
    expect(events.map(({ event }) => event)).toEqual(['overdue', 'returned', 'overdue', 'leak']);
    await other.pool.drain();
  });
});
