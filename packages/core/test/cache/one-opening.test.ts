// One opening in flight a key: all who ask meanwhile wait for it, each with a signal and a time-out of its own, and share what comes of it.
import { AcquireTimeoutError, type Budget } from '@handback/core';
import { expect, it, vi } from 'vitest';
import { isSettled, rejectionOf, turn } from '../handle/platform.ts';
import { slowCacheWorld, type Opening } from './library.ts';

it('opens once for all who ask meanwhile, and gives each a handle of its own', async () => {
  const { library, budget, openings, cache } = slowCacheWorld();
  const asked = [cache.acquire('atlas'), cache.acquire('bible'), cache.acquire('atlas')];
  await turn();
  expect([openings.map(({ name }) => name), budget.stats().used, cache.stats()]).toEqual([['atlas', 'bible'], 2, { size: 0, idle: 0, opening: 2 }]);
  for (const opening of openings) opening.open();
  const handles = await Promise.all(asked);
  expect(handles.map(({ value }) => value)).toEqual([101, 102, 101]);
  expect(new Set(handles).size).toBe(3);
  expect([library.opened, cache.stats()]).toEqual([['atlas', 'bible'], { size: 2, idle: 0, opening: 0 }]);
  await Promise.all(handles.map((handle) => handle.disposeAsync()));
  expect(cache.stats().idle).toBe(2);
});

it('rejects all who wait with the same error where it fails, and the next acquire tries anew', async () => {
  const { budget, openings, cache } = slowCacheWorld();
  const refused = new Error('closed for lunch');
  const asked = [cache.acquire('atlas'), cache.acquire('atlas')].map(rejectionOf);
  openings[0]?.fail(refused);
  const [one, two] = await Promise.all(asked);
  expect([one === refused, two === refused, budget.stats().used, cache.stats()]).toEqual([true, true, 0, { size: 0, idle: 0, opening: 0 }]);
  const again = cache.acquire('atlas');
  openings[1]?.open();
  await (await again).disposeAsync();
  expect(cache.stats()).toEqual({ size: 1, idle: 1, opening: 0 });
});

it('lets one go by its signal, and takes nothing from the others', async () => {
  const { library, openings, cache } = slowCacheWorld();
  const controller = new AbortController();
  const gone = rejectionOf(cache.acquire('atlas', { signal: controller.signal }));
  const stays = cache.acquire('atlas');
  const reason = new Error('changed my mind');
  controller.abort(reason);
  expect([await gone, openings[0]?.signal?.aborted]).toEqual([reason, false]);
  openings[0]?.open();
  const handle = await stays;
  expect([handle.value, library.opened]).toEqual([101, ['atlas']]);
  await handle.disposeAsync();
});

it('lets one go when its time is over, and says that it went by opening', async () => {
  const { openings, cache } = slowCacheWorld();
  const stays = cache.acquire('atlas', { timeout: 60_000 });
  const error = await rejectionOf(cache.acquire('atlas', { timeout: 5 }));
  expect(error).toBeInstanceOf(AcquireTimeoutError);
  expect(error).toMatchObject({ phase: 'open', kind: 'book', label: 'atlas' });
  expect((error as Error).message).toBe("No book 'atlas' within 5 ms: the time went by opening it. What comes late is released.");
  openings[0]?.open();
  await (await stays).disposeAsync();
});

it('tells the opener when nobody waits any more, and keeps idle what comes all the same', async () => {
  const { library, openings, cache } = slowCacheWorld();
  const controllers = [new AbortController(), new AbortController()];
  const gone = controllers.map(({ signal }) => rejectionOf(cache.acquire('atlas', { signal })));
  controllers[0]?.abort(new Error('first'));
  expect(openings[0]?.signal?.aborted).toBe(false);
  controllers[1]?.abort(new Error('last'));
  await Promise.all(gone);
  expect(openings[0]?.signal?.reason).toEqual(new Error('last'));
  openings[0]?.open();
  await turn();
  expect([cache.stats(), library.released]).toEqual([{ size: 1, idle: 1, opening: 0 }, []]);
  const handle = await cache.acquire('atlas');
  expect([handle.value, openings.length]).toEqual([101, 1]);
  await handle.disposeAsync();
});

it('never opens a key twice at a time: who comes after the opener was told to stop waits for it, then opens anew', async () => {
  const { budget, openings, cache } = slowCacheWorld();
  const controller = new AbortController();
  const gone = rejectionOf(cache.acquire('atlas', { signal: controller.signal }));
  controller.abort(new Error('gone'));
  const late = cache.acquire('atlas');
  await gone;
  expect([openings.length, await isSettled(late)]).toEqual([1, false]);
  // It has done as it was told, which is no failure of those who came later.
  openings[0]?.fail(controller.signal.reason);
  await turn();
  expect([openings.length, budget.stats().used, openings[1]?.signal?.aborted]).toEqual([2, 1, false]);
  openings[1]?.open();
  const handle = await late;
  expect([handle.value, cache.stats()]).toEqual([101, { size: 1, idle: 0, opening: 0 }]);
  await handle.disposeAsync();
});

