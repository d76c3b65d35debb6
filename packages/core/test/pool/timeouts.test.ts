// Time-outs, which say where the time went, and aborts: neither loses anything.
import { describe, expect, test } from 'vitest';
import { AcquireTimeoutError } from '@handback/core';
import { outcomeOf, pass, settled, useFakeClock, withoutCollections } from '../budget/support.ts';
import { expectQuiet, poolOf, Works } from './support.ts';

useFakeClock();
withoutCollections();

describe('a time-out says where the time went', () => {
  test('waiting: the error names pool, numbers, holder and remedy', async () => {
    const works = new Works();
    const pool = poolOf(works, { max: 1, acquireTimeout: 100 });
    // By another than who waits: else it would be told as a deadlock.
    let giveBack = (): void => {};
    const holding = pool.use(() => new Promise<void>((resolve) => (giveBack = resolve)), 'a', { label: 'the holder' });
    await pass(1);
    const outcome = outcomeOf(pool.acquire('a', { label: 'who waits' }));
    await pass(101);
    expect(outcome.error).toBeInstanceOf(AcquireTimeoutError);
    const error = outcome.error as AcquireTimeoutError;
    expect(error).toMatchObject({ phase: 'wait', kind: 'thing lease', label: 'who waits', capacity: 1, used: 1 });
    expect(error.message).toMatch(
      /^No thing lease 'who waits' within 100 ms, asked for at \S+timeouts\.test\.ts:\d+:\d+.*: the time went by waiting for pool 'things'\. 1 lease asked for, 1 of 1 lease in use/,
    );
    expect(error.message).toMatch(/1 lease held by 1 thing lease 'the holder' at .*timeouts\.test\.ts/);
    expect(error.message).toMatch(/Dispose what is held with `using`, or raise the max of 'things'/);
    giveBack();
    await holding;
  });

  test('opening: what comes late is kept for the next', async () => {
    const works = new Works();
    works.opens = 'wait';
    const pool = poolOf(works, { max: 1 });
    const outcome = outcomeOf(pool.acquire('a', { timeout: 100 }));
    await pass(101);
    expect(outcome.error).toMatchObject({ phase: 'open', code: 'ERR_ACQUIRE_TIMEOUT' });
    expect((outcome.error as Error).message).toBe('No thing lease within 100 ms: the time went by opening it. What comes late is kept for the next.');
    expect(pool.stats()).toMatchObject({ leased: 0, opening: 1 });
    const next = outcomeOf(pool.acquire('a'));
    works.gates.open[0]?.open();
    await settled();
    expect([next.value?.value.id, works.opened]).toEqual([1, 1]);
    next.value?.dispose();
  });

  test('checking: the answer decides where the resource goes', async () => {
    const works = new Works();
    const pool = poolOf(works, { max: 2, check: works.check });
    for (const lease of await Promise.all([pool.acquire('a'), pool.acquire('a')])) lease.dispose();
    works.checks = 'wait';
    const outcomes = [outcomeOf(pool.acquire('a', { timeout: 100 })), outcomeOf(pool.acquire('a', { timeout: 100 }))];
    await pass(101);
    for (const { error } of outcomes) expect(error).toMatchObject({ phase: 'check' });
    expect(pool.stats()).toMatchObject({ leased: 0, size: 2, idle: 0 });
    works.gates.check[0]?.open(true);
    works.gates.check[1]?.open(false);
    await settled();
    expect(pool.stats()).toMatchObject({ size: 1, idle: 1 });
    expectQuiet(pool, works);
  });

  test('with the last failure to open as its cause', async () => {
    const works = new Works();
    works.opens = 'throw';
    const pool = poolOf(works);
    const first = outcomeOf(pool.acquire('a'));
    await settled();
    expect((first.error as Error).message).toBe('no a');
    works.opens = 'wait';
    const second = outcomeOf(pool.acquire('a', { timeout: 50 }));
    await pass(51);
    expect((second.error as Error).cause).toBe(first.error);
    works.gates.open[0]?.fail(0);
  });

  test('and where none was given, it is patient, and the deadline is one from the call on', async () => {
    const works = new Works();
    works.opens = 'wait';
    const pool = poolOf(works, { max: 1 });
    const patient = outcomeOf(pool.acquire('a'));
    const brief = outcomeOf(pool.acquire('a', { timeout: 1_000 }));
    await pass(500);
    expect(brief.state).toBe('waiting');
    await pass(600);
    expect(brief.error).toMatchObject({ phase: 'wait' });
    await pass(35_000);
    expect(patient.error).toMatchObject({ phase: 'open' });
    works.gates.open[0]?.open();
    await settled();
    expectQuiet(pool, works);
  });
});

describe('an abort', () => {
  test('ends the wait with the reason, and blocks nobody', async () => {
    const pool = poolOf(new Works(), { max: 1 });
    const held = await pool.acquire('a');
    const controllers = Array.from({ length: 3 }, () => new AbortController());
    const outcomes = controllers.map(({ signal }) => outcomeOf(pool.acquire('a', { signal })));
    controllers[1]?.abort('the second');
    await settled();
    expect(outcomes.map(({ state }) => state)).toEqual(['waiting', 'refused', 'waiting']);
    expect(outcomes[1]?.error).toBe('the second');
    held.dispose();
    await settled();
    outcomes[0]?.value?.dispose();
    await settled();
    expect(outcomes[2]?.state).toBe('granted');
    outcomes[2]?.value?.dispose();
  });

  test('in the very moment in which it was served leaves what was opened to the next', async () => {
    const works = new Works();
    works.opens = 'wait';
    const pool = poolOf(works, { max: 1 });
    const controller = new AbortController();
    const first = outcomeOf(pool.acquire('a', { signal: controller.signal }));
    await settled();
    const next = outcomeOf(pool.acquire('a'));
    works.gates.open[0]?.open();
    // Step by step: wherever the resource is by now.
    for (let steps = 0; steps < 12 && first.state === 'waiting'; steps++) {
      if (pool.stats().opening === 0) controller.abort('now');
      await undefined;
    }
    await settled();
    expect([first.error, next.value?.value.id, works.opened]).toEqual(['now', 1, 1]);
    next.value?.dispose();
    expectQuiet(pool, works);
  });

  test('right after a lease came back for it leaves that to the next, too', async () => {
    const works = new Works();
    const pool = poolOf(works);
    const held = await pool.acquire('a');
    works.opens = 'wait';
    const controller = new AbortController();
    const first = outcomeOf(pool.acquire('a', { signal: controller.signal }));
    await settled();
    held.dispose();
    controller.abort('now');
    await settled();
    expect(first.error).toBe('now');
    expect(pool.stats()).toMatchObject({ idle: 1, leased: 0 });
    works.gates.open[0]?.open();
    await settled();
    expectQuiet(pool, works);
  });

  test('that is there from the start takes nothing', async () => {
    const pool = poolOf(new Works());
    await expect(pool.acquire('a', { signal: AbortSignal.abort('early') })).rejects.toBe('early');
    expect(pool.stats()).toMatchObject({ leased: 0, opened: 0 });
  });
});
