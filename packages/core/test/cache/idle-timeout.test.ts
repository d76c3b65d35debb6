// What nobody has used for long is evicted: after the time-out, never before, by one timer that keeps nothing alive.
import { defineResource, ResourceCache } from '@handback/core';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { turn } from '../handle/platform.ts';
import { cacheWorld, slowCacheWorld } from './library.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance', 'Date'] }));
afterEach(() => void vi.useRealTimers());
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

it('evicts after the time-out, an eighth late at most, each by its own time', async () => {
  const { library, budget, cache } = cacheWorld(10, { idleTimeout: 800 });
  (await cache.acquire('a')).dispose();
  await pass(350);
  (await cache.acquire('b')).dispose();
  await pass(450);
  expect(library.returned).toEqual([]);
  await pass(100);
  expect(library.returned).toEqual(['a']);
  await pass(250);
  expect(library.returned).toEqual(['a']);
  await pass(100);
  expect([library.returned, budget.stats().used, cache.stats()]).toEqual([['a', 'b'], 0, { size: 0, idle: 0, opening: 0 }]);
});

it('begins anew with each use, and never while in use', async () => {
  const { library, cache } = cacheWorld(10, { idleTimeout: 800 });
  for (let time = 0; time < 5; time++) {
    (await cache.acquire('a')).dispose();
    await pass(700);
  }
  const user = await cache.acquire('a');
  await pass(10_000);
  expect([library.returned, user.value]).toEqual([[], 101]);
  user.dispose();
  await pass(800);
  expect(library.returned).toEqual([]);
  await pass(100);
  expect(library.returned).toEqual(['a']);
});

it('has one timer however much is idle, and none once nothing is', async () => {
  const { cache } = cacheWorld(10, { idleTimeout: 800 });
  await pass(1_000);
  expect(vi.getTimerCount()).toBe(0);
  for (const name of ['a', 'b', 'c']) (await cache.acquire(name)).dispose();
  const before = vi.getTimerCount();
  await pass(10_000);
  expect([before >= 1, vi.getTimerCount(), cache.stats().size]).toEqual([true, 0, 0]);
  (await cache.acquire('a')).dispose();
  await cache.disposeAsync();
  await pass(0);
  expect(vi.getTimerCount()).toBe(0);
});

it('does not evict early where the clock has leapt: a suspended process has used nothing', async () => {
  const { library, cache } = cacheWorld(10, { idleTimeout: 800 });
  (await cache.acquire('a')).dispose();
  await pass(150);
  vi.setSystemTime(Date.now() + 3_600_000);
  const { performance } = globalThis;
  const leapt = vi.spyOn(performance, 'now').mockImplementation(() => 3_600_000);
  await pass(600);
  expect(library.returned).toEqual([]);
  await pass(200);
  expect(library.returned).toEqual(['a']);
  leapt.mockRestore();
});

it('keeps nothing idle where it is 0, not even what came too late for all', async () => {
  const { library, cache } = cacheWorld(10, { idleTimeout: 0 });
  (await cache.acquire('a')).dispose();
  expect([library.returned, cache.stats()]).toEqual([['a'], { size: 0, idle: 0, opening: 0 }]);
  const slow = slowCacheWorld(10, { idleTimeout: 0 });
  const controller = new AbortController();
  const gone = slow.cache.acquire('b', { signal: controller.signal }).catch(() => {});
  controller.abort();
  slow.openings[0]?.open();
  await gone;
  await turn();
  expect([slow.releases.length, slow.cache.stats()]).toEqual([1, { size: 0, idle: 0, opening: 0 }]);
});

it('keeps for ever without one, or with Infinity', async () => {
  const kind = defineResource({ kind: 'eternal book', openSync: () => 1, release: () => {} });
  for (const idleTimeout of [undefined, Number.POSITIVE_INFINITY, 1e15]) {
    const cache = new ResourceCache(kind, { key: () => 'book', idleTimeout });
    (await cache.acquire()).dispose();
    await pass(1e8);
    expect(cache.stats()).toEqual({ size: 1, idle: 1, opening: 0 });
    await cache.disposeAsync();
  }
});
