// Room is won from what nobody uses: by `max`, by a full budget, by hand; never from what is in use.
import {
  AcquireTimeoutError,
  Budget,
  BudgetExceededError,
  defineResource,
  leaks,
  Pool,
  ResourceCache,
  type Handle,
  type LeakEvent,
  type SyncResourceKind,
} from '@handback/core';
import { describe, expect, it, vi } from 'vitest';
import { isSettled, rejectionOf, thrownBy, turn } from '../handle/platform.ts';
import { cacheWorld, slowCacheWorld } from './library.ts';

async function readAll(cache: ResourceCache<Handle<number>, string>, names: readonly string[]): Promise<void> {
  for (const name of names) (await cache.acquire(name)).dispose();
}

it('evicts what was used least recently for a new key, and no more, when `max` are open', async () => {
  const { library, budget, cache } = cacheWorld(10, { max: 3 });
  await readAll(cache, ['a', 'b', 'c', 'a']);
  await readAll(cache, ['d']);
  expect([library.returned, library.shelved, cache.stats()]).toEqual([['b'], ['a', 'c', 'd'], { size: 3, idle: 3, opening: 0 }]);
  await readAll(cache, ['e', 'f']);
  expect([library.returned, budget.stats().used]).toEqual([['b', 'c', 'a'], 3]);
});

it('has a new key wait while all that `max` allows is in use, until one of them is idle', async () => {
  const { library, cache } = cacheWorld(10, { max: 2 });
  const [a, b] = [await cache.acquire('a'), await cache.acquire('b')];
  const shared = await cache.acquire('a');
  const waiting = cache.acquire('c');
  expect([await isSettled(waiting), cache.stats()]).toEqual([false, { size: 2, idle: 0, opening: 1 }]);
  a.dispose();
  expect(await isSettled(waiting)).toBe(false);
  b.dispose();
  // At once, not by a timer of the reclaim.
  expect(library.returned).toEqual(['b']);
  const c = await waiting;
  expect([library.opened, cache.stats()]).toEqual([['a', 'b', 'c'], { size: 2, idle: 0, opening: 0 }]);
  shared.dispose();
  c.dispose();
});

it('holds up nobody else on the budget of its kind while it waits for `max`', async () => {
  const { budget, kind, cache } = cacheWorld(10, { max: 1 });
  const held = await cache.acquire('a');
  const waiting = cache.acquire('b');
  expect([await isSettled(waiting), budget.stats().waiting]).toEqual([false, 0]);
  using permit = budget.tryAcquire(1);
  using direct = await kind.acquire('direct');
  expect([permit?.amount, direct.value]).toEqual([1, 102]);
  held.dispose();
  (await waiting).dispose();
});

it('makes a place for a new key at once, though the reclaim of others is just pausing', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance'] });
  const elsewhere = new Budget({ name: 'elsewhere', capacity: 1 });
  const permit = elsewhere.acquireSync();
  const others = elsewhere.acquire();
  await vi.advanceTimersByTimeAsync(2_000);
  const { library, cache } = cacheWorld(10, { max: 1 });
  await readAll(cache, ['a', 'b']);
  expect([library.opened, library.returned]).toEqual([['a', 'b'], ['a']]);
  permit.dispose();
  (await others).dispose();
  await vi.advanceTimersByTimeAsync(2_000);
  vi.useRealTimers();
});

it('counts under `max` what was evicted in use, until its last user has left', async () => {
  const { library, cache } = cacheWorld(10, { max: 1 });
  const old = await cache.acquire('a');
  cache.evict('a');
  expect(cache.stats()).toEqual({ size: 0, idle: 0, opening: 0 });
  const fresh = cache.acquire('a');
  expect(await isSettled(fresh)).toBe(false);
  old.dispose();
  expect([(await fresh).value, library.released]).toEqual([102, [101]]);
  (await fresh).dispose();
});

it('ends a wait for `max` by the time-out of who waits, and names who holds it', async () => {
  leaks.configure({ level: 'trace' });
  const { budget, cache } = cacheWorld(10, { max: 1 });
  using _held = await cache.acquire('a', { label: 'Ann' });
  const error = await rejectionOf(cache.acquire('b', { timeout: 5 }));
  expect(error).toBeInstanceOf(AcquireTimeoutError);
  expect(error).toMatchObject({ phase: 'wait', budget: 'cache of book', requested: 1, capacity: 1, used: 1, holders: [{ label: 'Ann', amount: 1 }] });
  expect((error as Error).message).toMatch(
    /^No book 'b' within 5 ms: the time went by waiting for budget 'cache of book'\. 1 book asked for, 1 of 1 book in use/,
  );
  await turn();
  expect([budget.stats().used, cache.stats()]).toEqual([1, { size: 1, idle: 0, opening: 0 }]);
});

