// Code of the app that calls back into the pool which calls it.
import { describe, expect, test } from 'vitest';
import { ClosedError, type PoolOptions } from '@handback/core';
import { settled, thrownBy, useFakeClock, withoutCollections } from '../budget/support.ts';
import { expectQuiet, poolOf, type Thing, Works } from './support.ts';

useFakeClock();
withoutCollections();

describe('code of the app that calls back into the pool', () => {
  test.each(['check', 'reset', 'key'] as const)('a %s that drains it', async (which) => {
    const works = new Works();
    let armed = false;
    const drains: Promise<void>[] = [];
    const drain = (): void => {
      if (armed) drains.push(pool.drain());
    };
    const options: Partial<PoolOptions<Thing, string>> = {
      check: () => {
        if (which === 'check') drain();
        return true;
      },
      reset: () => {
        if (which === 'reset') drain();
      },
      key: (request) => {
        if (which === 'key') drain();
        return request;
      },
    };
    const pool = poolOf(works, { max: 1, ...options });
    (await pool.acquire('a')).dispose();
    armed = true;
    if (which === 'key') await expect(pool.acquire('a')).rejects.toBeInstanceOf(ClosedError);
    else if (which === 'check') await expect(pool.acquire('a')).rejects.toBeInstanceOf(ClosedError);
    else (await pool.acquire('a')).dispose();
    expect(drains.length).toBeGreaterThan(0);
    await Promise.all(drains);
    expect(works.open.size).toBe(0);
    expectQuiet(pool, works);
  });

  test('a key that drains a full pool: nobody is left in its line', async () => {
    let armed = false;
    const pool = poolOf(new Works(), {
      max: 1,
      key: (request) => {
        if (armed) void pool.drain();
        return request;
      },
    });
    const held = await pool.acquire('a');
    armed = true;
    await expect(pool.acquire('a')).rejects.toBeInstanceOf(ClosedError);
    expect(thrownBy(() => pool.tryAcquire('a'))).toBeInstanceOf(ClosedError);
    held.dispose();
  });

  test('a check within the call of tryAcquire that drains it', async () => {
    const works = new Works();
    const pool = poolOf(works, {
      check: () => {
        void pool.drain();
        return true;
      },
    });
    (await pool.acquire('a')).dispose();
    expect(pool.tryAcquire('a')).toBeUndefined();
    await pool.drain();
    expectQuiet(pool, works);
  });

  test('a reset, a check and a release that acquire and resize', async () => {
    const works = new Works();
    const got: string[] = [];
    const pool = poolOf(works, {
      max: 2,
      check: () => {
        pool.tryAcquire('a')?.dispose();
        pool.resize(1);
        return got.push('check') > 1;
      },
      reset: () => {
        pool.resize(2);
        void pool.acquire('a').then((lease) => lease.discard());
        got.push('reset');
      },
    });
    for (let round = 0; round < 4; round++) {
      const lease = await pool.acquire('a');
      lease.dispose();
      await settled();
    }
    expect(got).toContain('check');
    expectQuiet(pool, works);
    expect(works.most).toBeLessThan(3);
  });
});
