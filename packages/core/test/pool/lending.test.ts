// What a pool lends, to whom, in which order, and what becomes of it.
import { describe, expect, test } from 'vitest';
import { AsyncDisposableStack, AsyncHandle, defineAsyncResource, defineResource, DisposedError, Handle, InUseError, MovedError, Pool } from '@handback/core';
import { gate } from '../handle/platform.ts';
import { outcomeOf, pass, settled, thrownBy, useFakeClock, withoutCollections } from '../budget/support.ts';
import { expectQuiet, listen, poolOf, Works } from './support.ts';

useFakeClock();
withoutCollections();

describe('a lease', () => {
  test('is a fresh handle each time, so a stale one can do nothing', async () => {
    const works = new Works();
    const pool = poolOf(works);
    const first = await pool.acquire('a');
    const thing = first.value;
    first.dispose();
    using second = await pool.acquire('a');
    expect(second.value).toBe(thing);
    expect(second).not.toBe(first);
    first.dispose();
    first.discard();
    await first.disposeAsync();
    expect(thrownBy(() => first.value)).toBeInstanceOf(DisposedError);
    expect(thrownBy(() => first.detach())).toBeInstanceOf(DisposedError);
    expect(thrownBy(() => first.move())).toBeInstanceOf(DisposedError);
    expect(second.value).toBe(thing);
    expect(pool.stats()).toMatchObject({ size: 1, idle: 0, leased: 1, opened: 1, released: 0 });
  });

  test('names its kind and its label', async () => {
    using lease = await poolOf(new Works()).acquire('a', { label: 'mine' });
    expect([lease.kind, lease.label, lease.state]).toEqual(['thing lease', 'mine', 'open']);
  });

  test('that is discarded has its resource released instead of shelved, and again does nothing', async () => {
    const works = new Works();
    const pool = poolOf(works);
    const lease = await pool.acquire('a');
    lease.discard();
    lease.discard();
    await settled();
    expect(works.released.map(({ id }) => id)).toEqual([1]);
    using next = await pool.acquire('a');
    expect(next.value.id).toBe(2);
  });

  test('that was detached leaves its resource to the caller, and the pool has room for another', async () => {
    const works = new Works();
    const pool = poolOf(works, { max: 1 });
    const lease = await pool.acquire('a');
    const thing = lease.detach();
    expect(lease.state).toBe('moved');
    lease.dispose();
    lease.discard();
    expect(works.open.has(thing)).toBe(true);
    expect(pool.stats()).toMatchObject({ size: 0, leased: 0, released: 1 });
    using next = await pool.acquire('a');
    expect(next.value).not.toBe(thing);
  });

  test('that is shared comes back with the last of its handles', async () => {
    const works = new Works();
    const pool = poolOf(works);
    const first = await pool.acquire('a');
    const second = first.share();
    expect(thrownBy(() => first.detach())).toBeInstanceOf(InUseError);
    first.dispose();
    expect(pool.stats()).toMatchObject({ idle: 0, leased: 1 });
    second.dispose();
    expect(pool.stats()).toMatchObject({ idle: 1, leased: 0 });
  });

  test('that is shared and then discarded by one is released with the last', async () => {
    const works = new Works();
    const pool = poolOf(works);
    const first = await pool.acquire('a');
    const second = first.share();
    first.discard();
    expect(second.value.id).toBe(1);
    second.dispose();
    await settled();
    expect(works.released).toHaveLength(1);
    expectQuiet(pool, works);
  });

  test('that was moved goes on in the new handle', async () => {
    const works = new Works();
    const pool = poolOf(works);
    const first = await pool.acquire('a');
    const second = first.move();
    first.dispose();
    first.discard();
    expect(thrownBy(() => first.value)).toBeInstanceOf(MovedError);
    expect(second.value.id).toBe(1);
    second.dispose();
    expect(pool.stats()).toMatchObject({ idle: 1, leased: 0 });
  });

  test.each(['dispose', 'discard'] as const)('with a use in flight stays out until it has ended, after %s', async (end) => {
    const works = new Works();
    const pool = poolOf(works, { max: 1 });
    const lease = await pool.acquire('a');
    const work = gate();
    const use = lease.use(() => work.promise);
    lease[end]();
    expect(lease.state).toBe('closing');
    const next = outcomeOf(pool.acquire('a'));
    await settled();
    expect([next.state, works.released.length]).toEqual(['waiting', 0]);
    work.open();
    await use;
    await settled();
    expect(next.state).toBe('granted');
    expect(next.value?.value.id).toBe(end === 'dispose' ? 1 : 2);
    next.value?.dispose();
  });

  test('has children, which come back before it', async () => {
    const pool = poolOf(new Works());
    const children = defineResource({ kind: 'child', openSync: () => 1, release: () => {} });
    const lease = await pool.acquire('a');
    const child = children.acquireSync(undefined, { parent: lease });
    expect(thrownBy(() => lease.detach())).toBeInstanceOf(InUseError);
    lease.dispose();
    expect(pool.stats()).toMatchObject({ idle: 0, leased: 1 });
    child.dispose();
    expect(pool.stats()).toMatchObject({ idle: 1, leased: 0 });
    expect(thrownBy(() => children.acquireSync(undefined, { parent: lease }))).toBeInstanceOf(DisposedError);
  });

  test('goes through stacks', async () => {
    const pool = poolOf(new Works());
    const program = async (): Promise<AsyncDisposableStack> => {
      await using stack = new AsyncDisposableStack();
      const lease = stack.use(await pool.acquire('a'));
      stack.use(await pool.acquire('a')).discard();
      expect(lease.value.id).toBe(1);
      return stack.move();
    };
    const kept = await program();
    expect(pool.stats()).toMatchObject({ idle: 0, leased: 1, released: 1 });
    await kept.disposeAsync();
    expect(pool.stats()).toMatchObject({ idle: 1, leased: 0 });
  });

  test('ends with the operation of `use`, also where that fails', async () => {
    const pool = poolOf(new Works());
    expect(await pool.use(async ({ id }) => id, 'a')).toBe(1);
    await expect(pool.use(() => Promise.reject(new Error('mine')), 'a')).rejects.toThrow('mine');
    expect(pool.stats()).toMatchObject({ idle: 1, leased: 0, opened: 1 });
  });
});

