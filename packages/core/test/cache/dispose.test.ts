// A disposed cache admits nothing, takes nothing from its users, and says when the last resource is gone.
import { ClosedError, defineResource, ResourceCache, SuppressedError } from '@handback/core';
import { expect, it } from 'vitest';
import { isSettled, rejectionOf, turn } from '../handle/platform.ts';
import { cacheWorld, slowCacheWorld } from './library.ts';

it('releases what is idle now, leaves the rest to its last users, and resolves after the last', async () => {
  const { library, budget, cache } = cacheWorld();
  for (const name of ['a', 'b']) (await cache.acquire(name)).dispose();
  const user = await cache.acquire('c');
  const shared = user.share();
  const disposed = cache.disposeAsync();
  expect([library.returned, user.value, cache.stats(), cache.disposeAsync() === disposed]).toEqual([['a', 'b'], 103, { size: 0, idle: 0, opening: 0 }, true]);
  user.dispose();
  expect([await isSettled(disposed), shared.value]).toEqual([false, 103]);
  shared.dispose();
  await disposed;
  expect([library.returned, budget.stats().used]).toEqual([['a', 'b', 'c'], 0]);
});

it('resolves at once where nothing is open', async () => {
  const { cache } = cacheWorld();
  await cache[Symbol.asyncDispose]();
});

it('refuses those who wait, and later acquires, with ClosedError', async () => {
  const { openings, budget, cache } = slowCacheWorld(10, { max: 1 });
  const waiting = [cache.acquire('a'), cache.acquire('a'), cache.acquire('b')].map(rejectionOf);
  await turn();
  const disposed = cache.disposeAsync();
  for (const error of await Promise.all(waiting)) {
    expect(error).toBeInstanceOf(ClosedError);
    expect((error as Error).message).toBe('Cache of book was disposed: nobody waits for it any more. Acquire before it is disposed, or from a new one.');
  }
  const later = await rejectionOf(cache.acquire('a'));
  expect([later instanceof ClosedError, (later as ClosedError).code, openings.length]).toEqual([true, 'ERR_CLOSED', 1]);
  // The opening under way was told, and is waited for.
  expect([openings[0]?.signal?.aborted, await isSettled(disposed)]).toEqual([true, false]);
  openings[0]?.fail(new Error('stopped'));
  await disposed;
  expect(budget.stats()).toMatchObject({ used: 0, waiting: 0 });
});

it('releases an opening that comes late, and resolves after its release', async () => {
  const { library, openings, releases, budget, cache } = slowCacheWorld();
  const waiting = rejectionOf(cache.acquire('a'));
  const disposed = cache.disposeAsync();
  await waiting;
  openings[0]?.open();
  await turn();
  expect([releases.length, budget.stats().used, await isSettled(disposed)]).toEqual([1, 1, false]);
  releases[0]?.open();
  await disposed;
  expect([library.returned, budget.stats().used]).toEqual([['a'], 0]);
});

it('does not open what is granted in the very moment', async () => {
  const { library, budget, cache } = cacheWorld(1);
  const user = await cache.acquire('a');
  const waiting = rejectionOf(cache.acquire('b'));
  await turn();
  user.dispose();
  await cache.disposeAsync();
  expect([await waiting, library.opened, library.returned, budget.stats()]).toMatchObject([{ code: 'ERR_CLOSED' }, ['a'], ['a'], { used: 0, waiting: 0 }]);
});

it('releases all even where some throw, and rejects with every error', async () => {
  const released: string[] = [];
  const kind = defineResource({
    kind: 'brittle book',
    openSync: (name: string) => name,
    release: (name) => {
      released.push(name);
      if (name !== 'b') throw new Error(`${name} fell apart`);
    },
  });
  const cache = new ResourceCache(kind, { key: (name: string) => name });
  for (const name of ['a', 'b', 'c']) (await cache.acquire(name)).dispose();
  const error = await rejectionOf(cache.disposeAsync());
  expect(error).toBeInstanceOf(SuppressedError);
  expect(error).toMatchObject({ error: new Error('c fell apart'), suppressed: new Error('a fell apart') });
  expect(released).toEqual(['a', 'b', 'c']);
});

it('may be disposed by the release of what it holds, and by the opener of what it opens', async () => {
  const released: string[] = [];
  let disposed: Promise<void> | undefined;
  const kind = defineResource({
    kind: 'curious book',
    openSync: (name: string) => {
      if (name === 'last') disposed = cache.disposeAsync();
      return name;
    },
    release: (name) => {
      released.push(name);
      void cache.disposeAsync();
    },
  });
  const cache: ResourceCache<ReturnType<typeof kind.acquireSync>, string> = new ResourceCache(kind, { key: (name: string) => name });
  (await cache.acquire('a')).dispose();
  const waiting = rejectionOf(cache.acquire('last'));
  expect(await waiting).toMatchObject({ code: 'ERR_CLOSED' });
  await disposed;
  expect(released).toEqual(['a', 'last']);
});