it('evicts for all who wait for `max`, as many as they are, and while slow releases run no more', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance'] });
  const { openings, releases, cache } = slowCacheWorld(10, { max: 3 });
  for (const name of ['a', 'b', 'c']) {
    const asked = cache.acquire(name);
    openings.at(-1)?.open();
    await (await asked).disposeAsync();
  }
  const waiting = [cache.acquire('d'), cache.acquire('e')];
  // The reclaim of those who wait has come round many times.
  await vi.advanceTimersByTimeAsync(3_000);
  expect([releases.length, cache.stats()]).toEqual([2, { size: 1, idle: 1, opening: 2 }]);
  for (const release of releases) release.open();
  await turn();
  expect(openings.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd', 'e']);
  for (const opening of openings) opening.open();
  for (const handle of await Promise.all(waiting)) await handle.disposeAsync();
  expect([releases.length, cache.stats()]).toEqual([2, { size: 3, idle: 3, opening: 0 }]);
  await vi.advanceTimersByTimeAsync(2_000);
  vi.useRealTimers();
});

it('gives a full budget what is idle, least recently used first over several caches, and nothing that is in use', async () => {
  const { library, budget, kind, cache } = cacheWorld(3);
  const other = new ResourceCache(kind, { key: (name: string) => name });
  await readAll(cache, ['a']);
  await readAll(other, ['b']);
  const held = await cache.acquire('c');
  await readAll(cache, ['a']);
  using one = await kind.acquire('direct');
  expect([library.returned, one.value]).toEqual([['b'], 104]);
  using _two = (kind as SyncResourceKind<number, string, Handle<number>>).acquireSync('direct too');
  expect([library.returned, cache.stats(), budget.stats()]).toMatchObject([['b', 'a'], { size: 1, idle: 0 }, { used: 3, reclaimed: 2 }]);
  expect(thrownBy(() => (kind as SyncResourceKind<number, string, Handle<number>>).acquireSync('no more'))).toBeInstanceOf(BudgetExceededError);
  expect(held.value).toBe(103);
  held.dispose();
  await other.disposeAsync();
});

it('gives at once what becomes idle while somebody waits for the budget', async () => {
  const { library, kind, cache } = cacheWorld(1);
  const user = await cache.acquire('a');
  const waiting = kind.acquire('direct');
  expect(await isSettled(waiting)).toBe(false);
  user.dispose();
  expect([library.returned, cache.stats()]).toEqual([['a'], { size: 0, idle: 0, opening: 0 }]);
  (await waiting).dispose();
});

it('has a key of its own wait for the budget, and evicts for it', async () => {
  const { library, budget, cache } = cacheWorld(2);
  const held = await cache.acquire('a');
  await readAll(cache, ['b']);
  using c = await cache.acquire('c');
  expect([library.returned, c.value]).toEqual([['b'], 103]);
  const waiting = cache.acquire('d');
  expect(await isSettled(waiting)).toBe(false);
  held.dispose();
  (await waiting).dispose();
  expect([library.returned, budget.stats()]).toMatchObject([['b', 'a'], { used: 2, waiting: 0 }]);
});

it('evicts only what gives something to the budget that is full', async () => {
  const [left, right] = [new Budget({ name: 'left', capacity: 1 }), new Budget({ name: 'right', capacity: 1 })];
  const released: string[] = [];
  const kind = defineResource({
    kind: 'sided book',
    openSync: (name: string) => name,
    release: (name) => void released.push(name),
    cost: (name) => ({ budget: name.startsWith('left') ? left : right, amount: 1 }),
  });
  await using cache = new ResourceCache(kind, { key: (name: string) => name });
  (await cache.acquire('left 1')).dispose();
  (await cache.acquire('right 1')).dispose();
  (await cache.acquire('right 2')).dispose();
  expect([released, cache.stats().idle]).toEqual([['right 1'], 2]);
});

