// Resets on return and checks on borrow: the app's own code, which may fail, be late, and call back.
import { describe, expect, test } from 'vitest';
import { outcomeOf, settled, useFakeClock, withoutCollections } from '../budget/support.ts';
import { expectQuiet, listen, poolOf, Works } from './support.ts';

useFakeClock();
withoutCollections();

describe('a reset', () => {
  test('keeps the slot taken while it runs', async () => {
    const works = new Works();
    works.resets = 'wait';
    const pool = poolOf(works, { max: 1, reset: works.reset });
    const lease = await pool.acquire('a');
    lease.dispose();
    const next = outcomeOf(pool.acquire('a'));
    await settled();
    expect([next.state, lease.state, pool.stats().leased]).toEqual(['waiting', 'closing', 1]);
    works.gates.reset[0]?.open();
    await settled();
    expect([next.value?.value.id, lease.state]).toEqual([1, 'closed']);
    works.resets = 'ok';
    next.value?.dispose();
  });

  test.each(['throw', 'reject'] as const)('that fails (%s) discards, is reported, and is never thrown at the borrower', async (how) => {
    const works = new Works();
    works.resets = how;
    const events = listen();
    const pool = poolOf(works, { max: 1, reset: works.reset });
    const lease = await pool.acquire('a');
    lease.dispose();
    await lease.disposeAsync();
    expect(events.map(({ event, kind, code }) => [event, kind, code])).toEqual([['reset-error', 'thing', 'HANDBACK_RESET_ERROR']]);
    expect(works.released).toHaveLength(1);
    works.resets = 'ok';
    using next = await pool.acquire('a');
    expect(next.value.id).toBe(2);
  });

  test('whose answer cannot even be looked at discards too', async () => {
    const works = new Works();
    const answer = {
      get then(): never {
        throw new Error('no look');
      },
    };
    const pool = poolOf(works, { reset: () => answer as never });
    (await pool.acquire('a')).dispose();
    await settled();
    expect(works.released).toHaveLength(1);
    expectQuiet(pool, works);
  });
});

describe('a check', () => {
  test.each(['throw', 'reject', 'no'] as const)('that says %s has the resource released, and another is opened', async (how) => {
    const works = new Works();
    const pool = poolOf(works, { check: works.check });
    for (const lease of [await pool.acquire('a'), await pool.acquire('a')]) lease.dispose();
    works.checks = how;
    using lease = await pool.acquire('a');
    expect(lease.value.id).toBe(3);
    expect(works.released).toHaveLength(2);
    expect(works.most).toBe(2);
  });

  test('is not asked of what was just opened', async () => {
    const works = new Works();
    const pool = poolOf(works, { check: works.check });
    using _lease = await pool.acquire('a');
    expect(works.calls).toEqual(['open a']);
  });
});

describe('a release that throws', () => {
  test.each(['throw', 'reject'] as const)('(%s) is reported, and its place is free', async (how) => {
    const works = new Works();
    const events = listen();
    const pool = poolOf(works, { max: 1 });
    const lease = await pool.acquire('a');
    works.releases = how;
    lease.discard();
    await settled();
    expect(events.map(({ event, kind }) => [event, kind])).toEqual([['release-error', 'thing']]);
    works.releases = 'ok';
    using next = await pool.acquire('a');
    expect(next.value.id).toBe(2);
  });
});
