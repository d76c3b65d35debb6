// What was seen of other pools, and what their users met (facts of the comparison): none of it happens here.
import { describe, expect, test } from 'vitest';
import { ClosedError, type AcquireTimeoutError } from '@handback/core';
import { outcomeOf, pass, settled, useFakeClock, withoutCollections } from '../budget/support.ts';
import { expectQuiet, poolOf, Works } from './support.ts';

useFakeClock();
withoutCollections();

describe('what general-purpose pools do wrong', () => {
  test('a create that always rejects spins in microtasks, and the event loop is dead (generic-pool)', async () => {
    const works = new Works();
    works.opens = 'reject';
    const pool = poolOf(works);
    const outcome = outcomeOf(pool.acquire('a', { timeout: Number.POSITIVE_INFINITY }));
    for (let round = 0; round < 20; round++) await settled();
    expect((outcome.error as Error).message).toBe('no a');
    expect(works.calls).toEqual(['open a']);
  });

  test('a create that throws within the call loses slot and waiter (generic-pool)', async () => {
    const works = new Works();
    works.opens = 'throw';
    const pool = poolOf(works, { max: 1 });
    const first = outcomeOf(pool.acquire('a'));
    await settled();
    works.opens = 'ok';
    using second = await pool.acquire('a');
    expect([(first.error as Error).message, second.value.id]).toEqual(['no a', 1]);
  });

  test('a second release throws, or goes unseen into the free list (generic-pool, pg-pool)', async () => {
    const pool = poolOf(new Works());
    const lease = await pool.acquire('a');
    lease.dispose();
    lease.dispose();
    await lease.disposeAsync();
    expect(pool.stats()).toMatchObject({ idle: 1, leased: 0 });
  });

  test('a stale release takes the resource from who borrowed it meanwhile (all of them)', async () => {
    const pool = poolOf(new Works(), { max: 1 });
    const stale = await pool.acquire('a');
    stale.dispose();
    using now = await pool.acquire('a');
    stale.dispose();
    stale.discard();
    const third = outcomeOf(pool.acquire('a', { timeout: 10 }));
    await pass(11);
    expect([now.value.id, third.state]).toEqual([1, 'refused']);
  });

  test('an acquire after the close waits, or starts the pool again (tarn #81, lightning-pool)', async () => {
    const works = new Works();
    const pool = poolOf(works);
    await pool.drain();
    await expect(pool.acquire('a', { timeout: 60_000 })).rejects.toBeInstanceOf(ClosedError);
    expect(works.calls).toEqual([]);
  });

  test('a close leaves who waits pending for ever (pg-pool), or resolves before the resources are gone (mysql2 4291)', async () => {
    const works = new Works();
    works.releases = 'wait';
    const pool = poolOf(works, { max: 1 });
    const held = await pool.acquire('a');
    const waits = outcomeOf(pool.acquire('a', { timeout: Number.POSITIVE_INFINITY }));
    const closed = outcomeOf(pool.drain());
    held.dispose();
    await settled();
    expect([waits.state, closed.state]).toEqual(['refused', 'waiting']);
    works.gates.release[0]?.open();
    await settled();
    expect(closed.state).toBe('granted');
  });

  test('those who have timed out stay in the queue (lightning-pool)', async () => {
    const pool = poolOf(new Works(), { max: 1 });
    using _held = await pool.acquire('a');
    const outcomes = Array.from({ length: 1_000 }, () => outcomeOf(pool.acquire('a', { timeout: 10 })));
    expect(pool.stats().waiting).toBe(1_000);
    await pass(20);
    expect([pool.stats().waiting, outcomes.every(({ state }) => state === 'refused')]).toEqual([0, true]);
  });

  test('a check that is always false spins, or opens for ever (generic-pool, tarn)', async () => {
    const works = new Works();
    works.checks = 'no';
    const pool = poolOf(works, { max: 3, check: works.check });
    for (let round = 0; round < 10; round++) (await pool.acquire('a')).dispose();
    expect(works.opened).toBe(10);
    expect(works.calls.filter((call) => call.startsWith('check'))).toHaveLength(9);
  });
});