describe('idle ones', () => {
  test.each([
    ['lifo', [2, 1]],
    ['fifo', [1, 2]],
  ] as const)('are lent in the order %s', async (order, ids) => {
    const pool = poolOf(new Works(), { order });
    const both = [await pool.acquire('a'), await pool.acquire('a')];
    for (const lease of both) lease.dispose();
    const leases = [await pool.acquire('a'), await pool.acquire('a')];
    expect(leases.map(({ value }) => value.id)).toEqual(ids);
    for (const lease of leases) lease.dispose();
  });

  test('serve their own key alone; where the pool is full the least recently used of another key makes room', async () => {
    const works = new Works();
    const pool = poolOf(works, { key: (request) => request });
    const [a, b] = [await pool.acquire('a'), await pool.acquire('b')];
    b.dispose();
    a.dispose();
    using again = await pool.acquire('a');
    expect(again.value).toMatchObject({ key: 'a', id: 1 });
    using other = await pool.acquire('c');
    expect(other.value.key).toBe('c');
    expect(works.released.map(({ key }) => key)).toEqual(['b']);
    expect(works.most).toBe(2);
  });

  test('are evicted when they have been idle for too long, down to `min`', async () => {
    const works = new Works();
    const pool = poolOf(works, { max: 3, min: 1, minRequest: 'a', idleTimeout: 1_000 });
    await settled();
    expect(pool.stats().idle).toBe(1);
    const leases = await Promise.all([pool.acquire('a'), pool.acquire('a'), pool.acquire('a')]);
    for (const lease of leases) lease.dispose();
    await pass(900);
    expect(pool.stats().idle).toBe(3);
    await pass(1_000);
    expect(pool.stats()).toMatchObject({ idle: 1, size: 1 });
    await pool.drain();
  });

  test('that were used meanwhile have not been idle', async () => {
    const pool = poolOf(new Works(), { idleTimeout: 1_000 });
    for (let round = 0; round < 10; round++) {
      const lease = await pool.acquire('a');
      lease.dispose();
      await pass(500);
    }
    expect(pool.stats().opened).toBe(1);
    await pool.drain();
  });

  test('end when they are too old, the lent ones when they come back, and `min` is opened anew', async () => {
    const works = new Works();
    const pool = poolOf(works, { min: 1, minRequest: 'a', maxLifetime: 10_000 });
    const lease = await pool.acquire('a');
    await pass(9_000);
    expect(works.released).toHaveLength(0);
    await pass(6_000);
    expect(lease.value.id).toBe(1);
    lease.dispose();
    await settled();
    expect(works.released).toHaveLength(1);
    expect(pool.stats()).toMatchObject({ size: 1, opened: 2 });
    await pool.drain();
  });
});

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

