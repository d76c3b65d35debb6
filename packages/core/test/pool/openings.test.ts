// What is opened, for whom, and how many at once.
import { describe, expect, test } from 'vitest';
import { outcomeOf, settled, useFakeClock, withoutCollections } from '../budget/support.ts';
import { expectQuiet, poolOf, Works } from './support.ts';

useFakeClock();
withoutCollections();

describe('openings', () => {
  test('are `openConcurrency` at once at most', async () => {
    const works = new Works();
    works.opens = 'wait';
    const pool = poolOf(works, { max: 10, openConcurrency: 3 });
    const outcomes = Array.from({ length: 5 }, () => outcomeOf(pool.acquire('a')));
    await settled();
    expect(works.gates.open).toHaveLength(3);
    expect(pool.stats()).toMatchObject({ opening: 5, waiting: 0 });
    works.opens = 'ok';
    for (const opening of works.gates.open) opening.open();
    await settled();
    expect(outcomes.map(({ state }) => state)).toEqual(Array.from({ length: 5 }, () => 'granted'));
    for (const { value } of outcomes) value?.dispose();
  });

  test('serve whoever came first, and what comes back meanwhile does too', async () => {
    const works = new Works();
    const pool = poolOf(works);
    const held = await pool.acquire('a');
    works.opens = 'wait';
    const first = outcomeOf(pool.acquire('a'));
    await settled();
    held.dispose();
    await settled();
    expect(first.value?.value.id).toBe(1);
    const second = outcomeOf(pool.acquire('a'));
    works.gates.open[0]?.open();
    await settled();
    expect(second.value?.value.id).toBe(2);
    first.value?.dispose();
    second.value?.dispose();
    expect(works.opened).toBe(2);
  });

  test('that were aborted while they had waited for their turn are not begun', async () => {
    const works = new Works();
    works.opens = 'wait';
    const pool = poolOf(works, { max: 3, openConcurrency: 1 });
    const controller = new AbortController();
    const first = outcomeOf(pool.acquire('a'));
    const second = outcomeOf(pool.acquire('a', { signal: controller.signal }));
    await settled();
    controller.abort('enough');
    await settled();
    expect(second.error).toBe('enough');
    works.gates.open[0]?.open();
    await settled();
    expect([works.gates.open.length, pool.stats().opening]).toEqual([1, 0]);
    first.value?.dispose();
  });

  test('ahead of use: a warm-up opens as many as are missing, and rejects with what failed', async () => {
    const works = new Works();
    const pool = poolOf(works, { max: 4 });
    await pool.warmUp(undefined, 'a');
    expect(works.opened).toBe(0);
    await pool.warmUp(3, 'a');
    await pool.warmUp(2, 'a');
    expect(pool.stats()).toMatchObject({ idle: 3, opened: 3 });
    works.opens = 'throw';
    await expect(pool.warmUp(4, 'a')).rejects.toThrow('no a');
    expect(pool.stats()).toMatchObject({ idle: 3, opening: 0 });
  });

  test('a warm-up never has more than `max` while others are on their way out', async () => {
    const works = new Works();
    const pool = poolOf(works);
    works.releases = 'wait';
    const lease = await pool.acquire('a');
    lease.discard();
    await pool.warmUp(2, 'a');
    expect(works.most).toBe(2);
    expect(pool.stats()).toMatchObject({ size: 1, idle: 1 });
    works.gates.release[0]?.open();
    await settled();
    expectQuiet(pool, works);
  });

  test('for `min` go to the shelf of their key', async () => {
    const works = new Works();
    const pool = poolOf(works, { key: (request) => `key ${request}`, min: 2, minRequest: 'a' });
    await settled();
    expect(pool.stats().idle).toBe(2);
    using lease = await pool.acquire('a');
    expect(lease.value.id).toBeLessThan(3);
    expect(works.opened).toBe(2);
  });
});
