// What goes wrong on the way of a lease: it is told to whom it concerns, and no slot, place or resource is lost by it.
import { describe, expect, test } from 'vitest';
import { AcquireTimeoutError, ClosedError, defineResource, InUseError, Pool, type PoolOptions } from '@handback/core';
import { outcomeOf, pass, settled, thrownBy, useFakeClock, withoutCollections } from '../budget/support.ts';
import { expectQuiet, listen, poolOf, Works, type Thing } from './support.ts';

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
      /^No thing lease 'who waits' within its time-out: the time went by waiting for pool 'things'\. 1 lease asked for, 1 of 1 lease in use/,
    );
    expect(error.message).toMatch(/1 lease held by 1 thing lease 'the holder' at .*failures\.test\.ts/);
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
    await pass(1_000);
    // Two at a time, after 50 to 100 ms, then after twice as long, and so on.
    expect(works.calls.length).toBeGreaterThan(4);
    expect(works.calls.length).toBeLessThan(16);
    expect(pool.stats().size).toBe(0);
    works.opens = 'ok';
    await pass(30_000);
    expect(pool.stats()).toMatchObject({ idle: 2 });
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

  test('and leaves no shelf behind for its keys', async () => {
    const { Stock } = await import('../../src/pool/stock.ts');
    const shelves: unknown[] = [];
    const { shelf } = Stock.prototype;
    let stock: { shelves: Iterable<unknown> } | undefined;
    Stock.prototype.shelf = function (this: typeof stock & InstanceType<typeof Stock>, key) {
      stock = this;
      return shelf.call(this, key) as never;
    };
    try {
      const works = new Works();
      const pool = poolOf(works, { max: 4, key: (request) => request, check: works.check });
      for (let index = 0; index < 50; index++) {
        works.opens = index % 3 === 0 ? 'throw' : 'ok';
        await pool.warmUp(0, `key ${index}`);
        const outcome = outcomeOf(pool.acquire(`key ${index}`, { timeout: 500 }));
        const waits = outcomeOf(pool.acquire(`key ${index}`, { timeout: 5 }));
        await pass(600);
        if (index % 2 === 0) outcome.value?.discard();
        else outcome.value?.dispose();
        waits.value?.discard();
        await settled();
      }
      shelves.push(...(stock as unknown as { shelves: Iterable<unknown> }).shelves);
      expect(shelves.length).toBeLessThan(5);
      await pool.drain();
      expect([...(stock as unknown as { shelves: Iterable<unknown> }).shelves]).toEqual([]);
    } finally {
      Stock.prototype.shelf = shelf;
    }
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
      /^Pool 'things' is closed, but not empty after 50 ms:\n  1 thing lease 'the holder' at .*failures\.test\.ts.*\n  1 opening under way\n  1 being checked or reset\n  1 release under way\n/,
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
