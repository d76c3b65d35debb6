// A synchronous release that returns a promise: a mistake of the kind's author that nobody would hear of. It is said at once.
import { defineResource, leaks, type LeakEvent } from '@handback/core';
import { expect, it } from 'vitest';
import { gate, thrownBy, turn, world } from './platform.ts';

const unhandled: unknown[] = [];
process.on('unhandledRejection', (error) => unhandled.push(error));

function mistaken() {
  const { platform, budget } = world();
  const kind = defineResource({
    kind: 'socket',
    openSync: platform.openRaw,
    // To TypeScript, what returns a promise returns nothing as well.
    release: (raw: number): Promise<void> => {
      platform.release(raw);
      return Promise.reject(new Error('too late for anybody'));
    },
    cost: () => ({ budget, amount: 1 }),
  });
  return { platform, budget, kind };
}

it('throws a TypeError that names the kind and defineAsyncResource, and has released and refunded all the same', async () => {
  const { platform, budget, kind } = mistaken();
  const socket = kind.acquireSync();
  const error = thrownBy(() => socket.dispose());
  expect(error).toBeInstanceOf(TypeError);
  expect((error as Error).message).toBe("The release of kind 'socket' returned a promise, which nobody awaits. Define the kind with defineAsyncResource.");
  expect([socket.state, platform.released, budget.stats().used]).toEqual(['closed', [101], 0]);
  await turn();
  expect(unhandled).toEqual([]);
});

it('says so by an event where the release came after the dispose had returned', async () => {
  const { kind } = mistaken();
  const events: LeakEvent[] = [];
  using _subscription = leaks.subscribe((event) => events.push(event));
  const socket = kind.acquireSync();
  const running = gate();
  const use = socket.use(() => running.promise);
  socket.dispose();
  running.open();
  await use;
  expect(events).toMatchObject([{ event: 'release-error', kind: 'socket', error: expect.any(TypeError) as Error }]);
  await turn();
  expect(unhandled).toEqual([]);
});

it('says the same of what is owned, where no record was needed', async () => {
  const kind = defineResource({ kind: 'socket', openSync: () => 1, release: async () => {} });
  expect(thrownBy(() => kind.own(1).dispose())).toBeInstanceOf(TypeError);
  await turn();
  expect(unhandled).toEqual([]);
});
