// Events: plain data, to everyone who listens; a listener that throws stops nobody.
import { channel } from 'node:diagnostics_channel';
import { collectGarbage, defineAsyncResource, defineResource, leaks, type LeakEvent } from '@handback/core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { gate, Platform, rejectionOf, thrownBy, turn } from '../handle/platform.ts';

beforeEach(() => leaks.configure({ level: 'trace', warn: false }));

const files = defineResource({ kind: 'file', openSync: () => 3, open: async () => 3, release: () => {}, externalBytes: () => 4_096 });
const forget = (label?: string): void => void files.acquireSync(undefined, { label });

const warned: Error[] = [];
const note = (warning: Error): void => void (warning.name === 'HandbackWarning' && warned.push(warning));
beforeEach(() => void process.on('warning', note));
afterEach(() => {
  process.off('warning', note);
  warned.length = 0;
});

it('tells every subscriber of each leak, once for all of a site that were found together', async () => {
  const first: LeakEvent[] = [];
  const second: LeakEvent[] = [];
  using _first = leaks.subscribe((event) => first.push(event));
  using _second = leaks.subscribe((event) => second.push(event));
  for (let index = 0; index < 3; index++) forget('report.csv');
  await collectGarbage();
  expect(first).toEqual(second);
  expect(first).toMatchObject([
    {
      v: 1,
      event: 'leak',
      kind: 'file',
      code: 'HANDBACK_LEAK_FILE',
      label: 'report.csv',
      bytes: 3 * 4_096,
      count: { new: 3, total: 3 },
      level: 'trace',
      pid: process.pid,
      disposedAt: undefined,
      parentId: undefined,
      error: undefined,
    },
  ]);
  expect(first[0]?.site?.frames[0]).toMatchObject({ fn: 'forget', file: 'packages/core/test/leaks/events.test.ts' });
  expect(first[0]?.ageMs).toBeGreaterThanOrEqual(0);
  expect(['sweep', 'finalizer']).toContain(first[0]?.how);
});

it('is plain and structured-cloneable, the error aside', async () => {
  const events: LeakEvent[] = [];
  using _subscription = leaks.subscribe((event) => events.push(event));
  forget();
  await collectGarbage();
  const broken = defineResource({
    kind: 'broken',
    openSync: () => 1,
    release: () => {
      throw new Error('EIO');
    },
  });
  const file = broken.acquireSync();
  file.use(() => file.dispose());
  thrownBy(() => file.value);
  leaks.configure({ level: 'strict' });
  const strict = files.acquireSync();
  void strict.value;
  strict.dispose();
  thrownBy(() => strict.value);
  expect(events.map(({ event }) => event)).toEqual(['leak', 'release-error', 'use-after-dispose', 'use-after-dispose']);
  for (const { error, ...event } of events) {
    expect(structuredClone(event)).toEqual(event);
    expect(error === undefined || error instanceof Error).toBe(true);
  }
  expect(events.at(-1)?.touches).toHaveLength(1);
  expect(events.at(-1)?.disposedAt).toMatch(/events\.test\.ts/);
});

it.each([new Error('listener'), Object.create(null) as object, undefined])('stops nobody when a listener throws %o, and says so', async (thrown) => {
  const events: LeakEvent[] = [];
  using _thrower = leaks.subscribe(() => {
    throw thrown;
  });
  using _subscription = leaks.subscribe((event) => events.push(event));
  forget();
  await collectGarbage();
  expect(events).toHaveLength(1);
  await turn();
  expect(warned.map(({ message }) => message)).toEqual([
    `A leak listener threw: ${thrown instanceof Error ? 'Error: listener' : thrown === undefined ? 'undefined' : 'a value that has no text'}`,
  ]);
});

it('describes the example of a warning while its raw is open: what was released may not be looked at any more', async () => {
  leaks.configure({ warn: true });
  const platform = new Platform();
  const kind = defineResource({ kind: 'described', openSync: platform.openRaw, release: platform.release, describe: (raw) => `raw ${platform.touch(raw)}` });
  const warnings: Error[] = [];
  const seen = (warning: Error): void => void warnings.push(warning);
  process.on('warning', seen);
  const lose = (): void => void kind.acquireSync();
  lose();
  await collectGarbage();
  await turn();
  process.off('warning', seen);
  expect(warnings.map((warning) => (warning as Error & { detail: string }).detail)).toEqual([expect.stringContaining('\n  such as   raw 101\n')]);
});

it('ends with its subscription, one at a time for a function that was subscribed twice', async () => {
  let calls = 0;
  const listener = (): void => void calls++;
  const [first, second] = [leaks.subscribe(listener), leaks.subscribe(listener)];
  const told = async (): Promise<number> => {
    const before = calls;
    forget();
    await collectGarbage();
    return calls - before;
  };
  expect(await told()).toBe(2);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  expect(await told()).toBe(1);
  second[Symbol.dispose]();
  expect(await told()).toBe(0);
});

