// What can still be reached is never closed, however oddly it is held, and however hard the budget presses.
import { Budget, collectGarbage, collectGarbageSync, defineResource, Handle, leaks } from '@handback/core';
import { beforeEach, expect, it } from 'vitest';
import { Platform, turn } from '../handle/platform.ts';
import { majors, run } from './child.ts';

interface Holder {
  take(): Handle<number> | Promise<Handle<number>>;
}
const { holders } = (await import(new URL('children/holders.mjs', import.meta.url).href)) as { holders: Record<string, (handle: Handle<number>) => Holder> };

beforeEach(() => leaks.configure({ level: 'trace', warn: false }));

class Readable extends Handle<number> {
  read(): this {
    return this;
  }
}

/** A function of its own, so that no frame of the test holds the handle. */
function holdNew(kind: { acquireSync(): Handle<number> }, hold: (handle: Handle<number>) => Holder): Holder {
  return hold(kind.acquireSync());
}

it.each(Object.entries(holders))('is not closed while it is held by: %s', async (_, hold) => {
  const platform = new Platform();
  const kind = defineResource({ kind: 'file', openSync: platform.openRaw, release: platform.release, handle: Readable });
  const young = holdNew(kind, hold);
  collectGarbageSync();
  await turn();
  const old = holdNew(kind, hold);
  await turn();
  for (let round = 0; round < 3; round++) {
    await collectGarbage();
    collectGarbageSync({ depth: 'minor' });
    await collectGarbage();
  }
  expect(platform.released).toEqual([]);
  for (const holder of [young, old]) {
    const handle = await holder.take();
    expect(handle.use((raw) => platform.touch(raw))).toBe(handle.value);
    handle.dispose();
  }
  expect(platform.open.size).toBe(0);
});

it('tells the held from the forgotten among hundreds that are made alike, in one job', () => {
  const platform = new Platform();
  const kind = defineResource({ kind: 'file', openSync: platform.openRaw, release: platform.release });
  const held: Handle<number>[] = [];
  const make = (): void => {
    for (let index = 0; index < 1_000; index++) {
      const handle = kind.acquireSync();
      if (index % 7 === 0) held.push(handle);
    }
  };
  make();
  collectGarbageSync();
  expect(held.every((handle) => platform.open.has(handle.value))).toBe(true);
  expect(platform.released.length).toBeGreaterThan(800);
  for (const handle of held) handle.dispose();
});

it('keeps all that is held on purpose, and says so, though the budget is full of nothing else', () => {
  const platform = new Platform();
  const budget = new Budget({ name: 'held', capacity: 200 });
  const kind = defineResource({ kind: 'file', openSync: platform.openRaw, release: platform.release, cost: () => ({ budget, amount: 1 }) });
  const held = Array.from({ length: 200 }, () => kind.acquireSync());
  for (let index = 0; index < 20; index++) expect(() => kind.acquireSync()).toThrow("No room for a file: budget 'held' is full");
  expect([platform.released, held.every(({ state }) => state === 'open')]).toEqual([[], true]);
  for (const handle of held) handle.dispose();
});

const modes = ['sync', 'async'] as const;
// Nodes below 22 take their time to clear what is dropped between turns.
const churns = majors.flatMap((major) => modes.map((mode) => [mode === 'async' && major < 22 ? 30_000 : 100_000, major, mode] as const));
it.each(churns)('closes none that is held among %i opens under a budget of 256 (Node %i, %s)', { timeout: 120_000 }, (count, major, mode) => {
  const { status, said, stderr } = run('churn', mode, { major, leaks: 'count', values: [count, 256] });
  expect([status, stderr]).toEqual([0, '']);
  const [{ opens, wrong, within, held, releases }] = said as [{ opens: number; wrong: number; within: boolean; held: number; releases: number }];
  expect({ wrong, within, held }).toEqual({ wrong: 0, within: true, held: 64 });
  expect(opens).toBeGreaterThanOrEqual(count);
  expect(releases).toBeGreaterThan(opens - 256 - 1);
});

it.each(['before', 'after'])(
  'closes nothing that is held, and finds the forgotten, where an app puts another util.inspect in place %s the self-test',
  (when) => {
    // Before it, the sweep is not believed and finalizers do the work; after it, the function that passed is the one that is asked.
    const { status, said } = run('lying-inspect', when, { leaks: 'count' });
    expect([status, said]).toEqual([0, [{ first: when === 'after', second: when === 'after', closed: 0, released: 5 }]]);
  },
);
