// Sites: the line of user code that acquired a resource, and nothing of the app's is touched or run to find it.
import { defineAsyncResource, defineResource, DisposableStack, Handle, leaks, type LeakEvent } from '@handback/core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { collectGarbage } from '@handback/core';
import { thrownBy, turn } from '../handle/platform.ts';
import { run } from './child.ts';

beforeEach(() => leaks.configure({ level: 'trace' }));
const { stackTraceLimit } = Error;
const prepare = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace') as PropertyDescriptor;
afterEach(() => {
  Object.defineProperty(Error, 'prepareStackTrace', prepare);
  Object.defineProperty(Error, 'stackTraceLimit', { value: stackTraceLimit, writable: true, enumerable: true, configurable: true });
});

const files = defineResource({ kind: 'file', openSync: () => 1, open: async () => 1, release: () => {} });
const connections = defineAsyncResource({ kind: 'connection', open: async () => 1, release: async () => {} });

/** The sites of what is live, and of this kind. */
function sites(kind = 'file'): (string | undefined)[] {
  return leaks
    .live()
    .filter((live) => live.kind === kind)
    .map(({ site }) => site);
}
const here = (name: string): RegExp => new RegExp(String.raw`^packages/core/test/leaks/sites\.test\.ts:\d+:\d+ \(${name}\)$`);

it('is the caller of each way in, never a line of ours', async () => {
  const ways: [string, () => Promise<Disposable> | Disposable][] = [
    [
      'acquireSync',
      function acquiring() {
        return files.acquireSync();
      },
    ],
    [
      'acquire',
      function acquiring() {
        return files.acquire();
      },
    ],
    [
      'acquireAll',
      function acquiring() {
        return files.acquireAll([undefined]);
      },
    ],
    [
      'own',
      function acquiring() {
        return files.own(1);
      },
    ],
  ];
  for (const [way, acquiring] of ways) {
    const held = await acquiring();
    expect([way, sites()]).toEqual([way, [expect.stringMatching(here('acquiring'))]]);
    held[Symbol.dispose]();
  }
  async function connecting() {
    await turn();
    return connections.acquire();
  }
  const connection = await connecting();
  expect(sites('connection')).toEqual([expect.stringMatching(here('connecting'))]);
  await connection.disposeAsync();
});

it('keeps the line that acquired it through moves, and gives each share its own', () => {
  const opening = () => files.acquireSync();
  const sharing = (file: Handle<number>) => file.share();
  let file = opening();
  file = file.move().move();
  expect(sites()).toEqual([expect.stringMatching(here('opening'))]);
  const other = sharing(file);
  expect(sites().sort()).toEqual([expect.stringMatching(here('opening')), expect.stringMatching(here('sharing'))]);
  file.dispose();
  other.dispose();
});

it('leaves the frames of an adapter out, where its kind names its module', async () => {
  const { openThere, openThrough } = await import('./adapter/adapter.ts');
  const opening = () => openThere();
  const first = opening();
  expect(sites('adapted')).toEqual([expect.stringMatching(here('opening'))]);
  first.dispose();
  // Acquired by the callback, which has no name, within a function of the adapter.
  const second = openThrough(() => openThere());
  expect(sites('adapted')).toEqual([expect.stringMatching(/^packages\/core\/test\/leaks\/sites\.test\.ts:\d+:\d+$/)]);
  second.dispose();
});

it('is one object for one line, whatever the number of resources', async () => {
  const { detailsOf } = await import('../../src/leaks/record.ts');
  const { forEachRecord, formatTrace } = await import('../../src/leaks/ledger.ts');
  const held = Array.from({ length: 100 }, () => files.acquireSync());
  const seen = new Set<unknown>();
  forEachRecord((record) => {
    formatTrace(record);
    seen.add(detailsOf(record).site);
  });
  expect(seen.size).toBe(1);
  for (const handle of held) handle.dispose();
});

it('names the file from the working directory on, and keeps eight frames of user code', async () => {
  const events: LeakEvent[] = [];
  using _subscription = leaks.subscribe((event) => events.push(event));
  const deep = (depth: number): void => (depth === 0 ? void files.acquireSync() : deep(depth - 1));
  deep(20);
  await collectGarbage();
  const [event] = events;
  expect(event?.site?.frames).toHaveLength(8);
  expect(event?.site?.frames[0]).toEqual({
    fn: 'deep',
    file: 'packages/core/test/leaks/sites.test.ts',
    line: expect.any(Number) as number,
    col: expect.any(Number) as number,
  });
  expect(event?.site?.key.startsWith('file\n')).toBe(true);
});

