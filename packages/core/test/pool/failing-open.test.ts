// A factory that fails: callers hear why, and nothing spins.
import { describe, expect, test } from 'vitest';
import { defineResource, Pool } from '@handback/core';
import { outcomeOf, pass, settled, useFakeClock, withoutCollections } from '../budget/support.ts';
import { poolOf, Works } from './support.ts';

useFakeClock();
withoutCollections();

describe('a factory that fails', () => {
  test('backs off, reaches each caller with its cause, and never spins', async () => {
    const works = new Works();
    works.opens = 'throw';
    const pool = poolOf(works, { max: 1, acquireTimeout: 60_000 });
    const outcomes = Array.from({ length: 6 }, () => outcomeOf(pool.acquire('a')));
    await settled();
    expect(works.calls.length).toBeLessThan(4);
    for (const delay of [1, 2, 4, 8, 16]) await pass(delay);
    expect(outcomes.map(({ error }) => (error as Error).message)).toEqual(Array.from({ length: 6 }, () => 'no a'));
    expect(works.calls).toHaveLength(6);
    works.opens = 'ok';
    const next = outcomeOf(pool.acquire('a'));
    await pass(300);
    expect(next.state).toBe('granted');
    next.value?.dispose();
  });

  test('with `min` to keep is asked again, each time later, and never more', async () => {
    const works = new Works();
    works.opens = 'reject';
    const pool = poolOf(works, { max: 3, min: 2, minRequest: 'a' });
    await pass(60_000);
    // Two at a time, after 50 to 100 ms, then after twice as long, and so on.
    expect(works.calls.length).toBeGreaterThan(14);
    expect(works.calls.length).toBeLessThan(30);
    expect(pool.stats().size).toBe(0);
    works.opens = 'ok';
    await pass(31_000);
    expect(pool.stats()).toMatchObject({ idle: 2 });
  });

  test('is what those hear of whose time is over meanwhile', async () => {
    const works = new Works();
    works.opens = 'reject';
    const pool = poolOf(works, { max: 1 });
    const first = outcomeOf(pool.acquire('a'));
    await pass(1);
    expect(first.error).toMatchObject({ message: 'no a' });
    works.opens = 'wait';
    const next = outcomeOf(pool.acquire('a', { timeout: 50 }));
    await pass(51);
    expect(next.error).toMatchObject({ code: 'ERR_ACQUIRE_TIMEOUT', phase: 'open', cause: { message: 'no a' } });
    expect((next.error as Error).message).toMatch(/The last opening failed: Error: no a$/);
  });

  test('throws anything, undefined too', async () => {
    const kind = defineResource({
      kind: 'odd',
      openSync: () => {
        throw undefined;
      },
      release: () => {},
    });
    const pool = new Pool(kind, { max: 1 });
    const outcome = outcomeOf(pool.acquire());
    await settled();
    expect([outcome.state, outcome.error]).toEqual(['refused', undefined]);
    const warm = outcomeOf(pool.warmUp(1));
    await pass(10);
    expect([warm.state, warm.error]).toEqual(['refused', undefined]);
    await pool.drain();
  });
});
