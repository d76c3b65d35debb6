// A release that throws: said to whoever can be told, never twice, never to nobody; and what the resource held goes back all the same.
import { defineAsyncResource, defineResource, DisposableStack, leaks, type LeakEvent, SuppressedError } from '@handback/core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { gate, rejectionOf, slowWorld, thrownBy, turn, world, type World } from './platform.ts';

const broken = new Error('EIO: the disk is gone');

/** A world whose releases throw after the platform has let go: what close(2) does on EIO. */
function brokenWorld(): World {
  const { platform, budget } = world();
  return {
    platform,
    budget,
    kind: defineResource({
      kind: 'file',
      openSync: platform.openRaw,
      release: (raw) => {
        platform.release(raw);
        throw broken;
      },
      cost: () => ({ budget, amount: 1 }),
    }),
  };
}

let events: LeakEvent[];
let subscription: Disposable;
const unhandled: unknown[] = [];
const note = (error: unknown): void => void unhandled.push(error);
beforeEach(() => {
  events = [];
  subscription = leaks.subscribe((event) => events.push(event));
  process.on('unhandledRejection', note);
});
afterEach(async () => {
  subscription[Symbol.dispose]();
  await turn();
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
});

it('throws out of the dispose that ran the release, once; the handle is closed and refunded', () => {
  const { platform, budget, kind } = brokenWorld();
  const file = kind.acquireSync();
  expect(thrownBy(() => file.dispose())).toBe(broken);
  file.dispose();
  expect([file.state, platform.released, budget.stats().used, events]).toEqual(['closed', [101], 0, []]);
});

it('rejects disposeAsync, every time with the same promise', async () => {
  const { budget, kind } = brokenWorld();
  const file = kind.acquireSync();
  const disposed = file.disposeAsync();
  expect(await rejectionOf(disposed)).toBe(broken);
  expect(file.disposeAsync()).toBe(disposed);
  expect([file.state, budget.stats().used, events]).toEqual(['closed', 0, []]);
});

it('rejects the disposeAsync that was asked for, where the release came after the last use', async () => {
  const { budget, kind } = brokenWorld();
  const file = kind.acquireSync();
  const running = gate();
  const use = file.use(() => running.promise);
  const disposed = file.disposeAsync();
  running.open();
  await use;
  expect(await rejectionOf(disposed)).toBe(broken);
  expect([file.state, budget.stats().used, events]).toEqual(['closed', 0, []]);
});

it('becomes an event where the release came after the dispose had returned', async () => {
  const { budget, kind } = brokenWorld();
  const file = await kind.acquire(undefined, { label: 'log' });
  const running = gate();
  const use = file.use(() => running.promise);
  file.dispose();
  running.open();
  await use;
  expect([file.state, budget.stats().used]).toEqual(['closed', 0]);
  expect(events).toMatchObject([{ event: 'release-error', kind: 'file', label: 'log', code: 'HANDBACK_RELEASE_ERROR', how: 'dispose', error: broken }]);
});

it('leaves the result of the last use as it is', async () => {
  const { kind } = brokenWorld();
  const file = kind.acquireSync();
  expect(
    file.use(() => {
      file.dispose();
      return 'read';
    }),
  ).toBe('read');
  const other = kind.acquireSync();
  const use = other.use(async () => 'read');
  other.dispose();
  expect(await use).toBe('read');
  expect(events).toHaveLength(2);
});

it('rejects disposeAsync with what an asynchronous release rejects with', async () => {
  const { kind, openings, releases, budget } = slowWorld();
  const opening = kind.acquire();
  await turn();
  openings[0]?.open();
  const connection = await opening;
  const disposed = connection.disposeAsync();
  releases[0]?.fail(broken);
  expect(await rejectionOf(disposed)).toBe(broken);
  expect([connection.state, budget.stats().used, events]).toEqual(['closed', 0, []]);
});

it('survives a release whose thenable calls back twice, or throws in then', async () => {
  const { budget, platform } = world();
  const rude = [
    { then: (resolve: () => void, reject: (error: unknown) => void) => (resolve(), resolve(), reject(broken)) },
    {
      then: () => {
        throw broken;
      },
    },
  ];
  const kind = defineAsyncResource({
    kind: 'rude',
    openSync: platform.openRaw,
    release: (raw) => {
      platform.release(raw);
      return rude.shift() as unknown as PromiseLike<void>;
    },
    cost: () => ({ budget, amount: 1 }),
  });
  await kind.acquireSync().disposeAsync();
  expect(budget.stats().used).toBe(0);
  expect(await rejectionOf(kind.acquireSync().disposeAsync())).toBe(broken);
  expect(budget.stats().used).toBe(0);
});

it('does not stop the others: all are released, and the errors are joined', () => {
  const { platform, kind } = brokenWorld();
  const stack = new DisposableStack();
  for (let index = 0; index < 3; index++) stack.use(kind.acquireSync());
  const error = thrownBy(() => stack.dispose());
  expect(error).toBeInstanceOf(SuppressedError);
  expect(platform.released).toEqual([103, 102, 101]);
});

it('lets a waiting parent go on', () => {
  const { platform, kind } = brokenWorld();
  const { kind: parents, platform: above } = world();
  const parent = parents.acquireSync();
  const child = kind.acquireSync(undefined, { parent });
  parent.dispose();
  expect(thrownBy(() => child.dispose())).toBe(broken);
  expect([parent.state, above.released, platform.released]).toEqual(['closed', [101], [101]]);
});

it('tells of a parent whose release throws when its last child goes, and not the child', () => {
  const { kind: parents } = brokenWorld();
  const { kind } = world();
  const parent = parents.acquireSync(undefined, { label: 'parent' });
  const child = kind.acquireSync(undefined, { parent });
  parent.dispose();
  child.dispose();
  expect(parent.state).toBe('closed');
  expect(events).toMatchObject([{ event: 'release-error', label: 'parent', error: broken }]);
});

it('serves the next in line although the release threw', async () => {
  const { kind, budget } = brokenWorld();
  budget.resize(1);
  const file = kind.acquireSync();
  const next = kind.acquire();
  expect(thrownBy(() => file.dispose())).toBe(broken);
  expect((await next).detach()).toBe(102);
});
