// What a borrower can do with a lease, and that a stale one can do nothing.
import { describe, expect, test } from 'vitest';
import { AsyncDisposableStack, AsyncHandle, defineAsyncResource, defineResource, DisposedError, Handle, InUseError, MovedError, Pool } from '@handback/core';
import { gate } from '../handle/platform.ts';
import { outcomeOf, settled, thrownBy, useFakeClock, withoutCollections } from '../budget/support.ts';
import { expectQuiet, poolOf, Works } from './support.ts';

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
