// A raw is released exactly once: however often, by whichever way and from wherever it is disposed.
import { AsyncDisposableStack, defineAsyncResource, DisposableStack } from '@handback/core';
import { expect, it } from 'vitest';
import { Platform, slowWorld, turn, world } from './platform.ts';

it('releases at the end of its using block', () => {
  const { platform, budget, kind } = world();
  {
    using file = kind.acquireSync();
    expect(platform.open.has(file.value)).toBe(true);
    expect(budget.stats().used).toBe(1);
  }
  expect(platform.released).toEqual([101]);
  expect(budget.stats().used).toBe(0);
});

it('releases once however often it is disposed', async () => {
  const { platform, budget, kind } = world();
  const file = await kind.acquire();
  file.dispose();
  file.dispose();
  file[Symbol.dispose]();
  await file.disposeAsync();
  await file[Symbol.asyncDispose]();
  expect(platform.released).toEqual([101]);
  expect(budget.stats().used).toBe(0);
});

it('is open, then closed; silent when disposed again', () => {
  const { kind } = world();
  const file = kind.acquireSync();
  expect(file.state).toBe('open');
  file.dispose();
  expect(file.state).toBe('closed');
  expect(file.dispose()).toBeUndefined();
});

it('answers the same promise however often disposeAsync is called', async () => {
  const { kind, openings, releases, platform } = slowWorld();
  const opening = kind.acquire();
  await turn();
  openings[0]?.open();
  const connection = await opening;
  const first = connection.disposeAsync();
  const second = connection[Symbol.asyncDispose]();
  expect(second).toBe(first);
  releases[0]?.open();
  await first;
  expect(connection.disposeAsync()).toBe(first);
  expect(platform.released).toEqual([101]);
  expect(releases).toHaveLength(1);
});

it('resolves disposeAsync after the release, not before', async () => {
  const platform = new Platform();
  let released = false;
  const kind = defineAsyncResource({
    kind: 'connection',
    open: platform.openRaw,
    release: async (raw: number) => {
      await turn();
      platform.release(raw);
      released = true;
    },
  });
  await (await kind.acquire()).disposeAsync();
  expect(released).toBe(true);
});

it('resolves disposeAsync where a plain dispose has released it before', async () => {
  const { kind, platform } = world();
  const file = kind.acquireSync();
  file.dispose();
  const promise = file.disposeAsync();
  expect(file.disposeAsync()).toBe(promise);
  await promise;
  expect(platform.released).toEqual([101]);
});

it('is held by stacks of both sorts, and released by them once', async () => {
  const { platform, kind } = world();
  const stack = new DisposableStack();
  stack.use(kind.acquireSync()).dispose();
  stack.dispose();
  const later = new AsyncDisposableStack();
  later.use(await kind.acquire());
  await later.disposeAsync();
  expect(platform.released).toEqual([101, 102]);
});

it('counts what is owned from elsewhere as its own, and releases it once', () => {
  const { platform, kind } = world();
  const raw = platform.openRaw();
  {
    using file = kind.own(raw, { label: 'inherited' });
    expect([file.value, file.kind, file.label]).toEqual([raw, 'file', 'inherited']);
  }
  expect(platform.released).toEqual([raw]);
});

it('gives the release the raw, and nothing else', () => {
  const calls: unknown[][] = [];
  const { kind } = world();
  kind.own(1_000_000, {}).detach();
  const own = defineAsyncResource({ kind: 'x', open: () => 7, release: (...values: unknown[]) => void calls.push(values) });
  void own.own(7).disposeAsync();
  expect(calls).toEqual([[7]]);
});

it('releases each of ten thousand once, in whatever order they are disposed', () => {
  const { platform, budget, kind } = world(10_000);
  const files = Array.from({ length: 10_000 }, () => kind.acquireSync());
  const order = files.map((_, index) => (index * 7_919) % files.length);
  for (const index of order) files[index]?.dispose();
  for (const file of files) file.dispose();
  expect(platform.released).toHaveLength(10_000);
  expect(platform.open.size).toBe(0);
  expect(budget.stats().used).toBe(0);
});

it('gives its permits back after the release, never before', () => {
  const { platform, budget, kind } = world(1);
  const used: number[] = [];
  const release = platform.release;
  platform.release = (raw) => release(raw);
  const watched = defineAsyncResource({
    kind: 'watched',
    openSync: () => 1,
    release: () => void used.push(budget.stats().used),
    cost: () => ({ budget, amount: 1 }),
  });
  void watched.acquireSync().disposeAsync();
  expect(used).toEqual([1]);
  expect(budget.stats().used).toBe(0);
  kind.acquireSync().dispose();
});
