// The end of a pool, whatever is under way.
import { describe, expect, test } from 'vitest';
import { ClosedError, InUseError } from '@handback/core';
import { outcomeOf, pass, settled, thrownBy, useFakeClock, withoutCollections } from '../budget/support.ts';
import { expectQuiet, poolOf, Works } from './support.ts';

useFakeClock();
withoutCollections();

describe('a drain', () => {
  test('refuses those who wait, releases the idle at once and the lent when they come back', async () => {
    const works = new Works();
    const pool = poolOf(works);
    const [a, b] = [await pool.acquire('a'), await pool.acquire('a')];
    b.dispose();
    const c = await pool.acquire('a');
    c.dispose();
    const held = outcomeOf(pool.acquire('a'));
    const waits = outcomeOf(pool.acquire('a'));
    await settled();
    const drained = outcomeOf(pool.drain());
    await settled();
    expect(waits.error).toBeInstanceOf(ClosedError);
    expect((waits.error as Error).message).toContain("Pool 'things' was drained or disposed");
    expect(drained.state).toBe('waiting');
    a.dispose();
    held.value?.dispose();
    await settled();
    expect(drained.state).toBe('granted');
    expect(works.open.size).toBe(0);
    expectQuiet(pool, works);
  });

  test.each(['ok', 'throw', 'reject'] as const)('waits for openings under way, and ends where they answer: %s', async (how) => {
    const works = new Works();
    works.opens = 'wait';
    const pool = poolOf(works, { max: 3, openConcurrency: 1 });
    const outcomes = [outcomeOf(pool.acquire('a')), outcomeOf(pool.acquire('a'))];
    await settled();
    const drained = outcomeOf(pool.drain());
    await settled();
    for (const { error } of outcomes) expect(error).toBeInstanceOf(ClosedError);
    expect(drained.state).toBe('waiting');
    if (how === 'ok') works.gates.open[0]?.open();
    else works.gates.open[0]?.fail(0);
    await settled();
    expect(drained.state).toBe('granted');
    expect([works.open.size, works.gates.open.length]).toEqual([0, 1]);
  });

  test('waits for resets and checks under way; who waits for a check is refused', async () => {
    const works = new Works();
    const pool = poolOf(works, { max: 3, check: works.check, reset: works.reset });
    for (const lease of [await pool.acquire('a'), await pool.acquire('a')]) lease.dispose();
    const lease = await pool.acquire('a');
    works.checks = works.resets = 'wait';
    lease.dispose();
    const checked = outcomeOf(pool.acquire('a'));
    await settled();
    const drained = outcomeOf(pool.drain({ timeout: 1_000 }));
    await settled();
    expect(drained.state).toBe('waiting');
    works.gates.check[0]?.open(true);
    works.gates.reset[0]?.open();
    await settled();
    expect(checked.error).toBeInstanceOf(ClosedError);
    expect(drained.state).toBe('granted');
    expect(works.open.size).toBe(0);
    expectQuiet(pool, works);
  });

  test('after its deadline names who holds what is out, what is under way, and the remedy; and goes on', async () => {
    const works = new Works();
    const pool = poolOf(works, { max: 4, reset: works.reset, drainTimeout: 50 });
    const lease = await pool.acquire('a', { label: 'the holder' });
    const other = await pool.acquire('a');
    const gone = await pool.acquire('a');
    works.resets = 'wait';
    works.releases = 'wait';
    other.dispose();
    gone.discard();
    works.opens = 'wait';
    void outcomeOf(pool.acquire('a'));
    await settled();
    const disposed = outcomeOf(pool.disposeAsync());
    expect(pool.disposeAsync()).toBe(pool[Symbol.asyncDispose]());
    await pass(51);
    expect(disposed.error).toBeInstanceOf(InUseError);
    const { message } = disposed.error as Error;
    expect(message).toMatch(
      /^Pool 'things' is closed, but not empty after 50 ms:\n  1 thing lease 'the holder' at .*drain\.test\.ts.*\n  1 opening under way\n  1 being checked or reset\n  1 release under way\n/,
    );
    expect(message).toMatch(/wait for longer with drain\(\{ timeout \}\)/);
    const drained = outcomeOf(pool.drain());
    works.releases = 'ok';
    lease.dispose();
    works.gates.reset[0]?.open();
    works.gates.reset[1]?.open();
    works.gates.release[0]?.open();
    works.gates.open[0]?.open();
    await settled();
    expect(drained.state).toBe('granted');
    expect(works.open.size).toBe(0);
  });

  test('goes on while a lease is detached, moved or shared', async () => {
    const works = new Works();
    const pool = poolOf(works, { max: 3 });
    const [a, b, c] = [await pool.acquire('a'), await pool.acquire('a'), await pool.acquire('a')];
    const drained = outcomeOf(pool.drain());
    const thing = a.detach();
    b.move().dispose();
    const shared = c.share();
    c.discard();
    await settled();
    expect(drained.state).toBe('waiting');
    shared.dispose();
    await settled();
    expect(drained.state).toBe('granted');
    expect([...works.open]).toEqual([thing]);
  });

  test('leaves a pool that refuses everything by a clear error', async () => {
    const pool = poolOf(new Works());
    await pool.drain();
    await pool.drain();
    expect(thrownBy(() => pool.tryAcquire('a'))).toBeInstanceOf(ClosedError);
    expect(thrownBy(() => pool.resize(3))).toBeInstanceOf(ClosedError);
    for (const late of [pool.acquire('a'), pool.acquire('a', { timeout: 5 }), pool.use(() => 1, 'a'), pool.warmUp(1, 'a')])
      await expect(late).rejects.toBeInstanceOf(ClosedError);
    expect(pool.stats()).toMatchObject({ size: 0, opened: 0 });
  });
});
