// Several at once: their permits are taken all or none, and the first failure undoes them all, those that come late too.
import {
  AcquireTimeoutError,
  AsyncHandles,
  Budget,
  BudgetExceededError,
  defineAsyncResource,
  defineResource,
  Handle,
  Handles,
  SuppressedError,
} from '@handback/core';
import { afterEach, expect, it, vi } from 'vitest';
import { gate, type Gate, isSettled, Platform, rejectionOf, slowWorld, thrownBy, turn, world } from './platform.ts';

afterEach(() => void vi.useRealTimers());

const broken = new Error('broken');

/** Opens what the test lets it open, request by request. */
function gated(capacity = 10) {
  const platform = new Platform();
  const budget = new Budget({ name: 'gated', capacity });
  const openings = new Map<string, Gate>();
  const kind = defineResource({
    kind: 'part',
    open: async (request: string) => {
      const opening = gate();
      openings.set(request, opening);
      await opening.promise;
      return platform.openRaw();
    },
    release: platform.release,
    cost: () => ({ budget, amount: 1 }),
  });
  return { platform, budget, openings, kind };
}

it('answers one disposable array, in the order of the requests', async () => {
  const { platform, budget, kind } = world();
  {
    using files = await kind.acquireAll([undefined, undefined, undefined], { label: 'parts' });
    expect(files).toBeInstanceOf(Handles);
    expect(files.map(({ value, label }) => [value, label])).toEqual([
      [101, 'parts'],
      [102, 'parts'],
      [103, 'parts'],
    ]);
    expect(budget.stats().used).toBe(3);
  }
  expect([platform.released, budget.stats().used]).toEqual([[103, 102, 101], 0]);
});

it('answers an array for await using where the release is asynchronous', async () => {
  const platform = new Platform();
  const kind = defineAsyncResource({ kind: 'connection', open: platform.openRaw, release: async (raw: number) => platform.release(raw) });
  {
    await using all = await kind.acquireAll([undefined, undefined]);
    expect([all instanceof AsyncHandles, all instanceof Handles, all.length]).toEqual([true, false, 2]);
  }
  expect(platform.released).toEqual([102, 101]);
});

it('is disposed once, all of them even if some throw, and is an ordinary array beside', async () => {
  const platform = new Platform();
  const kind = defineResource({
    kind: 'part',
    openSync: platform.openRaw,
    release: (raw) => {
      platform.release(raw);
      if (raw !== 102) throw broken;
    },
  });
  const all = await kind.acquireAll([undefined, undefined, undefined]);
  expect(all.slice()).not.toBeInstanceOf(Handles);
  expect(thrownBy(() => all.dispose())).toBeInstanceOf(SuppressedError);
  all.dispose();
  await all.disposeAsync();
  expect(platform.released).toEqual([103, 102, 101]);
});

it('answers an empty array for no requests', async () => {
  const { kind } = world();
  using all = await kind.acquireAll([]);
  expect(all).toHaveLength(0);
});

it('takes the permits of all at one ticket, or none: two that need many never hold half each', async () => {
  const { budget, kind, openings } = gated(4);
  const first = kind.acquireAll(['a1', 'a2', 'a3']);
  const second = kind.acquireAll(['b1', 'b2', 'b3']);
  await turn();
  expect([budget.stats().used, budget.stats().waiting, [...openings.keys()]]).toEqual([3, 1, ['a1', 'a2', 'a3']]);
  for (const opening of openings.values()) opening.open();
  (await first).dispose();
  await turn();
  expect([...openings.keys()].slice(3)).toEqual(['b1', 'b2', 'b3']);
  for (const opening of openings.values()) opening.open();
  (await second).dispose();
  expect(budget.stats().used).toBe(0);
});

it('refuses at once what can never be had together', async () => {
  const { kind, budget } = gated(2);
  const error = (await rejectionOf(kind.acquireAll(['a', 'b', 'c']))) as BudgetExceededError;
  expect(error).toBeInstanceOf(BudgetExceededError);
  expect([error.requested, error.capacity, budget.stats().used]).toEqual([3, 2, 0]);
});

it('undoes all when one fails: what is open is released before it rejects, what comes late when it comes', async () => {
  const { platform, budget, kind, openings } = gated();
  const all = kind.acquireAll(['open', 'failing', 'late']);
  const rejected = rejectionOf(all);
  await turn();
  openings.get('open')?.open();
  await turn();
  openings.get('failing')?.fail(broken);
  expect(await rejected).toBe(broken);
  expect([platform.released, platform.open.size, budget.stats().used]).toEqual([[101], 0, 1]);
  openings.get('late')?.open();
  await turn();
  expect([platform.released, budget.stats().used]).toEqual([[101, 102], 0]);
});

it('rejects with the first failure of several, and counts each once', async () => {
  const { budget, kind, openings } = gated();
  const rejected = rejectionOf(kind.acquireAll(['same', 'other', 'third']));
  await turn();
  openings.get('other')?.fail(broken);
  openings.get('same')?.fail(new Error('second'));
  openings.get('third')?.fail(broken);
  expect(await rejected).toBe(broken);
  await turn();
  expect(budget.stats().used).toBe(0);
});

