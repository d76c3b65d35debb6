// Idle ones: in which order they are lent, to which keys, and when they end.
import { describe, expect, test } from 'vitest';
import { pass, settled, useFakeClock, withoutCollections } from '../budget/support.ts';
import { poolOf, Works } from './support.ts';

useFakeClock();
withoutCollections();

describe('idle ones', () => {
  test.each([
    ['lifo', [2, 1]],
    ['fifo', [1, 2]],
  ] as const)('are lent in the order %s', async (order, ids) => {
    const pool = poolOf(new Works(), { order });
    const both = [await pool.acquire('a'), await pool.acquire('a')];
    for (const lease of both) lease.dispose();
    const leases = [await pool.acquire('a'), await pool.acquire('a')];
    expect(leases.map(({ value }) => value.id)).toEqual(ids);
    for (const lease of leases) lease.dispose();
  });

  test('serve their own key alone; where the pool is full the least recently used of another key makes room', async () => {
    const works = new Works();
    const pool = poolOf(works, { key: (request) => request });
    const [a, b] = [await pool.acquire('a'), await pool.acquire('b')];
    b.dispose();
    a.dispose();
    using again = await pool.acquire('a');
    expect(again.value).toMatchObject({ key: 'a', id: 1 });
    using other = await pool.acquire('c');
    expect(other.value.key).toBe('c');
    expect(works.released.map(({ key }) => key)).toEqual(['b']);
    expect(works.most).toBe(2);
  });

  test('are evicted when they have been idle for too long, down to `min`', async () => {
    const works = new Works();
    const pool = poolOf(works, { max: 3, min: 1, minRequest: 'a', idleTimeout: 1_000 });
    await settled();
    expect(pool.stats().idle).toBe(1);
    const leases = await Promise.all([pool.acquire('a'), pool.acquire('a'), pool.acquire('a')]);
    for (const lease of leases) lease.dispose();
    await pass(900);
    expect(pool.stats().idle).toBe(3);
    await pass(1_000);
    expect(pool.stats()).toMatchObject({ idle: 1, size: 1 });
    await pool.drain();
  });

  test('that were used meanwhile have not been idle', async () => {
    const pool = poolOf(new Works(), { idleTimeout: 1_000 });
    for (let round = 0; round < 10; round++) {
      const lease = await pool.acquire('a');
      lease.dispose();
      await pass(500);
    }
    expect(pool.stats().opened).toBe(1);
    await pool.drain();
  });

  test('end when they are too old, the lent ones when they come back, and `min` is opened anew', async () => {
    const works = new Works();
    const pool = poolOf(works, { min: 1, minRequest: 'a', maxLifetime: 10_000 });
    const lease = await pool.acquire('a');
    await pass(9_000);
    expect(works.released).toHaveLength(0);
    await pass(6_000);
    expect(lease.value.id).toBe(1);
    lease.dispose();
    await settled();
    expect(works.released).toHaveLength(1);
    expect(pool.stats()).toMatchObject({ size: 1, opened: 2 });
    await pool.drain();
  });
});