describe('what their users met', () => {
  test('the factory is still called after the drain (node-pool #256)', async () => {
    const works = new Works();
    works.opens = 'wait';
    const pool = poolOf(works, { max: 3, min: 3, minRequest: 'a', openConcurrency: 1 });
    await settled();
    void pool.drain().catch(() => {});
    works.gates.open[0]?.open();
    await pass(60_000);
    expect(works.calls).toEqual(['open a', 'release 1']);
  });

  test('what is opened after its acquire has timed out is delivered to nobody, and lost (knex #1694)', async () => {
    const works = new Works();
    works.opens = 'wait';
    const pool = poolOf(works, { max: 1 });
    const outcome = outcomeOf(pool.acquire('a', { timeout: 10 }));
    await pass(11);
    works.gates.open[0]?.open();
    await settled();
    expect(outcome.state).toBe('refused');
    expectQuiet(pool, works);
    expect(pool.stats().idle).toBe(1);
    using lease = await pool.acquire('a');
    expect(lease.value.id).toBe(1);
  });

  test('a time-out leaves a client that is never idle (node-postgres #3543)', async () => {
    const works = new Works();
    const pool = poolOf(works, { max: 1, check: works.check });
    (await pool.acquire('a')).dispose();
    works.checks = 'wait';
    const outcome = outcomeOf(pool.acquire('a', { timeout: 10 }));
    await pass(11);
    works.gates.check[0]?.open(true);
    await settled();
    expect([outcome.state, pool.stats().idle]).toEqual(['refused', 1]);
  });

  test('one connection stands twice in the free list, and two transactions mix (mysql2 #1280)', async () => {
    const pool = poolOf(new Works());
    const lease = await pool.acquire('a');
    const shared = lease.share();
    lease.dispose();
    lease.dispose();
    shared.dispose();
    shared.discard();
    const [a, b] = [await pool.acquire('a'), await pool.acquire('a')];
    expect(a.value).not.toBe(b.value);
    a.dispose();
    b.dispose();
  });

  test('who holds the last one acquires again, and waits for themselves: the error names the holder and its line (knex #1040, tarn #43)', async () => {
    const pool = poolOf(new Works(), { max: 1, acquireTimeout: 50 });
    using _held = await pool.acquire('a', { label: 'the transaction' });
    const again = outcomeOf(pool.acquire('a'));
    await pass(51);
    expect((again.error as Error).message).toContain("1 lease held by 1 thing lease 'the transaction' at ");
    expect((again.error as AcquireTimeoutError).holders).toMatchObject([{ label: 'the transaction', count: 1 }]);
  });

  test('the time in the queue does not count (undici #341)', async () => {
    const works = new Works();
    const pool = poolOf(works, { max: 1 });
    const held = await pool.acquire('a');
    const outcome = outcomeOf(pool.acquire('a', { timeout: 100 }));
    await pass(60);
    works.opens = 'wait';
    held.discard();
    await pass(39);
    expect(outcome.state).toBe('waiting');
    await pass(2);
    expect(outcome.error).toMatchObject({ phase: 'open' });
    works.gates.open[0]?.open();
    await settled();
  });

  test('an abort leaves the queue hanging, or rejects with something else than the reason (p-queue #168)', async () => {
    const pool = poolOf(new Works(), { max: 1 });
    const held = await pool.acquire('a');
    const controller = new AbortController();
    const reason = new Error('mine');
    const aborted = outcomeOf(pool.acquire('a', { signal: controller.signal }));
    const behind = outcomeOf(pool.acquire('a'));
    controller.abort(reason);
    held.dispose();
    await settled();
    expect([aborted.error, behind.state]).toEqual([reason, 'granted']);
    behind.value?.dispose();
  });

  test('over-release grows the capacity (async-sema #36)', async () => {
    const pool = poolOf(new Works(), { max: 1 });
    for (let round = 0; round < 3; round++) {
      const lease = await pool.acquire('a');
      lease.dispose();
      lease.discard();
      lease.dispose();
    }
    using _one = await pool.acquire('a');
    expect(pool.tryAcquire('a')).toBeUndefined();
    expect(pool.stats().leased).toBe(1);
  });

  test('ten thousand acquires on one signal print MaxListenersExceededWarning', async () => {
    const warnings: unknown[] = [];
    const note = (warning: unknown): void => void warnings.push(warning);
    process.on('warning', note);
    const pool = poolOf(new Works(), { max: 1 });
    using _held = await pool.acquire('a');
    const controller = new AbortController();
    const outcomes = Array.from({ length: 10_000 }, () => outcomeOf(pool.acquire('a', { signal: controller.signal })));
    controller.abort();
    await settled();
    process.off('warning', note);
    expect(outcomes.every(({ state }) => state === 'refused')).toBe(true);
    expect(warnings).toEqual([]);
  });
});
