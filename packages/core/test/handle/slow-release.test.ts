// An asynchronous release takes its time: the handle is closing meanwhile, its permits are out, and nobody is told that it is over.
import { AsyncHandle, defineAsyncResource, Handle } from '@handback/core';
import { expect, it } from 'vitest';
import { isSettled, type Gate, gate, rejectionOf, slowWorld, turn, type SlowWorld } from './platform.ts';

async function opened(slow: SlowWorld): Promise<AsyncHandle<number>> {
  const opening = slow.kind.acquire();
  await turn();
  slow.openings.at(-1)?.open();
  return opening;
}

it('is closing while its release runs, then closed', async () => {
  const slow = slowWorld();
  const connection = await opened(slow);
  const disposed = connection.disposeAsync();
  expect(connection.state).toBe('closing');
  expect(await isSettled(disposed)).toBe(false);
  slow.releases[0]?.open();
  await disposed;
  expect(connection.state).toBe('closed');
});

it('keeps its permit until it is released', async () => {
  const slow = slowWorld(1);
  const connection = await opened(slow);
  void connection.disposeAsync();
  const next = slow.kind.acquire();
  await turn();
  expect([slow.budget.stats().used, slow.openings.length]).toEqual([1, 1]);
  slow.releases[0]?.open();
  await turn();
  slow.openings[1]?.open();
  expect((await next).detach()).toBe(102);
});

it('refuses uses while it is released', async () => {
  const slow = slowWorld();
  const connection = await opened(slow);
  void connection.disposeAsync();
  expect(() => connection.value).toThrow('Cannot read the value of this connection: it was disposed');
  expect(() => connection.move()).toThrow('Cannot move this connection');
  slow.releases[0]?.open();
});

it('is awaited by await using', async () => {
  const slow = slowWorld();
  const connection = await opened(slow);
  const block = (async () => {
    await using held = connection;
    void held.value;
  })();
  expect(await isSettled(block)).toBe(false);
  slow.releases[0]?.open();
  await block;
  expect(slow.platform.released).toEqual([101]);
});

it('keeps a parent closing until the slow release of its child is done', async () => {
  const slow = slowWorld();
  const parent = await opened(slow);
  const child = slow.kind.own(slow.platform.openRaw(), { parent });
  const ended = parent.disposeAsync();
  void child.disposeAsync();
  await turn();
  expect([parent.state, slow.releases.length]).toEqual(['closing', 1]);
  slow.releases[0]?.open();
  await turn();
  expect([slow.platform.released, slow.releases.length]).toEqual([[102], 2]);
  slow.releases[1]?.open();
  await ended;
  expect(slow.platform.released).toEqual([102, 101]);
});

// A class of one's own may be disposed within the call although its release goes on after it.
it('resolves a disposeAsync that is asked for while the release of a dispose runs', async () => {
  const releases: Gate[] = [];
  const kind = defineAsyncResource({
    kind: 'connection',
    openSync: () => 1,
    release: () => {
      releases.push(gate());
      return releases[0]?.promise as Promise<void>;
    },
    handle: class extends Handle<number> {},
  });
  const connection = kind.own(1);
  connection.dispose();
  const disposed = connection.disposeAsync();
  expect([connection.state, await isSettled(disposed)]).toEqual(['closing', false]);
  releases[0]?.open();
  await disposed;
  expect(connection.state).toBe('closed');
});

it('rejects a disposeAsync that is asked for while the failing release of a dispose runs', async () => {
  const running = gate();
  const kind = defineAsyncResource({ kind: 'connection', openSync: () => 1, release: () => running.promise, handle: class extends Handle<number> {} });
  const connection = kind.own(1);
  connection.dispose();
  const disposed = connection.disposeAsync();
  running.fail(new Error('oops'));
  expect(await rejectionOf(disposed)).toMatchObject({ message: 'oops' });
});