it('joins the failure with what the releases of the others throw', async () => {
  const platform = new Platform();
  const eio = new Error('EIO');
  const kind = defineResource({
    kind: 'part',
    open: async (request: number) => {
      await turn();
      if (request === 2) throw broken;
      return platform.openRaw();
    },
    release: (raw) => {
      platform.release(raw);
      throw eio;
    },
  });
  const error = await rejectionOf(kind.acquireAll([1, 2]));
  expect(error).toBeInstanceOf(SuppressedError);
  expect(error).toMatchObject({ error: eio, suppressed: broken });
  expect(platform.open.size).toBe(0);
});

it('opens no more than openConcurrency at once, and none that has not begun after a failure', async () => {
  const { kind, openings, budget } = gated(100);
  const requests = Array.from({ length: 30 }, (_, index) => String(index));
  const rejected = rejectionOf(kind.acquireAll(requests, { openConcurrency: 2 }));
  await turn();
  expect(openings.size).toBe(2);
  openings.get('0')?.open();
  await turn();
  expect(openings.size).toBe(3);
  openings.get('1')?.fail(broken);
  expect(await rejected).toBe(broken);
  openings.get('2')?.open();
  await turn();
  expect([openings.size, budget.stats().used]).toEqual([3, 0]);
  expect(await rejectionOf(kind.acquireAll(requests, { openConcurrency: 0 }))).toBeInstanceOf(RangeError);
});

it.each(['in line', 'opening', 'granted'] as const)('holds nothing once it was aborted (%s)', async (when) => {
  const { platform, budget, kind, openings } = gated(2);
  const holder = when === 'opening' ? undefined : budget.acquireSync();
  const controller = new AbortController();
  const rejected = rejectionOf(kind.acquireAll(['a', 'b'], { signal: controller.signal }));
  await turn();
  // The permits go to the waiter within this call; its own code runs later.
  if (when === 'granted') holder?.dispose();
  controller.abort(broken);
  expect(await rejected).toBe(broken);
  for (const opening of openings.values()) opening.open();
  await turn();
  holder?.dispose();
  expect([openings.size, platform.open.size, budget.stats().used]).toEqual([when === 'opening' ? 2 : 0, 0, 0]);
});

it('ends at its deadline, counted from the call', async () => {
  vi.useFakeTimers();
  const { budget, kind, openings } = gated(2);
  const rejected = rejectionOf(kind.acquireAll(['a', 'b'], { timeout: 100 }));
  await vi.advanceTimersByTimeAsync(100);
  expect(await rejected).toMatchObject({ phase: 'open' });
  expect(await rejected).toBeInstanceOf(AcquireTimeoutError);
  expect(budget.stats().used).toBe(2);
  for (const opening of openings.values()) opening.open();
  await turn();
  expect(budget.stats().used).toBe(0);
});

it('belongs to its parent from the call on, although it waits in line', async () => {
  const { platform, kind: parents } = world();
  const { budget, kind, openings } = gated(2);
  const parent = parents.acquireSync();
  const holder = budget.acquireSync();
  const opening = kind.acquireAll(['a', 'b'], { parent });
  await turn();
  parent.dispose();
  expect(parent.state).toBe('closing');
  holder.dispose();
  await turn();
  for (const each of openings.values()) each.open();
  const parts = await opening;
  expect(parent.state).toBe('closing');
  parts.dispose();
  expect([parent.state, platform.released]).toEqual(['closed', [101]]);
});

it('gives its parent back every child, whatever failed', async () => {
  const { kind: parents } = world();
  const { kind, openings } = gated(2);
  for (const fail of ['cost', 'capacity', 'open']) {
    const parent = parents.acquireSync();
    const requests = fail === 'capacity' ? ['a', 'b', 'c'] : ['a', 'b'];
    const failing =
      fail === 'cost'
        ? defineResource({
            kind: 'x',
            open: (_: string) => 1,
            release: () => {},
            cost: () => {
              throw broken;
            },
          })
        : kind;
    const rejected = rejectionOf(failing.acquireAll(requests, { parent }));
    await turn();
    openings.get('a')?.fail(broken);
    openings.get('b')?.open();
    await rejected;
    await turn();
    parent.dispose();
    expect([fail, parent.state]).toEqual([fail, 'closed']);
  }
});

it('makes handles of the class that the kind names', async () => {
  class Part extends Handle<number> {}
  const kind = defineResource({ kind: 'part', openSync: () => 1, release: () => {}, handle: Part });
  using parts = await kind.acquireAll([undefined]);
  expect(parts).toBeInstanceOf(Handles);
  expect(parts[0]).toBeInstanceOf(Part);
});

it('is not settled before the last one is open', async () => {
  const slow = slowWorld();
  const all = slow.kind.acquireAll([undefined, undefined]);
  await turn();
  slow.openings[0]?.open();
  expect(await isSettled(all)).toBe(false);
  slow.openings[1]?.open();
  for (const handle of await all) handle.detach();
});