it('releases by hand what is idle now, and what is in use with its last user', async () => {
  const { library, cache } = cacheWorld();
  await readAll(cache, ['a', 'b']);
  const [c, shared] = [await cache.acquire('c'), await cache.acquire('c')];
  cache.evict('a');
  cache.evict('a');
  expect([library.returned, cache.stats()]).toEqual([['a'], { size: 2, idle: 1, opening: 0 }]);
  cache.evict('c');
  c.dispose();
  expect([library.returned, shared.value]).toEqual([['a'], 103]);
  using again = await cache.acquire('c');
  expect(again.value).toBe(104);
  const disposed = shared.disposeAsync();
  await disposed;
  expect([library.returned, cache.stats()]).toEqual([['a', 'c'], { size: 2, idle: 1, opening: 0 }]);
  cache.evictAll();
  expect([library.returned, cache.stats(), again.value]).toEqual([['a', 'c', 'b'], { size: 0, idle: 0, opening: 0 }, 104]);
});

it('tells what the release throws by an event, never at somebody else’s acquire', async () => {
  const events: LeakEvent[] = [];
  using _subscription = leaks.subscribe((event) => events.push(event));
  leaks.configure({ warn: false });
  const broken = new Error('the binding broke');
  const kind = defineResource({
    kind: 'brittle book',
    openSync: (name: string) => name,
    release: () => {
      throw broken;
    },
  });
  const cache = new ResourceCache(kind, { key: (name: string) => name, max: 1 });
  await readAll(cache as never, ['a', 'b']);
  cache.evict('b');
  await turn();
  expect(events).toMatchObject([
    { event: 'release-error', kind: 'brittle book', label: 'a', error: broken },
    { event: 'release-error', kind: 'brittle book', label: 'b', error: broken },
  ]);
  // Somebody does wait for this one: its user, since it was evicted before.
  const user = await cache.acquire('c');
  cache.evict('c');
  expect(thrownBy(() => user.dispose())).toBe(broken);
  expect([events.length, cache.stats()]).toEqual([2, { size: 0, idle: 0, opening: 0 }]);
  leaks.configure({ warn: true });
});

it('evicts more than is needed where the platform has run out, though no budget counts it', async () => {
  let room = 3;
  const kind = defineResource({
    kind: 'platform book',
    openSync: (name: string) => {
      if (room === 0) throw Object.assign(new Error('EMFILE'), { code: 'EMFILE' });
      room--;
      return name;
    },
    release: () => void room++,
    isExhausted: (error) => (error as { code?: string }).code === 'EMFILE',
  });
  await using cache = new ResourceCache(kind, { key: (name: string) => name });
  for (const name of ['a', 'b', 'c', 'd']) (await cache.acquire(name)).dispose();
  expect(cache.stats()).toEqual({ size: 1, idle: 1, opening: 0 });
});

describe('where the resources of a kind cost different budgets', () => {
  const [paid, other] = ['paid', 'other'];
  function world() {
    const budgets = new Map([paid, other].map((name) => [name, new Budget({ name, capacity: 3 })]));
    const released: string[] = [];
    const kind = defineResource({
      kind: 'tile',
      open: async (name: string) => name,
      release: (name) => void released.push(name),
      cost: (name: string) => ({ budget: budgets.get(name.split('/')[0] as string) as Budget, amount: 1 }),
    });
    const cache = new ResourceCache(kind, { key: (name) => name });
    return { budget: budgets.get(paid) as Budget, cache, kind, released };
  }
  const idle = async (cache: ResourceCache<Handle<string>, string>, ...names: string[]): Promise<void> => {
    for (const name of names) (await cache.acquire(name)).dispose();
  };

  it('evicts all that is needed within the call, though something of another budget has been idle for longer', async () => {
    const { budget, cache, released } = world();
    await idle(cache, 'other/1', 'paid/1', 'paid/2', 'paid/3');
    budget.acquireSync(2).dispose();
    expect(released).toEqual(['paid/1', 'paid/2']);
  });

  it('leaves no idle resource of a pool out because a cache holds something older of another budget', async () => {
    const { budget, cache, released } = world();
    const presses = defineResource({ kind: 'press', open: async () => 1, release: () => void released.push('press'), cost: () => ({ budget, amount: 3 }) });
    await using pool = new Pool(presses, { max: 1 });
    await idle(cache, 'paid/1', 'other/1');
    cache.evict('paid/1');
    (await pool.acquire()).dispose();
    budget.acquireSync(1).dispose();
    expect(released).toEqual(['paid/1', 'press']);
  });

  it('evicts from a pool, too, nothing that gives nothing to the budget that is full', async () => {
    const { budget, kind, released } = world();
    await using pool = new Pool(kind, { max: 4, key: (name) => name });
    for (const name of ['other/1', 'paid/1', 'paid/2', 'paid/3']) (await pool.acquire(name)).dispose();
    budget.acquireSync(2).dispose();
    expect(released).toEqual(['paid/1', 'paid/2']);
  });
});
