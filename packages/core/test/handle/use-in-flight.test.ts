// While an operation runs, nothing is closed under it; new ones are refused as soon as the handle was disposed.
import { DisposedError } from '@handback/core';
import { expect, it } from 'vitest';
import { gate, isSettled, rejectionOf, slowWorld, thrownBy, turn, world } from './platform.ts';

it('answers what the operation answers, and throws what it throws', async () => {
  const { kind } = world();
  using file = kind.acquireSync();
  const oops = new Error('oops');
  expect(file.use((raw) => raw + 1)).toBe(102);
  expect(await file.use(async (raw) => raw + 1)).toBe(102);
  expect(
    thrownBy(() =>
      file.use(() => {
        throw oops;
      }),
    ),
  ).toBe(oops);
  expect(await rejectionOf(file.use(() => Promise.reject(oops)))).toBe(oops);
});

it('is closing at once when disposed in use, and released when the last use has ended', async () => {
  const { platform, budget, kind } = world();
  const file = kind.acquireSync();
  const [first, second] = [gate(), gate()];
  const uses = [file.use((raw) => platform.operate(raw, first.promise)), file.use((raw) => platform.operate(raw, second.promise))];
  file.dispose();
  expect(file.state).toBe('closing');
  first.open();
  await uses[0];
  await turn();
  expect([file.state, platform.released, budget.stats().used]).toEqual(['closing', [], 1]);
  second.open();
  await uses[1];
  expect([file.state, platform.released, budget.stats().used]).toEqual(['closed', [101], 0]);
});

it('refuses new uses and the value from the dispose on, while old ones run', async () => {
  const { kind } = world();
  const file = kind.acquireSync();
  const running = gate();
  const use = file.use(() => running.promise);
  file.dispose();
  expect(thrownBy(() => file.value)).toBeInstanceOf(DisposedError);
  expect(thrownBy(() => file.use(() => 0))).toBeInstanceOf(DisposedError);
  running.open();
  await use;
});

it('resolves disposeAsync after the uses in flight and the release', async () => {
  const { platform, kind } = world();
  const file = kind.acquireSync();
  const running = gate();
  const use = file.use((raw) => platform.operate(raw, running.promise));
  const disposed = file.disposeAsync();
  expect(await isSettled(disposed)).toBe(false);
  running.open();
  await use;
  await disposed;
  expect(platform.released).toEqual([101]);
});

it('resolves a disposeAsync that was asked for after a dispose, while a use ran', async () => {
  const { platform, kind } = world();
  const file = kind.acquireSync();
  const running = gate();
  const use = file.use(() => running.promise);
  file.dispose();
  const disposed = file.disposeAsync();
  expect(await isSettled(disposed)).toBe(false);
  running.open();
  await Promise.all([use, disposed]);
  expect(platform.released).toEqual([101]);
});

it('ends a use that rejects or throws like any other', async () => {
  const { platform, kind } = world();
  const file = kind.acquireSync();
  const failing = gate();
  const use = file.use(() => failing.promise);
  expect(thrownBy(() => file.use(() => platform.touch(0)))).toBeInstanceOf(Error);
  file.dispose();
  expect(platform.released).toEqual([]);
  failing.fail(new Error('oops'));
  await rejectionOf(use);
  expect(platform.released).toEqual([101]);
});

it('releases once for a use within a use', async () => {
  const { platform, kind } = world();
  const file = kind.acquireSync();
  const inner = gate();
  const use = file.use(() => file.use(() => inner.promise));
  file.dispose();
  inner.open();
  await use;
  expect(platform.released).toEqual([101]);
  expect(file.state).toBe('closed');
});

it('releases at the end of the operation that disposes it', () => {
  const { platform, kind } = world();
  const file = kind.acquireSync();
  file.use((raw) => {
    file.dispose();
    expect(platform.touch(raw)).toBe(raw);
    expect(file.state).toBe('closing');
  });
  expect(platform.released).toEqual([101]);
});

it('starts a lazy thenable once', async () => {
  const { kind } = world();
  using file = kind.acquireSync();
  let started = 0;
  // As query builders are: each call of then runs the query.
  class Query implements PromiseLike<number> {
    // oxlint-disable-next-line unicorn/no-thenable -- that is what it is
    then: Promise<number>['then'] = (resolve, reject) => Promise.resolve(++started).then(resolve, reject);
  }
  expect(await file.use(() => new Query())).toBe(1);
  expect(started).toBe(1);
});

it('counts a thenable that calls back twice as one use', async () => {
  const { platform, kind } = world();
  const file = kind.acquireSync();
  const running = gate();
  const rude = {
    then(resolve: (value: number) => void) {
      resolve(1);
      resolve(2);
      return running.promise;
    },
  } as unknown as PromiseLike<number>;
  const other = file.use((raw) => platform.operate(raw, running.promise));
  file.use(() => rude);
  file.dispose();
  expect(platform.released).toEqual([]);
  running.open();
  await other;
  expect(platform.released).toEqual([101]);
});

it('counts a thenable that calls back and then throws as one use', () => {
  const { platform, kind } = world();
  const file = kind.acquireSync();
  const rude = {
    then(resolve: (value: number) => void) {
      resolve(1);
      throw new Error('then');
    },
  } as unknown as PromiseLike<number>;
  expect(thrownBy(() => file.use(() => rude))).toMatchObject({ message: 'then' });
  file.dispose();
  expect(platform.released).toEqual([101]);
});

it('ends a use whose result cannot even be asked whether it is a promise', () => {
  const { platform, kind } = world();
  const file = kind.acquireSync();
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  expect(thrownBy(() => file.use(() => proxy))).toBeInstanceOf(TypeError);
  file.dispose();
  expect(platform.released).toEqual([101]);
});

it('holds an asynchronous release back until the uses in flight have ended', async () => {
  const { kind, openings, releases, platform } = slowWorld();
  const opening = kind.acquire();
  await turn();
  openings[0]?.open();
  const connection = await opening;
  const running = gate();
  const use = connection.use((raw) => platform.operate(raw, running.promise));
  const disposed = connection.disposeAsync();
  await turn();
  expect([connection.state, releases.length]).toEqual(['closing', 0]);
  running.open();
  await use;
  expect(releases).toHaveLength(1);
  releases[0]?.open();
  await disposed;
  expect(connection.state).toBe('closed');
});