describe('who waits', () => {
  test('is served in order within a priority, a higher one first', async () => {
    const pool = poolOf(new Works(), { max: 1 });
    const held = await pool.acquire('a');
    const order: string[] = [];
    const wait = (name: string, options: object): Promise<void> =>
      pool.acquire('a', options).then((lease) => {
        order.push(name);
        lease.dispose();
      });
    const waits = [wait('first', {}), wait('second', { label: 'x' }), wait('urgent', { priority: 1 }), wait('third', { timeout: 1_000 })];
    held.dispose();
    await Promise.all(waits);
    expect(order).toEqual(['urgent', 'first', 'second', 'third']);
  });

  test('is not overtaken by one who comes in the moment in which room is made', async () => {
    const works = new Works();
    const pool = poolOf(works);
    const [a, b] = [await pool.acquire('a'), await pool.acquire('a')];
    const waits = outcomeOf(pool.acquire('a', { label: 'who waits' }));
    a.discard();
    b.dispose();
    const late = pool.tryAcquire('a');
    const later = outcomeOf(pool.acquire('a'));
    await settled();
    expect([waits.value?.value.id, late, later.value?.value.id]).toEqual([2, undefined, 3]);
    waits.value?.dispose();
    later.value?.dispose();
  });

  test('on another key goes before those who lack a place for less long', async () => {
    const works = new Works();
    const pool = poolOf(works, { max: 3, key: (request) => request });
    works.releases = 'wait';
    for (const lease of await Promise.all(['x', 'y', 'z'].map((key) => pool.acquire(key)))) lease.dispose();
    const order: string[] = [];
    const outcomes = ['a', 'b', 'c'].map((key) => {
      const acquire = pool.acquire(key);
      void acquire.then(() => order.push(key));
      return outcomeOf(acquire);
    });
    await settled();
    for (let index = 0; index < 3; index++) {
      works.gates.release[index]?.open();
      await settled();
    }
    expect(order).toEqual(['a', 'b', 'c']);
    works.releases = 'ok';
    for (const { value } of outcomes) value?.dispose();
    await settled();
    expect(works.most).toBe(3);
  });
});

describe('tryAcquire', () => {
  test('lends what is idle, opens nothing, and overtakes nobody', async () => {
    const works = new Works();
    const pool = poolOf(works, { max: 1 });
    expect(pool.tryAcquire('a')).toBeUndefined();
    (await pool.acquire('a')).dispose();
    const lease = pool.tryAcquire('a');
    expect(lease?.value.id).toBe(1);
    expect(pool.tryAcquire('a')).toBeUndefined();
    lease?.dispose();
    expect(pool.stats()).toMatchObject({ idle: 1, leased: 0 });
  });

  test('takes another where a check within the call says no', async () => {
    const works = new Works();
    const pool = poolOf(works, { check: ({ id }) => id !== 2 });
    const both = [await pool.acquire('a'), await pool.acquire('a')];
    for (const lease of both) lease.dispose();
    using lease = pool.tryAcquire('a');
    expect(lease?.value.id).toBe(1);
    expect(works.released.map(({ id }) => id)).toEqual([2]);
  });

  test('begins no check that was seen to take its time', async () => {
    const works = new Works();
    works.checks = 'wait';
    const pool = poolOf(works, { max: 3, check: works.check });
    for (const lease of await Promise.all([pool.acquire('a'), pool.acquire('a'), pool.acquire('a')])) lease.dispose();
    // The first of all finds out.
    for (let round = 0; round < 3; round++) expect(pool.tryAcquire('a')).toBeUndefined();
    expect(works.gates.check).toHaveLength(1);
    expect(pool.stats()).toMatchObject({ size: 3, idle: 2, leased: 0 });
    works.gates.check[0]?.open(true);
    await settled();
    expectQuiet(pool, works);
  });

  test('lends what was idle for too short to need a check', async () => {
    const works = new Works();
    works.checks = 'wait';
    const pool = poolOf(works, { check: works.check, checkAfter: 500 });
    (await pool.acquire('a')).dispose();
    pool.tryAcquire('a')?.dispose();
    await pass(600);
    expect(pool.tryAcquire('a')).toBeUndefined();
    expect(works.gates.check).toHaveLength(1);
    works.gates.check[0]?.open(true);
    await settled();
    const lease = pool.tryAcquire('a');
    expect(lease).toBeDefined();
    lease?.dispose();
  });
});

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

test('kinds with classes of their own are released by them, and lend what they own', async () => {
  const ends: string[] = [];
  class File extends Handle<number> {
    override dispose(): void {
      ends.push(`file ${this.value}`);
      super.dispose();
    }
  }
  const kind = defineResource({ kind: 'file', openSync: () => 7, release: (raw) => void ends.push(`release ${raw}`), handle: File });
  const pool = new Pool(kind, { max: 1 });
  using lease = await pool.acquire();
  expect(lease.value).toBe(7);
  lease.discard();
  expect(ends).toEqual(['file 7', 'release 7']);
  await pool.drain();
});

test('a class whose own detach fails loses no slot', async () => {
  class Stubborn extends AsyncHandle<number> {
    override detach(): number {
      throw new Error('stubborn');
    }
  }
  const kind = defineAsyncResource({ kind: 'stubborn', open: () => 1, release: () => {}, handle: Stubborn });
  const pool = new Pool(kind, { max: 1 });
  const lease = await pool.acquire();
  expect(() => lease.detach()).toThrow('stubborn');
  expect(pool.stats()).toMatchObject({ size: 0, leased: 0 });
  await pool.drain();
});
