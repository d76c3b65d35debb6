// Handles that nobody holds while their operation runs: neither a sweep nor a finalizer closes under it.
import { collectGarbage, collectGarbageSync, type Handle, leaks, type LeakEvent } from '@handback/core';
import { beforeEach, expect, it } from 'vitest';
import { forEachRecord } from '../../src/leaks/ledger.ts';
import type { ResourceRecord } from '../../src/leaks/record.ts';
import { collector } from '../../src/runtime/collector.ts';
import { type Gate, gate, turn, world, type World } from '../handle/platform.ts';

beforeEach(() => leaks.configure({ level: 'trace', warn: false }));

/** Collections of both sorts, past the library and by it, with turns for finalizers. */
async function collectHard(): Promise<void> {
  for (let round = 0; round < 3; round++) {
    collector()?.full();
    await turn();
    await collectGarbage();
    collectGarbageSync({ depth: 'minor' });
    await turn();
  }
}

/** Starts operations on a handle that only they hold. */
const starts: Record<string, (world: World, running: Gate<number>, make: (handle: Handle<number>) => Handle<number>) => Promise<unknown>> = {
  'one operation': ({ platform, kind }, running, make) => make(kind.acquireSync()).use((raw) => platform.operate(raw, running.promise)),
  'operations that end one by one': ({ platform, kind }, running, make) => {
    const file = make(kind.acquireSync());
    const first = file.use((raw) => platform.operate(raw, turn()));
    const second = file.use((raw) => platform.operate(raw, running.promise));
    return Promise.all([first, second]);
  },
  'an operation within an operation': ({ platform, kind }, running, make) => {
    const file = make(kind.acquireSync());
    return file.use(() => file.use((raw) => platform.operate(raw, running.promise)));
  },
  'an operation of a handle that was moved': ({ platform, kind }, running, make) => {
    const file = make(kind.acquireSync());
    const use = file.use((raw) => platform.operate(raw, running.promise));
    file.move();
    return use;
  },
  'an operation of a share whose source was disposed': ({ platform, kind }, running, make) => {
    const file = make(kind.acquireSync());
    const use = file.share().use((raw) => platform.operate(raw, running.promise));
    file.dispose();
    return use;
  },
  'an operation of a child whose parent was forgotten too': ({ platform, kind }, running, make) =>
    make(kind.acquireSync(undefined, { parent: kind.acquireSync() })).use((raw) => platform.operate(raw, running.promise)),
};

it.each(Object.entries(starts).flatMap(([name, start]) => [false, true].map((old) => [name, old ? 'old' : 'young', start, old] as const)))(
  'is not closed under %s (%s), and is found when it has ended',
  async (_name, _age, start, old) => {
    const here = world();
    const events: LeakEvent[] = [];
    using _subscription = leaks.subscribe((event) => events.push(event));
    const running = gate<number>();
    if (old) await turn();
    // The promise of the operation is what a caller has left; the handle is not.
    const use = start(here, running, (handle) => handle);
    await collectHard();
    expect([here.platform.released.filter((raw) => here.platform.busy.get(raw)), events.filter(({ event }) => event === 'release-error')]).toEqual([[], []]);
    expect(here.platform.open.size).toBeGreaterThan(0);
    running.open(7);
    await use;
    await collectHard();
    expect([here.platform.open.size, here.budget.stats().used]).toEqual([0, 0]);
  },
);

it('keeps the handle itself reachable until the last operation has ended, and not longer', async () => {
  const { platform, kind } = world();
  const [first, second] = [gate(), gate()];
  const start = (): [WeakRef<object>, Promise<unknown>[]] => {
    const file = kind.acquireSync();
    const uses = [first, second].map(({ promise }) => file.use((raw) => platform.operate(raw, promise)));
    return [new WeakRef(file), uses];
  };
  const [weak, uses] = start();
  await collectHard();
  expect(weak.deref()).toBeDefined();
  first.open();
  await uses[0];
  await collectHard();
  expect(weak.deref()).toBeDefined();
  second.open();
  await uses[1];
  await collectHard();
  expect([weak.deref(), platform.released]).toEqual([undefined, [101]]);
});

it('keeps the handle that it was moved to reachable, and lets the one it was moved from go', async () => {
  const { platform, kind } = world();
  const running = gate();
  const start = (): [WeakRef<object>, WeakRef<object>, Promise<unknown>] => {
    const file = kind.acquireSync();
    const use = file.use((raw) => platform.operate(raw, running.promise));
    return [new WeakRef(file), new WeakRef(file.move()), use];
  };
  const [from, to, use] = start();
  await collectHard();
  expect([from.deref(), to.deref() === undefined]).toEqual([undefined, false]);
  running.open();
  await use;
  await collectHard();
  expect([to.deref(), platform.released]).toEqual([undefined, [101]]);
});

// Two reasons, each enough: the operation keeps the handle, and the record counts it. Here the handle is gone all the same, as in code
// that the engine has optimised.
it('is not closed while a use is counted, though its handle is gone', async () => {
  const { platform, kind } = world(10, 'counted file');
  const records: ResourceRecord[] = [];
  const forget = (): void => void kind.acquireSync();
  forget();
  forEachRecord((record) => void (record.kind.kind === 'counted file' && records.push(record)));
  const [record] = records as [ResourceRecord];
  record.uses++;
  await collectHard();
  expect(platform.released).toEqual([]);
  record.uses--;
  await collectGarbage();
  expect(platform.released).toEqual([101]);
});

it('keeps what a disposed handle still uses open, though nobody holds it any more', async () => {
  const { platform, kind } = world();
  const running = gate();
  const start = () => {
    using file = kind.acquireSync();
    return file.use((raw) => platform.operate(raw, running.promise));
  };
  const use = start();
  await collectHard();
  expect(platform.released).toEqual([]);
  running.open();
  await use;
  expect(platform.released).toEqual([101]);
});

it('does not report as a leak what was disposed in time and closes late', async () => {
  const { kind } = world();
  const events: LeakEvent[] = [];
  using _subscription = leaks.subscribe((event) => events.push(event));
  const running = gate();
  const start = () => {
    const file = kind.acquireSync();
    const use = file.use(() => running.promise);
    file.dispose();
    return use;
  };
  const use = start();
  await collectHard();
  running.open();
  await use;
  await collectHard();
  expect(events).toEqual([]);
});

it('does not close under a value that is on loan, for as long as its handle is held', async () => {
  const { platform, kind } = world();
  using file = kind.acquireSync();
  const raw = file.value;
  await collectHard();
  expect(platform.touch(raw)).toBe(101);
});
