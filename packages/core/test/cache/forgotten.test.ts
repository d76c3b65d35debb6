// What was forgotten is found, given back once, and reported where it was acquired: a share makes its entry idle, a cache ends what it holds.
import { Budget, collectGarbage, defineResource, leaks, ResourceCache, type Handle, type LeakEvent } from '@handback/core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { turn } from '../handle/platform.ts';
import { cacheWorld, Library } from './library.ts';

let events: LeakEvent[] = [];
let subscription: Disposable;
beforeEach(() => {
  leaks.configure({ level: 'trace', warn: false });
  events = [];
  subscription = leaks.subscribe((event) => events.push(event));
});
afterEach(() => {
  subscription[Symbol.dispose]();
  leaks.configure({ level: 'trace', warn: true });
});

type Books = ResourceCache<Handle<number>, string>;
const forget = async (cache: Books, name: string, label: string): Promise<void> => void (await cache.acquire(name, { label }));

it('makes an entry idle when the last share was forgotten, and reports that share alone', async () => {
  const { library, budget, cache } = cacheWorld();
  await forget(cache, 'atlas', 'lost');
  await collectGarbage();
  expect(events).toMatchObject([{ event: 'leak', kind: 'book', label: 'lost', bytes: 0 }]);
  expect(events[0]?.site?.frames[0]).toMatchObject({ file: 'packages/core/test/cache/forgotten.test.ts', fn: 'forget' });
  expect([cache.stats(), library.released, budget.stats().used]).toEqual([{ size: 1, idle: 1, opening: 0 }, [], 1]);
  await collectGarbage();
  expect([events.length, cache.stats().idle]).toEqual([1, 1]);
  using again = await cache.acquire('atlas');
  expect([again.value, cache.stats()]).toEqual([101, { size: 1, idle: 0, opening: 0 }]);
});

it('is searched for by a dispose that waits for it', async () => {
  const { library, cache } = cacheWorld();
  await forget(cache, 'atlas', 'lost');
  await turn();
  // Nobody holds it: no dispose of anybody's would end this one.
  await cache.disposeAsync();
  expect([events.length, library.returned]).toEqual([1, ['atlas']]);
});

it('leaves an entry in use while one share lives, though others were forgotten', async () => {
  const { cache } = cacheWorld();
  using held = await cache.acquire('atlas');
  await forget(cache, 'atlas', 'lost');
  await collectGarbage();
  expect([events.length, cache.stats(), held.value]).toEqual([1, { size: 1, idle: 0, opening: 0 }, 101]);
});

it('wins a full budget back from a forgotten share: it is found, then evicted', async () => {
  const { library, budget, kind, cache } = cacheWorld(1);
  await forget(cache, 'atlas', 'lost');
  using direct = await kind.acquire('direct', { timeout: 5_000 });
  expect([direct.value, library.returned, cache.stats(), budget.stats().used]).toEqual([102, ['atlas'], { size: 0, idle: 0, opening: 0 }, 1]);
});

it('wins it back within the call, too', async () => {
  const library = new Library();
  const budget = new Budget({ name: 'desk', capacity: 1 });
  const kind = defineResource({ kind: 'book', openSync: library.openBook, release: library.release, cost: () => ({ budget, amount: 1 }) });
  const cache: Books = new ResourceCache(kind, { key: (name: string) => name });
  await forget(cache, 'atlas', 'lost');
  await turn();
  using direct = kind.acquireSync('direct');
  expect([direct.value, library.returned, cache.stats().size]).toEqual([102, ['atlas'], 0]);
  await cache.disposeAsync();
});

it('releases what a forgotten cache has idle, and reports the line that made it', async () => {
  const { library, budget, kind } = cacheWorld();
  const forgetCache = async (): Promise<void> => {
    const cache = new ResourceCache(kind, { key: (name: string) => name, idleTimeout: 60_000, max: 5 });
    (await cache.acquire('atlas')).dispose();
    (await cache.acquire('bible')).dispose();
  };
  await forgetCache();
  await turn();
  await collectGarbage();
  expect([library.returned.sort(), budget.stats().used]).toEqual([['atlas', 'bible'], 0]);
  expect(events).toMatchObject([{ event: 'leak', kind: 'book', count: { new: 2 } }]);
  expect(events[0]?.site?.frames[0]).toMatchObject({ file: 'packages/core/test/cache/forgotten.test.ts', fn: 'forgetCache' });
});

it('does not take from its users what a forgotten cache has lent', async () => {
  const { library, budget, kind } = cacheWorld();
  const borrow = (): Promise<Handle<number>> => new ResourceCache(kind, { key: (name: string) => name }).acquire('atlas');
  const user = await borrow();
  await turn();
  await collectGarbage();
  expect([events.length, user.value, library.released, budget.stats().used]).toEqual([1, 101, [], 1]);
  user.dispose();
  expect([library.released, budget.stats().used]).toEqual([[101], 0]);
});

it('keeps a cache alive while it opens, though nobody else does', async () => {
  const library = new Library();
  let arrive!: () => void;
  const slow = defineResource({
    kind: 'slow book',
    open: async (name: string) => {
      await new Promise<void>((resolve) => (arrive = resolve));
      return library.openBook(name);
    },
    release: library.release,
  });
  const ask = (): Promise<Handle<number>> => new ResourceCache(slow, { key: (name: string) => name }).acquire('atlas');
  const asked = ask();
  await collectGarbage();
  arrive();
  using user = await asked;
  expect([user.value, events]).toEqual([101, []]);
  await turn();
  await collectGarbage();
  expect([events.length, user.value]).toEqual([1, 101]);
});

it('releases children before what they were acquired under, which is idle when they are gone', async () => {
  const { library, kind, cache } = cacheWorld();
  const parent = await cache.acquire('atlas');
  const child = await kind.acquire('page', { parent });
  parent.dispose();
  expect([parent.state, cache.stats().idle]).toEqual(['closing', 0]);
  cache.evict('atlas');
  child.dispose();
  expect([parent.state, library.returned]).toEqual(['closed', ['page', 'atlas']]);
});

it('reports of a forgotten handle and all that was acquired under it the root alone', async () => {
  const { library, kind, cache } = cacheWorld();
  const forgetFamily = async (): Promise<void> => {
    const parent = await cache.acquire('atlas', { label: 'root' });
    const child = await kind.acquire('page', { parent, label: 'child' });
    await kind.acquire('note', { parent: child, label: 'grandchild' });
  };
  await forgetFamily();
  await turn();
  await collectGarbage();
  expect(events).toMatchObject([{ event: 'leak', label: 'root', count: { new: 1 } }]);
  expect([library.returned, cache.stats()]).toEqual([['note', 'page'], { size: 1, idle: 1, opening: 0 }]);
});

it('brings a share back to idle although its children were forgotten after it was disposed', async () => {
  const { library, kind, cache } = cacheWorld();
  const forgetChild = async (): Promise<void> => {
    const parent = await cache.acquire('atlas');
    await kind.acquire('page', { parent, label: 'child' });
    parent.dispose();
  };
  await forgetChild();
  await turn();
  expect(cache.stats().idle).toBe(0);
  await collectGarbage();
  expect(events).toMatchObject([{ event: 'leak', label: 'child' }]);
  expect([library.returned, cache.stats()]).toEqual([['page'], { size: 1, idle: 1, opening: 0 }]);
});