it('forgets a key whose opener has stopped for nobody', async () => {
  const { budget, openings, cache } = slowCacheWorld();
  const controller = new AbortController();
  const gone = rejectionOf(cache.acquire('atlas', { signal: controller.signal }));
  controller.abort();
  openings[0]?.fail(new Error('stopped'));
  await gone;
  await turn();
  expect([budget.stats().used, cache.stats()]).toEqual([0, { size: 0, idle: 0, opening: 0 }]);
});

it('gives an evicted opening to those who wait for it alone, and opens anew for the next', async () => {
  const { library, openings, releases, cache } = slowCacheWorld();
  const first = cache.acquire('atlas');
  cache.evict('atlas');
  const second = cache.acquire('atlas');
  expect([openings.length, cache.stats()]).toEqual([2, { size: 0, idle: 0, opening: 2 }]);
  for (const opening of openings) opening.open();
  const [old, fresh] = await Promise.all([first, second]);
  expect([old.value, fresh.value]).toEqual([101, 102]);
  const disposed = old.disposeAsync();
  expect(releases).toHaveLength(1);
  releases[0]?.open();
  await disposed;
  await fresh.disposeAsync();
  expect([library.released, cache.stats()]).toEqual([[101], { size: 1, idle: 1, opening: 0 }]);
});

it('releases an evicted opening that comes to nobody', async () => {
  const { openings, releases, budget, cache } = slowCacheWorld();
  const controller = new AbortController();
  const gone = rejectionOf(cache.acquire('atlas', { signal: controller.signal }));
  cache.evict('atlas');
  controller.abort();
  await gone;
  openings[0]?.open();
  await turn();
  expect([releases.length, budget.stats().used]).toEqual([1, 1]);
  releases[0]?.open();
  await turn();
  expect([budget.stats().used, cache.stats()]).toEqual([0, { size: 0, idle: 0, opening: 0 }]);
});

it('rejects a key that its cost or opener refuses within the call, and is as before', async () => {
  const { budget, openings, cache } = slowCacheWorld();
  const asked = rejectionOf(cache.acquire('missing page'));
  openings[0]?.open();
  expect([await asked, budget.stats().used, cache.stats()]).toEqual([new Error("no book 'missing page'"), 0, { size: 0, idle: 0, opening: 0 }]);
});

it('leaves no listener on a signal that many acquires share', async () => {
  const { openings, cache } = slowCacheWorld();
  const listeners = new Set<unknown>();
  const signal = {
    aborted: false,
    reason: undefined,
    addEventListener: (_type: string, listener: unknown) => void listeners.add(listener),
    removeEventListener: (_type: string, listener: unknown) => void listeners.delete(listener),
  } as unknown as AbortSignal;
  const asked = ['atlas', 'atlas', 'bible'].map((name) => cache.acquire(name, { signal }));
  expect(listeners.size).toBe(3);
  openings.forEach((opening: Opening) => (opening.name === 'atlas' ? opening.open() : opening.fail(new Error('refused'))));
  const [one, two] = await Promise.allSettled(asked);
  expect([one?.status, two?.status, listeners.size]).toEqual(['fulfilled', 'fulfilled', 0]);
  for (const each of [one, two]) if (each?.status === 'fulfilled') void each.value.disposeAsync();
});

it('ends a wait in a line that has stalled for those alone who named no time-out', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance'] });
  const { budget, openings, cache } = slowCacheWorld(1);
  const permit = (budget as Budget).acquireSync();
  const patient = cache.acquire('atlas', { timeout: Number.POSITIVE_INFINITY });
  const hasty = rejectionOf(cache.acquire('atlas'));
  await vi.advanceTimersByTimeAsync(29_000);
  expect(await isSettled(hasty)).toBe(false);
  await vi.advanceTimersByTimeAsync(4_000);
  expect(await hasty).toMatchObject({ code: 'ERR_ACQUIRE_TIMEOUT', phase: 'wait', budget: 'desk' });
  await vi.advanceTimersByTimeAsync(35_000);
  expect([await isSettled(patient), budget.stats().waiting, cache.stats()]).toEqual([false, 1, { size: 0, idle: 0, opening: 1 }]);
  permit.dispose();
  await turn();
  openings[0]?.open();
  await (await patient).disposeAsync();
  await vi.advanceTimersByTimeAsync(2_000);
  vi.useRealTimers();
});
