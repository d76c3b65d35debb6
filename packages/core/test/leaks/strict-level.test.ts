// Level strict: the last uses of what leaked, and the line that disposed what is used too late. (Exit codes: warnings.test.ts.)
import { collectGarbage, defineAsyncResource, defineResource, type DisposedError, leaks, type LeakEvent } from '@handback/core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { gate, thrownBy } from '../handle/platform.ts';

beforeEach(() => leaks.configure({ level: 'strict', touch: 4, warn: false }));
// In this process a leak is no failure: it was made on purpose.
afterEach(() => void (process.exitCode = undefined));

const files = defineResource({ kind: 'strict file', openSync: () => 3, release: () => {} });
const line = (name: string): RegExp => new RegExp(String.raw`^packages/core/test/leaks/strict-level\.test\.ts:\d+:\d+ \(${name}\)$`);

/** The event of a file that was used as told, and forgotten. */
async function leakAfter(use: (file: ReturnType<typeof files.acquireSync>) => void): Promise<LeakEvent> {
  const events: LeakEvent[] = [];
  using _subscription = leaks.subscribe((event) => events.push(event));
  const forget = (): void => use(files.acquireSync());
  forget();
  await collectGarbage();
  return events[0] as LeakEvent;
}

it('notes where a leaked resource was last used, newest first', async () => {
  const { touches } = await leakAfter((file) => {
    (function opening() {
      void file.value;
    })();
    (function reading() {
      file.use(() => 0);
    })();
  });
  expect(touches?.[0]).toMatch(line('reading'));
});

it('keeps no more than it is told, of however many uses, and always the last', async () => {
  for (const touch of [1, 2, 4]) {
    leaks.configure({ touch });
    const { touches } = await leakAfter((file) => {
      for (let index = 0; index < 200; index++) void file.value;
      (function last() {
        void file.value;
      })();
    });
    expect(touches?.length).toBeLessThanOrEqual(touch);
    expect(touches?.[0]).toMatch(line('last'));
  }
});

it('notes none where it is told to keep none, and none of what was never used', async () => {
  leaks.configure({ touch: 0 });
  expect((await leakAfter((file) => void file.value)).touches ?? []).toEqual([]);
  leaks.configure({ touch: 4 });
  expect((await leakAfter(() => {})).touches).toBeUndefined();
});

it('says at a use that comes too late where the resource was disposed', async () => {
  const file = files.acquireSync();
  function closing() {
    file.dispose();
  }
  closing();
  const error = thrownBy(() => file.use(() => 0)) as DisposedError;
  expect(error.message).toMatch(
    /^Cannot use this strict file: it was disposed at packages\/core\/test\/leaks\/strict-level\.test\.ts:\d+:\d+ \(closing\)\. It was acquired at /,
  );
  const connections = defineAsyncResource({ kind: 'connection', openSync: () => 1, release: async () => {} });
  const connection = connections.acquireSync();
  async function ending() {
    await connection.disposeAsync();
  }
  await ending();
  expect((thrownBy(() => connection.value) as Error).message).toMatch(
    /it was disposed at packages\/core\/test\/leaks\/strict-level\.test\.ts:\d+:\d+ \(ending\)\./,
  );
});

it('is guarded as at any other level', async () => {
  const file = files.acquireSync();
  const running = gate<number>();
  const use = file.use(() => running.promise);
  const next = file.move();
  const other = next.share();
  expect([file.state, next.value, other.use((raw) => raw)]).toEqual(['moved', 3, 3]);
  next.dispose();
  expect(next.state).toBe('closing');
  running.open(5);
  expect(await use).toBe(5);
  expect(other.detach()).toBe(3);
});

it('notes nothing of what was acquired below it, and all of what is shared at it', async () => {
  leaks.configure({ level: 'count' });
  const early = files.own(1);
  leaks.configure({ level: 'strict' });
  void early.value;
  expect((await leakAfter((file) => void file.share().value)).count).toEqual({ new: 1, total: 1 });
  const events: LeakEvent[] = [];
  using _subscription = leaks.subscribe((event) => events.push(event));
  const forget = (): void => void early.share().value;
  forget();
  await collectGarbage();
  expect(events[0]?.touches).toHaveLength(1);
  early.dispose();
});
