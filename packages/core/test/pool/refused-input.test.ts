// What makes no pool, and no acquire: refused by a clear error before anything is taken.
import { describe, expect, test } from 'vitest';
import { defineResource, Pool } from '@handback/core';
import { useFakeClock, withoutCollections } from '../budget/support.ts';
import { poolOf, Works } from './support.ts';

useFakeClock();
withoutCollections();

describe('bad input is refused before anything is taken', () => {
  const works = new Works();
  test.each<[object, RegExp]>([
    [{ max: 0 }, /`max`.*got 0/],
    [{ max: undefined }, /`max`.*got undefined/],
    [{ max: 1.5 }, /`max`.*got 1\.5/],
    [{ max: 2, min: 3 }, /`min` to be `max` at most, got min 3 and max 2/],
    [{ max: 2, min: -1 }, /`min`.*got -1/],
    [{ max: 2, idleTimeout: -1 }, /`idleTimeout`.*got -1/],
    [{ max: 2, maxLifetime: Number.NaN }, /`maxLifetime`.*got NaN/],
    [{ max: 2, overdueAfter: '5' }, /`overdueAfter`.*got "5"/],
    [{ max: 2, acquireTimeout: -5 }, /`acquireTimeout`.*got -5/],
    [{ max: 2, drainTimeout: -5 }, /`drainTimeout`.*got -5/],
    [{ max: 2, checkAfter: -5 }, /`checkAfter`.*got -5/],
    [{ max: 2, openConcurrency: 0 }, /`openConcurrency`.*got 0/],
    [{ max: 2, order: 'random' }, /`order`.*got "random"/],
    [{ max: 2, check: true }, /`check` to be a function, got true/],
    [{ max: 2, reset: {} }, /`reset` to be a function/],
    [{ max: 2, key: 'k' }, /`key` to be a function/],
    [{ max: 2, name: '' }, /`name`/],
    [{ max: 2, min: 1, key: () => 'a' }, /`minRequest` beside `min` and `key`/],
  ])('options %j', (options, words) => {
    expect(() => new Pool(works.kind, options as never)).toThrow(words);
    expect(works.calls).toEqual([]);
  });

  test('no kind, no options', () => {
    expect(() => new Pool(undefined as never, { max: 1 })).toThrow(/Expected a kind of resource/);
    expect(() => new Pool({ kind: 'x' } as never, { max: 1 })).toThrow(/Expected a kind of resource/);
    expect(() => new Pool(works.kind, undefined as never)).toThrow(/Expected pool options/);
  });

  test('of calls', async () => {
    const pool = poolOf(new Works(), { key: (request) => request });
    await expect(pool.acquire(5 as never)).rejects.toThrow(/`key` of pool "things" to answer a text, got 5/);
    await expect(pool.acquire('a', { timeout: -1 })).rejects.toThrow(/`timeout`/);
    await expect(pool.acquire('a', { priority: Number.NaN })).rejects.toThrow(/`priority`/);
    await expect(pool.acquire('a', { label: {} as never })).rejects.toThrow(/`label`/);
    await expect(pool.acquire('a', { signal: {} as never })).rejects.toThrow(/`signal`/);
    await expect(pool.warmUp(3, 'a')).rejects.toThrow(/`count` to be the 2 of pool 'things' at most, got 3/);
    await expect(pool.drain({ timeout: -1 })).rejects.toThrow(/`timeout`/);
    expect(() => pool.resize(0)).toThrow(/`max`/);
    expect(() => pool.resize(Number.NaN)).toThrow(/`max`/);
    expect(pool.stats()).toMatchObject({ leased: 0, waiting: 0, opened: 0, max: 2 });
  });

  test.each([undefined, null])('a factory that answers %s', async (nothing) => {
    const released: unknown[] = [];
    const kind = defineResource({ kind: 'nothing', openSync: () => nothing, release: (raw) => void released.push(raw) });
    const pool = new Pool(kind as never, { max: 1 });
    await expect(pool.acquire()).rejects.toThrow(`The open of kind 'nothing' answered ${nothing}: a pool lends what it opens, so there must be something`);
    expect(pool.stats()).toMatchObject({ leased: 0, size: 0, opening: 0 });
    expect(released).toEqual([nothing]);
    await pool.drain();
  });
});