it('leaves Error.stackTraceLimit as the app has set it: any number, none, or deleted', () => {
  for (const limit of [0, 1, 100, Number.POSITIVE_INFINITY, undefined, 'many' as unknown as number]) {
    Error.stackTraceLimit = limit as number;
    const file = files.acquireSync();
    expect(Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit')).toEqual({ value: limit, writable: true, enumerable: true, configurable: true });
    expect(sites()).toEqual([expect.stringMatching(/sites\.test\.ts/)]);
    file.dispose();
  }
  delete (Error as { stackTraceLimit?: number }).stackTraceLimit;
  const file = files.acquireSync();
  expect(Object.hasOwn(Error, 'stackTraceLimit')).toBe(false);
  expect(sites()).toEqual([expect.stringMatching(/sites\.test\.ts/)]);
  file.dispose();
});

it('puts both settings back before any code of the kind is run, and before a listener is', async () => {
  const seen: unknown[] = [];
  const formatter = (): string => 'the app formats';
  Error.prepareStackTrace = formatter;
  Error.stackTraceLimit = 3;
  const look = (): number => seen.push([Error.stackTraceLimit, Error.prepareStackTrace]);
  const kind = defineResource({
    kind: 'watched',
    openSync: look,
    release: look as unknown as () => void,
    cost: () => void look(),
    externalBytes: () => look(),
  });
  using _subscription = leaks.subscribe(look);
  const forget = (): void => void kind.acquireSync();
  forget();
  await collectGarbage();
  kind.acquireSync().dispose();
  expect(seen.length).toBeGreaterThanOrEqual(7);
  expect(seen.every((settings) => JSON.stringify(settings) === '[3,null]' && (settings as unknown[])[1] === formatter)).toBe(true);
});

it('never runs the formatter of the app for a capture of ours, nor an accessor that stands in its place', async () => {
  let calls = 0;
  const count = (): void => void calls++;
  const formatters: PropertyDescriptor[] = [
    { value: () => ++calls, writable: true, configurable: true },
    { value: () => ++calls, writable: true, configurable: false },
    { get: count, set: count, configurable: true },
  ];
  for (const descriptor of formatters.filter(({ configurable }) => configurable)) {
    Object.defineProperty(Error, 'prepareStackTrace', descriptor);
    const file = files.acquireSync();
    await turn();
    expect(sites()).toEqual([expect.stringMatching(/sites\.test\.ts/)]);
    expect(Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace')).toMatchObject(descriptor);
    file.dispose();
    thrownBy(() => file.value);
    expect(calls).toBe(0);
  }
});

it('never runs an accessor that stands for the limit', () => {
  let calls = 0;
  const count = (): void => void calls++;
  Object.defineProperty(Error, 'stackTraceLimit', { get: count, set: count, configurable: true });
  files.acquireSync().dispose();
  expect(calls).toBe(0);
});

// Error itself cannot be thawed: in processes of their own.
it.each(['frozen', 'frozen with a formatter', 'sealed limit'])('works where Error is %s: no throw, no call of the app', (how) => {
  const { status, said, stderr } = run('sites', how);
  expect([status, stderr]).toEqual([0, '']);
  expect(said).toEqual([
    {
      calls: 0,
      site: how === 'frozen with a formatter' ? null : (expect.stringMatching(/children\/sites\.mjs:\d+:\d+ \(openFrozen\)$/) as unknown),
      released: 1,
    },
  ]);
});

it('names the line of an app that is bundled with the package into one file', () => {
  const { said } = run('sites', 'bundled');
  expect(said).toEqual([{ site: expect.stringMatching(/bundle\.mjs:\d+:\d+ \(openBundled\)$/) as unknown }]);
});

it('names a line of the app where the app itself named its folder as that of an adapter: better one than none', () => {
  const { said } = run('sites', 'own folder');
  expect(said).toEqual([{ site: expect.stringMatching(/children\/sites\.mjs:\d+:\d+ \(openOwn\)$/) as unknown }]);
});

it('names the line that disposed, not the helper that a compiler put between', () => {
  leaks.configure({ level: 'strict' });
  const file = files.acquireSync();
  function block(): void {
    using held = file;
    void held.value;
  }
  block();
  expect((thrownBy(() => file.value) as Error).message).toMatch(/it was disposed at packages\/core\/test\/leaks\/sites\.test\.ts:\d+:\d+ \(block\)\./);
  const other = files.acquireSync();
  function unwind(): void {
    const stack = new DisposableStack();
    stack.use(other);
    stack.dispose();
  }
  unwind();
  expect((thrownBy(() => other.value) as Error).message).toMatch(/it was disposed at packages\/core\/test\/leaks\/sites\.test\.ts:\d+:\d+ \(unwind\)\./);
});
