// Openers that are late: their caller has gone, by its time-out or its signal. What they open is released, and only then do permits
// and parents get back what they are owed: until then the descriptor exists.
import { AcquireTimeoutError, defineAsyncResource, defineResource, leaks, type LeakEvent } from '@handback/core';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { gate, isSettled, rejectionOf, slowWorld, turn, world } from './platform.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const gone = new Error('the client has gone');

it('rejects with the phase and the numbers when the time goes by opening', async () => {
  const { kind, openings } = slowWorld(3);
  const rejected = rejectionOf(kind.acquire(undefined, { timeout: 2_000, label: 'db' }));
  await vi.advanceTimersByTimeAsync(2_000);
  const error = (await rejected) as AcquireTimeoutError;
  expect(error).toBeInstanceOf(AcquireTimeoutError);
  expect(error).toMatchObject({
    phase: 'open',
    code: 'ERR_ACQUIRE_TIMEOUT',
    kind: 'connection',
    label: 'db',
    budget: 'slow budget',
    capacity: 3,
    used: 1,
    requested: 1,
    waiting: 0,
  });
  expect(error.message).toMatch(/^No connection 'db' within 2000 ms: the time went by opening it\./);
  openings[0]?.fail(gone);
});

it('says the phase where no budget is asked at all', async () => {
  const kind = defineAsyncResource({ kind: 'connection', open: () => new Promise<number>(() => {}), release: () => {} });
  const rejected = rejectionOf(kind.acquire(undefined, { timeout: 10 }));
  await vi.advanceTimersByTimeAsync(10);
  expect(await rejected).toMatchObject({ phase: 'open', message: 'No connection within 10 ms: the time went by opening it.' });
});

it.each([
  ['its time-out', 50, AcquireTimeoutError],
  ['its signal', undefined, Error],
])('releases what is opened after %s, and gives the permit back only then', async (_, timeout, type) => {
  const { platform, budget, kind, openings, releases } = slowWorld(1);
  const controller = new AbortController();
  const rejected = rejectionOf(kind.acquire(undefined, { timeout, signal: controller.signal }));
  const next = kind.acquire();
  await turn();
  if (timeout === undefined) controller.abort(gone);
  await vi.advanceTimersByTimeAsync(50);
  expect(await rejected).toBeInstanceOf(type);
  expect([budget.stats().used, openings.length, platform.open.size]).toEqual([1, 1, 0]);
  openings[0]?.open();
  await turn();
  expect([budget.stats().used, openings.length, platform.open.size, releases.length]).toEqual([1, 1, 1, 1]);
  releases[0]?.open();
  await turn();
  expect([platform.released, openings.length]).toEqual([[101], 2]);
  openings[1]?.open();
  expect((await next).detach()).toBe(102);
  expect(budget.stats().used).toBe(0);
});

it('gives the permit back when the late opener fails in the end', async () => {
  const { budget, kind, openings } = slowWorld(1);
  const controller = new AbortController();
  const rejected = rejectionOf(kind.acquire(undefined, { signal: controller.signal }));
  await turn();
  controller.abort(gone);
  expect(await rejected).toBe(gone);
  expect(budget.stats().used).toBe(1);
  openings[0]?.fail(new Error('refused'));
  await turn();
  expect(budget.stats().used).toBe(0);
});

it('tells the opener by its signal that nobody waits any more', async () => {
  const reasons: unknown[] = [];
  const kind = defineAsyncResource({
    kind: 'connection',
    open: (_request: void, { signal }) =>
      new Promise<number>((_resolve, reject) => {
        signal?.addEventListener('abort', () => {
          reasons.push(signal.reason);
          reject(signal.reason as Error);
        });
      }),
    release: () => {},
  });
  const controller = new AbortController();
  const rejected = [rejectionOf(kind.acquire(undefined, { timeout: 10 })), rejectionOf(kind.acquire(undefined, { signal: controller.signal }))];
  await vi.advanceTimersByTimeAsync(10);
  controller.abort(gone);
  expect(reasons).toEqual(await Promise.all(rejected));
  expect(reasons).toEqual([expect.any(AcquireTimeoutError), gone]);
});

it('gives the opener no signal where nothing can end it', async () => {
  const signals: unknown[] = [];
  const kind = defineAsyncResource({ kind: 'x', open: (_: void, { signal }) => (signals.push(signal), 1), release: () => {} });
  (await kind.acquire()).detach();
  (await kind.acquire(undefined, { timeout: Number.POSITIVE_INFINITY })).detach();
  expect(signals).toEqual([undefined, undefined]);
});

