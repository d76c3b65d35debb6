// Resizing at run time: nothing is revoked, nothing is above it for longer than it is lent, and nobody is lost.
import { describe, expect, test } from 'vitest';
import { outcomeOf, settled, useFakeClock, withoutCollections } from '../budget/support.ts';
import { expectQuiet, poolOf, Works } from './support.ts';

useFakeClock();
withoutCollections();

describe('a resize', () => {
  test('below what is lent revokes nothing: what is above goes when it comes back', async () => {
    const works = new Works();
    const pool = poolOf(works, { max: 3 });
    const leases = [await pool.acquire('a'), await pool.acquire('a'), await pool.acquire('a')];
    pool.resize(1);
    const next = outcomeOf(pool.acquire('a'));
    leases[0]?.dispose();
    leases[1]?.dispose();
    expect(pool.stats().size).toBe(1);
    await settled();
    expect([next.state, works.released.length, pool.stats().size]).toEqual(['waiting', 2, 1]);
    leases[2]?.dispose();
    await settled();
    expect(next.value?.value.id).toBe(3);
    next.value?.dispose();
  });

  test('evicts the idle that are above it, and serves those who wait when it grows', async () => {
    const works = new Works();
    const pool = poolOf(works, { max: 3 });
    for (const lease of await Promise.all([pool.acquire('a'), pool.acquire('a'), pool.acquire('a')])) lease.dispose();
    pool.resize(1);
    expect(pool.stats()).toMatchObject({ size: 1, idle: 1, max: 1 });
    using _held = await pool.acquire('a');
    const next = outcomeOf(pool.acquire('a'));
    await settled();
    expect(next.state).toBe('waiting');
    pool.resize(2);
    await settled();
    expect(next.state).toBe('granted');
    next.value?.dispose();
  });

  test('below the openings under way keeps within it, and serves all in the end', async () => {
    const works = new Works();
    works.opens = 'wait';
    const pool = poolOf(works, { max: 3 });
    const outcomes = Array.from({ length: 3 }, () => outcomeOf(pool.acquire('a')));
    await settled();
    pool.resize(1);
    works.opens = 'ok';
    for (const opening of works.gates.open) opening.open();
    await settled();
    expect(pool.stats().size).toBe(1);
    for (const outcome of outcomes) {
      expect(outcome.state).toBe('granted');
      outcome.value?.dispose();
      await settled();
    }
    expectQuiet(pool, works);
    expect(pool.stats().size).toBe(1);
  });
});
