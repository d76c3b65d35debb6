// Reclaim works for every way in which a handle can be made and forgotten: found by a sweep, and by the finalizer alone.
import {
  AsyncDisposableStack,
  Budget,
  collectGarbage,
  collectGarbageSync,
  defineAsyncResource,
  defineResource,
  DisposableStack,
  Handle,
  leaks,
  type LeakEvent,
  type LeakLevel,
  type Ownership,
} from '@handback/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collector } from '../../src/runtime/collector.ts';
import { Platform, turn } from '../handle/platform.ts';

let platform: Platform;
let budget: Budget;
beforeEach(() => {
  platform = new Platform();
  budget = new Budget({ name: 'reclaim', capacity: 100 });
});
afterEach(() => leaks.configure({ level: 'trace', warn: true }));

class OpenFile extends Handle<number> {
  readonly #itself: this;
  readonly listeners = new Map<string, () => void>();
  constructor(ownership: Ownership<number>) {
    super(ownership);
    this.#itself = this;
    // A closure over the handle, reached from the handle.
    this.listeners.set('close', () => void this.#itself.read());
  }
  read(): number {
    return this.use((raw) => platform.touch(raw));
  }
  override dispose(): void {
    this.listeners.clear();
    super.dispose();
  }
  // Odd, but lawful.
  override toString(): string {
    throw new Error('toString');
  }
  [Symbol.for('nodejs.util.inspect.custom')](): never {
    throw new Error('inspect');
  }
}

const cost = () => ({ budget, amount: 1 });
const open = (): number => platform.openRaw();
const release = (raw: number): void => platform.release(raw);
const files = defineResource({ kind: 'file', openSync: open, open: async () => open(), release, cost });
const special = defineResource({ kind: 'special file', openSync: open, release, cost, handle: OpenFile });
const connections = defineAsyncResource({
  kind: 'connection',
  openSync: open,
  open: async () => open(),
  release: async (raw) => release(raw),
  cost,
  externalBytes: () => 2 ** 16,
});

class Report {
  readonly file = files.acquireSync();
  readonly pages: Handle<number>[] = [];
  addPage(): Handle<number> {
    const page = files.acquireSync();
    this.pages.push(page);
    return page;
  }
  async addLater(): Promise<void> {
    await turn();
    this.pages.push(await files.acquire());
    await turn();
  }
}

function* generate() {
  const file = files.acquireSync();
  yield file.value;
  yield file.value;
}

/** Each makes handles and forgets them all; it answers how many raws they own. */
const ways: Record<string, () => number | Promise<number>> = {
  'own()': () => (void files.own(open()), 1),
  'own() with options': () => (void files.own(open(), { label: 'x' }), 1),
  'acquireSync()': () => (void files.acquireSync(), 1),
  'acquire()': async () => (void (await files.acquire()), 1),
  'acquireAll()': async () => (await files.acquireAll([undefined, undefined, undefined])).length,
  'an asynchronous kind': async () => (void (await connections.acquire()), void connections.acquireSync(), 2),
  'a class of its own': () => (special.acquireSync().read(), 1),
  'the constructor of its owner': () => (void new Report(), 1),
  'a method whose receiver holds it': () => (new Report().addPage(), 2),
  'an async method whose receiver holds it': async () => (await new Report().addLater(), 2),
  'a value that was read': () => files.acquireSync().value && 1,
  'a use that has ended': async () => (await files.acquireSync().use(async (raw) => platform.touch(raw)), 1),
  'a use that has failed': async () => {
    await files
      .acquireSync()
      .use(() => Promise.reject(new Error('oops')))
      .catch(() => {});
    return 1;
  },
  'move()': () => (void files.acquireSync().move().move(), 1),
  'a handle that was moved from': () => {
    const file = files.acquireSync();
    file.move();
    return 1;
  },
  'share()': () => {
    const file = files.acquireSync();
    file.share();
    file.share().move();
    return 1;
  },
  'a share whose source was disposed': () => {
    const file = files.acquireSync();
    file.share();
    file.dispose();
    return 1;
  },
  'parents and children': () => {
    const parent = files.acquireSync();
    const child = special.acquireSync(undefined, { parent });
    connections.acquireSync(undefined, { parent: child });
    return 3;
  },
  'a child whose parent was disposed': () => {
    const parent = files.acquireSync();
    files.own(open(), { parent });
    parent.dispose();
    return 2;
  },
  'a stack that is forgotten': () => {
    const stack = new DisposableStack();
    stack.use(files.acquireSync());
    stack.defer(() => {});
    const later = new AsyncDisposableStack();
    later.use(connections.acquireSync());
    return 2;
  },
  'a generator that never ends': () => (generate().next(), 1),
  'an async function that is suspended for ever': () => {
    void (async () => {
      using file = files.acquireSync();
      await new Promise(() => {});
      void file.value;
    })();
    return 1;
  },
  'a circle of handles': () => {
    const [one, two] = [files.acquireSync() as Handle<number> & { other?: unknown }, files.acquireSync() as Handle<number> & { other?: unknown }];
    one.other = two;
    two.other = one;
    return 2;
  },
  'a WeakMap whose key is gone': () => (new WeakMap().set({}, files.acquireSync()), 1),
  'a promise that nobody awaits': () => (void Promise.resolve(files.acquireSync()), 1),
  'an Error': () => (Object.assign(new Error('x'), { file: files.acquireSync() }), 1),
  'labels, bytes and a disposal that was asked for in vain': async () => {
    const file = connections.acquireSync(undefined, { label: 'x' });
    void file.label;
    return 1;
  },
};

describe.each<LeakLevel>(['off', 'count', 'sample', 'trace', 'strict'])('at level %s', (level) => {
  beforeEach(() => leaks.configure({ level, warn: false }));
  afterEach(() => void (process.exitCode = undefined));

  it.each(Object.entries(ways))('finds what was made by %s, in a sweep', async (_, forget) => {
    const raws = await forget();
    await collectGarbage();
    await turn();
    expect([platform.released.length, platform.open.size, budget.stats().used]).toEqual([raws, 0, 0]);
  });
});

// The finalizer alone: the collection is forced past the library, so nothing is swept.
it.each(Object.entries(ways))('finds what was made by %s, by the finalizer', async (_, forget) => {
  const events: LeakEvent[] = [];
  using _subscription = leaks.subscribe((event) => events.push(event));
  leaks.configure({ warn: false });
  const raws = await forget();
  await turn();
  for (let tries = 0; tries < 10 && platform.open.size > 0; tries++) {
    collector()?.full();
    await turn();
    await turn();
  }
  expect([platform.released.length, platform.open.size, budget.stats().used]).toEqual([raws, 0, 0]);
  expect(events.every(({ event, how }) => event === 'leak' && how === 'finalizer')).toBe(true);
});

it('finds within the job what was forgotten in it, and keeps what is held', () => {
  const held = files.acquireSync();
  const forget = (): void => void files.acquireSync();
  for (let index = 0; index < 50; index++) forget();
  expect(collectGarbageSync()).toBe(true);
  expect(platform.released.length).toBeGreaterThanOrEqual(49);
  expect([held.state, platform.open.has(held.value)]).toEqual(['open', true]);
  held.dispose();
});

it('finds by the finalizer what a sweep has found alive, and what was forgotten after it', async () => {
  const events: LeakEvent[] = [];
  using _subscription = leaks.subscribe((event) => events.push(event));
  leaks.configure({ warn: false });
  const held = [files.acquireSync(), files.acquireSync()];
  // Swept out of the young list, and registered only because it was alive.
  collectGarbageSync();
  held.length = 0;
  for (let tries = 0; tries < 10 && platform.open.size > 0; tries++) {
    await turn();
    collector()?.full();
    await turn();
  }
  expect([platform.released.length, new Set(events.map(({ how }) => how))]).toEqual([2, new Set(['finalizer'])]);
});

it('finds what has grown old, where a minor collection would not look', async () => {
  const forget = (): void => void files.acquireSync();
  const held = files.acquireSync();
  for (let index = 0; index < 10; index++) forget();
  await turn();
  const old = [files.acquireSync()];
  await collectGarbage();
  await collectGarbage();
  old.length = 0;
  await collectGarbage({ depth: 'minor' });
  await collectGarbage({ depth: 'full' });
  expect([platform.open.size, held.state]).toEqual([1, 'open']);
  held.dispose();
});

// V8 keeps one scope for all closures of a function; so kinds are to be defined where no handle is in sight.
it('finds in the end also what a release function beside it keeps alive, once that one is gone', async () => {
  const forget = (): void => {
    const file = files.acquireSync();
    const read = (): number => file.value;
    const kind = defineResource({ kind: 'beside', openSync: open, release: (raw: number) => release(raw), cost });
    void kind.acquireSync();
    read();
  };
  forget();
  await collectGarbage();
  await collectGarbage();
  expect([platform.released.length, platform.open.size]).toEqual([2, 0]);
});

it('refunds and reports each once, though a sweep and a finalizer both find it', async () => {
  const events: LeakEvent[] = [];
  using _subscription = leaks.subscribe((event) => events.push(event));
  leaks.configure({ warn: false });
  const forget = (): void => void files.acquireSync();
  for (let index = 0; index < 20; index++) forget();
  await turn();
  collector()?.full();
  collectGarbageSync();
  await turn();
  await collectGarbage();
  expect([platform.released.length, budget.stats().used, events.reduce((sum, { count }) => sum + count.new, 0)]).toEqual([20, 0, 20]);
});

it('joins the next in line to what was found', async () => {
  budget.resize(1);
  const forget = (): void => void files.acquireSync();
  forget();
  const next = await files.acquire(undefined, { timeout: 10_000 });
  expect([next.value, platform.released]).toEqual([102, [101]]);
  next.dispose();
});