it('does not open for a caller that has gone between its grant and its turn', async () => {
  const { kind, openings, budget } = slowWorld(1);
  const held = kind.acquire();
  await turn();
  openings[0]?.open();
  const holder = await held;
  const controller = new AbortController();
  const rejected = rejectionOf(kind.acquire(undefined, { signal: controller.signal }));
  await turn();
  // The permit goes to the waiter within this call; its own code runs later.
  holder.detach();
  controller.abort(gone);
  expect(await rejected).toBe(gone);
  expect([openings.length, budget.stats().used]).toEqual([1, 0]);
});

it('opens nothing for a signal that was aborted before', async () => {
  const { kind, openings, budget } = slowWorld();
  expect(await rejectionOf(kind.acquire(undefined, { signal: AbortSignal.abort(gone) }))).toBe(gone);
  expect([openings.length, budget.stats().used]).toEqual([0, 0]);
});

it('hears nothing of an abort after it was acquired', async () => {
  const { kind, openings, platform } = slowWorld();
  const controller = new AbortController();
  const opening = kind.acquire(undefined, { signal: controller.signal, timeout: 50 });
  await turn();
  openings[0]?.open();
  const connection = await opening;
  controller.abort(gone);
  await vi.advanceTimersByTimeAsync(100);
  expect([connection.state, platform.released]).toEqual(['open', []]);
  connection.detach();
});

it('leaves no listener and no timer behind', async () => {
  const { kind, openings } = slowWorld();
  const { signal } = new AbortController();
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...all: Parameters<typeof add>) => (listeners++, add(...all));
  signal.removeEventListener = (...all: Parameters<typeof remove>) => (listeners--, remove(...all));
  const opening = kind.acquire(undefined, { signal, timeout: 50 });
  await turn();
  expect(listeners).toBe(1);
  openings[0]?.open();
  (await opening).detach();
  expect([listeners, vi.getTimerCount()]).toEqual([0, 0]);
});

it('tells of a release of a late one that throws: nobody else would', async () => {
  const { platform, budget } = world(1);
  const opening = gate();
  const events: LeakEvent[] = [];
  using _subscription = leaks.subscribe((event) => events.push(event));
  const broken = new Error('EIO');
  const kind = defineAsyncResource({
    kind: 'connection',
    open: () => opening.promise.then(platform.openRaw),
    release: () => Promise.reject(broken),
    cost: () => ({ budget, amount: 1 }),
  });
  const controller = new AbortController();
  const rejected = rejectionOf(kind.acquire(undefined, { signal: controller.signal, label: 'late' }));
  await turn();
  controller.abort(gone);
  expect(await rejected).toBe(gone);
  opening.open();
  await turn();
  expect(events).toMatchObject([{ event: 'release-error', label: 'late', error: broken }]);
  expect(budget.stats().used).toBe(0);
});

it('keeps its parent closing until the late one is released', async () => {
  const { kind, openings, releases } = slowWorld();
  const { kind: parents, platform } = world();
  const parent = parents.acquireSync();
  const controller = new AbortController();
  const rejected = rejectionOf(kind.acquire(undefined, { signal: controller.signal, parent }));
  await turn();
  controller.abort(gone);
  await rejected;
  parent.dispose();
  openings[0]?.open();
  await turn();
  expect([parent.state, platform.released]).toEqual(['closing', []]);
  releases[0]?.open();
  await turn();
  expect([parent.state, platform.released]).toEqual(['closed', [101]]);
});

it('starts the clock at the call: the time in line counts', async () => {
  const { kind, openings, budget } = slowWorld(1);
  const held = kind.acquire();
  await turn();
  openings[0]?.open();
  const holder = await held;
  const rejected = rejectionOf(kind.acquire(undefined, { timeout: 100 }));
  await vi.advanceTimersByTimeAsync(80);
  holder.detach();
  await vi.advanceTimersByTimeAsync(10);
  expect(openings).toHaveLength(2);
  expect(await isSettled(rejected)).toBe(false);
  await vi.advanceTimersByTimeAsync(10);
  expect(await rejected).toMatchObject({ phase: 'open' });
  openings[1]?.fail(gone);
  await turn();
  expect(budget.stats().used).toBe(0);
});

it('does not end an opening at once for a time-out that is longer than timers can be', async () => {
  const open = (): Promise<number> => new Promise((resolve) => void setTimeout(() => resolve(1), 20));
  const kind = defineResource({ kind: 'thing', open, release: () => {} });
  const opening = kind.acquire(undefined, { timeout: 2 ** 32 });
  await vi.advanceTimersByTimeAsync(30);
  using thing = await opening;
  expect(thing.value).toBe(1);
});
