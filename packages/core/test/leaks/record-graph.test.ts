// What a record holds never reaches its handle, or nothing forgotten could be found: walked, record by record.
import { Budget, collectGarbage, defineResource, Handle, leaks, type LeakLevel } from '@handback/core';
import { expect, it } from 'vitest';
import { AsyncHandle } from '../../src/handle/async-handle.ts';
import { forEachRecord } from '../../src/leaks/ledger.ts';
import { IN_LEDGER, ResourceRecord } from '../../src/leaks/record.ts';
import { gate, turn } from '../handle/platform.ts';

const budget = new Budget({ name: 'graph', capacity: 100 });
class Special extends Handle<number> {
  readonly itself: this = this;
}
const files = defineResource({
  kind: 'graph file',
  openSync: () => 3,
  release: () => {},
  cost: () => ({ budget, amount: 1 }),
  externalBytes: () => 10,
  handle: Special,
});

/** All that can be reached from a value by properties, entries and members, with the way to it; the kind of a record is left out. */
function reach(root: object): Map<object, string> {
  const seen = new Map<object, string>([[root, 'record']]);
  for (const [object, way] of seen) {
    const visit = (value: unknown, name: string): void => {
      if (((typeof value === 'object' && value !== null) || typeof value === 'function') && !seen.has(value)) seen.set(value, `${way}.${name}`);
    };
    for (const key of Reflect.ownKeys(object)) {
      if (key === 'kind' && object instanceof ResourceRecord) continue;
      const descriptor = Object.getOwnPropertyDescriptor(object, key) as PropertyDescriptor;
      visit(descriptor.value, String(key));
      visit(descriptor.get, String(key));
    }
    const members: unknown[] = object instanceof Map ? [...object].flat() : object instanceof Set ? [...object] : [];
    for (const member of members) visit(member, 'member');
    visit(Object.getPrototypeOf(object), '__proto__');
  }
  return seen;
}

/** Ways from a record to what it must not hold: handles, errors, call sites, functions that could close over anything. */
function forbidden(record: ResourceRecord): string[] {
  const ways: string[] = [];
  for (const [object, way] of reach(record)) {
    const inherited = way.includes('__proto__');
    const bad =
      object instanceof AsyncHandle || object instanceof Error || object.constructor?.name === 'CallSite' || (typeof object === 'function' && !inherited);
    if (bad && !inherited) ways.push(`${way}: ${Object.prototype.toString.call(object)}`);
  }
  return ways;
}

function records(): ResourceRecord[] {
  const all: ResourceRecord[] = [];
  forEachRecord((record) => void (record.kind.kind === 'graph file' && all.push(record)));
  return all;
}

it.each<LeakLevel>(['count', 'sample', 'trace', 'strict'])(
  'reaches no handle, no Error, no call site and no function after promotion, at level %s',
  async (level) => {
    leaks.configure({ level });
    const parent = files.acquireSync(undefined, { label: 'parent' });
    // The receiver of the frame that acquires is kept alive by an Error that nobody has read.
    class Owner {
      readonly file = files.acquireSync(undefined, { label: 'owned', parent });
    }
    const held = [
      parent,
      new Owner().file,
      files.own(7),
      files.acquireSync().share(),
      files.acquireSync().move(),
      await files.acquire(),
      ...(await files.acquireAll([undefined, undefined])),
    ];
    for (const file of held) void file.value;
    await turn();
    const all = records();
    expect(all.length).toBeGreaterThanOrEqual(held.length);
    expect(all.every(({ tracking }) => tracking === IN_LEDGER)).toBe(true);
    expect(all.flatMap(forbidden)).toEqual([]);
    for (const file of held) file.dispose();
    await collectGarbage();
  },
);

it('holds its handle for as long as an operation runs, and not longer', async () => {
  leaks.configure({ level: 'trace' });
  const file = files.acquireSync();
  await turn();
  const running = gate();
  const use = file.use(() => running.promise);
  expect(records().flatMap(forbidden)).toEqual([expect.stringMatching(/^record\.details\.pinned: /)]);
  running.open();
  await use;
  expect(records().flatMap(forbidden)).toEqual([]);
  file.dispose();
});

it('holds the handle that it was moved to, while an operation of the old one runs', async () => {
  const file = files.acquireSync();
  const running = gate();
  const use = file.use(() => running.promise);
  const next = file.move();
  await turn();
  expect(records().map(({ details }) => details?.pinned)).toEqual([next]);
  running.open();
  await use;
  expect(records().map(({ details }) => details?.pinned)).toEqual([undefined]);
  next.dispose();
});

it('can see what it looks for: an Error that was put into a record is found', () => {
  const file = files.acquireSync();
  const [record] = records() as [ResourceRecord];
  Object.assign(record.details as object, { mistake: { deep: [new Error('unread')] } });
  expect(forbidden(record)).toContain('record.details.mistake.deep.0: [object Error]');
  file.dispose();
});