it('tells whom it told at the start, though listeners come and go meanwhile', async () => {
  const calls: string[] = [];
  const late: Disposable[] = [];
  using _first = leaks.subscribe(() => {
    calls.push('first');
    second[Symbol.dispose]();
    late.push(leaks.subscribe(() => calls.push('late')));
  });
  const second = leaks.subscribe(() => calls.push('second'));
  forget();
  await collectGarbage();
  for (const subscription of late) subscription[Symbol.dispose]();
  expect(calls).toEqual(['first', 'second']);
});

it('refuses what is no function', () => {
  expect(thrownBy(() => leaks.subscribe({} as never))).toMatchObject({ name: 'TypeError', message: 'Expected `listener` to be a function, got object' });
});

it('may dispose, acquire and collect in a listener', async () => {
  const held = files.acquireSync();
  let calls = 0;
  using _subscription = leaks.subscribe(() => {
    calls++;
    held.dispose();
    files.acquireSync().dispose();
    if (calls < 3) forget();
    void collectGarbage();
  });
  forget();
  await collectGarbage();
  await collectGarbage();
  await collectGarbage();
  expect([held.state, calls]).toEqual(['closed', 3]);
});

interface Message {
  readonly id: number;
  readonly kind: string;
  readonly label: string | undefined;
}

/** What the channel `handback:NAME` publishes while the test runs. */
function listen(name: string): Message[] & Disposable {
  const messages: Message[] = [];
  const heard = (message: unknown): void => void messages.push(message as Message);
  channel(`handback:${name}`).subscribe(heard);
  return Object.assign(messages, { [Symbol.dispose]: () => channel(`handback:${name}`).unsubscribe(heard) });
}

it('publishes each acquisition and each end, by the same id: the difference is what is held', async () => {
  leaks.configure({ level: 'count' });
  using acquired = listen('acquire');
  using disposed = listen('dispose');
  files.acquireSync(undefined, { label: 'sync' }).dispose();
  (await files.acquire(undefined, { label: 'async' })).dispose();
  await (await files.acquireAll([undefined, undefined])).disposeAsync();
  files.own(1).dispose();
  files.own(1).detach();
  const shared = files.own(1);
  const other = shared.share().move();
  shared.dispose();
  other.dispose();
  forget('forgotten');
  await collectGarbage();
  expect(acquired.map(({ kind, label }) => [kind, label]).slice(0, 2)).toEqual([
    ['file', 'sync'],
    ['file', 'async'],
  ]);
  expect(acquired).toHaveLength(8);
  expect(disposed).toHaveLength(8);
  const ids = (messages: Message[]): number[] => messages.map(({ id }) => id).sort((a, b) => a - b);
  // What is shared ends under the id of its last owner.
  expect(new Set(ids(acquired)).size).toBe(8);
  expect(ids(disposed).filter((id) => ids(acquired).includes(id))).toHaveLength(7);
});

it('publishes as many ends as acquisitions where acquiring fails half-way, or comes late', async () => {
  using acquired = listen('acquire');
  using disposed = listen('dispose');
  const opening = gate();
  const slow = defineAsyncResource({ kind: 'slow', open: () => opening.promise.then(() => 1), release: async () => {} });
  const controller = new AbortController();
  const late = rejectionOf(slow.acquire(undefined, { signal: controller.signal }));
  controller.abort();
  await late;
  opening.open();
  const oops = (): never => {
    throw new Error('oops');
  };
  const failing = defineResource({ kind: 'failing', openSync: () => 1, release: () => {}, measure: oops });
  thrownBy(() => failing.acquireSync());
  thrownBy(() => failing.own(1));
  await turn();
  expect([acquired.length, disposed.length]).toEqual([3, 3]);
});

it('publishes leaks, failed releases and wrong uses as the events that subscribers get', async () => {
  const events: LeakEvent[] = [];
  using leaked = listen('leak');
  using failed = listen('release-error');
  using refused = listen('use-after-dispose');
  using _subscription = leaks.subscribe((event) => events.push(event));
  forget();
  await collectGarbage();
  const broken = defineAsyncResource({ kind: 'broken', openSync: () => 1, release: () => Promise.reject(new Error('EIO')) });
  const lose = (): void => void broken.acquireSync();
  lose();
  await collectGarbage();
  const file = files.acquireSync();
  file.dispose();
  thrownBy(() => file.value);
  expect([...leaked, ...failed, ...refused]).toEqual(
    ['leak', 'release-error', 'use-after-dispose'].flatMap((name) => events.filter(({ event }) => event === name)),
  );
  expect([...failed]).toMatchObject([{ kind: 'broken', how: (leaked[1] as unknown as LeakEvent).how }]);
});

it('publishes to whoever listens at that time, though they came after the acquisition', () => {
  leaks.configure({ level: 'count' });
  const held = files.own(1);
  using disposed = listen('dispose');
  held.dispose();
  expect([...disposed]).toMatchObject([{ kind: 'file' }]);
});
