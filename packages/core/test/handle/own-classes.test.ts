// Classes of the author's own: methods, overridden dispose, private fields, odd names, wrappers, frozen instances.
import { inspect } from 'node:util';
import {
  AsyncDisposableStack,
  AsyncHandle,
  collectGarbage,
  defineAsyncResource,
  defineResource,
  DisposedError,
  Handle,
  leaks,
  type LeakLevel,
  type Ownership,
} from '@handback/core';
import { describe, expect, it } from 'vitest';
import { Platform, rejectionOf, thrownBy, turn } from './platform.ts';

class OpenFile extends Handle<number> {
  readonly flushed: number[] = [];
  #reads = 0;

  read(): number {
    return this.use((fd) => fd + ++this.#reads);
  }

  override dispose(): void {
    if (this.state === 'open') this.flushed.push(this.value);
    super.dispose();
  }
}

function files(platform = new Platform()) {
  return { platform, kind: defineResource({ kind: 'file', openSync: platform.openRaw, open: platform.openRaw, release: platform.release, handle: OpenFile }) };
}

it('hands out its class from every way in, with methods and private fields', async () => {
  const { platform, kind } = files();
  const all = [kind.acquireSync(), await kind.acquire(), kind.own(platform.openRaw()), ...(await kind.acquireAll([undefined]))];
  all.push((all[0] as OpenFile).move(), (all[1] as OpenFile).share());
  expect(all.every((file) => file instanceof OpenFile)).toBe(true);
  expect([all[1]?.read(), all[1]?.read(), all.at(-2)?.read()]).toEqual([103, 104, 102]);
  for (const file of all) file.dispose();
  expect(platform.open.size).toBe(0);
});

it('is disposed by its own dispose: by the symbols of both sorts, by stacks, by arrays', async () => {
  const { kind } = files();
  const seen: OpenFile[] = [];
  const open = (): OpenFile => {
    const file = kind.acquireSync();
    seen.push(file);
    return file;
  };
  {
    using file = open();
    void file.value;
  }
  {
    await using file = open();
    void file.value;
  }
  await using stack = new AsyncDisposableStack();
  stack.use(open());
  await stack.disposeAsync();
  await open().disposeAsync();
  const all = await kind.acquireAll([undefined]);
  seen.push(all[0] as OpenFile);
  await all.disposeAsync();
  expect(seen.map(({ flushed, state }) => [flushed.length, state])).toEqual(seen.map(() => [1, 'closed']));
});

it('rejects with what an overridden dispose throws, and releases all the same', async () => {
  const platform = new Platform();
  const oops = new Error('flush');
  class Flushing extends Handle<number> {
    override dispose(): void {
      throw oops;
    }
  }
  const kind = defineResource({ kind: 'file', openSync: platform.openRaw, release: platform.release, handle: Flushing });
  const file = kind.acquireSync();
  expect(await rejectionOf(file.disposeAsync())).toBe(oops);
  expect([file.state, platform.released]).toEqual(['closed', [101]]);
});

it('releases although the two disposes of a class call each other', async () => {
  const platform = new Platform();
  class Circular extends Handle<number> {
    override dispose(): void {
      void this.disposeAsync();
    }
  }
  const kind = defineResource({ kind: 'file', openSync: platform.openRaw, release: platform.release, handle: Circular });
  kind.acquireSync().dispose();
  await kind.acquireSync().disposeAsync();
  expect(platform.released).toEqual([101, 102]);
});

it('is disposed by an overridden disposeAsync', async () => {
  const platform = new Platform();
  class Connection extends AsyncHandle<number> {
    said: string[] = [];
    override async disposeAsync(): Promise<void> {
      if (this.state === 'open') await this.use(async () => void this.said.push('bye'));
      await super.disposeAsync();
    }
  }
  const kind = defineAsyncResource({ kind: 'connection', open: platform.openRaw, release: platform.release, handle: Connection });
  const connection = await kind.acquire();
  {
    await using held = connection;
    void held.value;
  }
  expect([connection.said, connection.state, platform.released]).toEqual([['bye'], 'closed', [101]]);
});

it('may use the resource in its constructor, and acquire others there', () => {
  const platform = new Platform();
  class Sized extends Handle<number> {
    readonly size: number;
    readonly lock: Handle<number>;
    constructor(ownership: Ownership<number>) {
      super(ownership);
      this.size = this.value * 2;
      this.lock = locks.own(platform.openRaw(), { parent: this });
    }
  }
  const locks = defineResource({ kind: 'lock', release: platform.release });
  const kind = defineResource({ kind: 'file', openSync: platform.openRaw, release: platform.release, handle: Sized });
  const file = kind.acquireSync();
  expect([file.size, file.lock.value]).toEqual([202, 102]);
  file.dispose();
  file.lock.dispose();
  expect(platform.released).toEqual([102, 101]);
});

it('cannot be made but by a kind', () => {
  for (const ownership of [undefined, null, 1, {}, { makesPlain: false }, 'file']) {
    expect(() => new Handle(ownership as never)).toThrow('A handle comes from its kind: call kind.acquire(request) or kind.own(raw)');
  }
});

describe.each<LeakLevel>(['count', 'trace', 'strict'])('at level %s', (level) => {
  const odd: [string, (file: Handle<number>) => void][] = [
    ['is frozen', (file) => void Object.freeze(file)],
    ['is sealed', (file) => void Object.seal(file)],
    ['takes no more properties', (file) => void Object.preventExtensions(file)],
    [
      'has an inspect.custom that throws',
      (file) =>
        void Object.assign(file, {
          [inspect.custom]: () => {
            throw new Error('inspect');
          },
        }),
    ],
    [
      'has a toString and a toJSON that throw',
      (file) => void Object.assign(file, { toString: () => thrownBy(() => file), toJSON: () => thrownBy(() => file) }),
    ],
    ['has properties named as ours', (file) => void Object.assign(file, { record: 1, raw: 2, token: 3, details: 4, slot: 5 })],
    ['has another prototype', (file) => void Object.setPrototypeOf(file, Object.create(Handle.prototype) as object)],
  ];

  it.each(odd)('guards, survives collections and is released though it %s', async (_, make) => {
    leaks.configure({ level });
    for (const how of ['own', 'acquire'] as const) {
      const platform = new Platform();
      const kind = defineResource({ kind: 'file', openSync: platform.openRaw, release: platform.release });
      const file = how === 'own' ? kind.own(platform.openRaw()) : kind.acquireSync();
      make(file);
      expect(file.value).toBe(101);
      await turn();
      await collectGarbage();
      expect([file.value, file.state, platform.released]).toEqual([101, 'open', []]);
      file.dispose();
      expect(platform.released).toEqual([101]);
      expect(() => file.value).toThrow(DisposedError);
    }
  });

  it.each(odd)('is moved, shared and detached though it %s', (_, make) => {
    leaks.configure({ level });
    const platform = new Platform();
    const kind = defineResource({ kind: 'file', openSync: platform.openRaw, release: platform.release });
    const file = kind.own(platform.openRaw());
    make(file);
    const next = file.share();
    make(next);
    file.dispose();
    const last = next.move();
    make(last);
    expect([last.detach(), last.state, next.state, file.state]).toEqual([101, 'moved', 'moved', 'closed']);
  });

  it.each(odd)('is reclaimed when it was forgotten, though it %s', async (_, make) => {
    leaks.configure({ level: level === 'strict' ? 'trace' : level, warn: false });
    for (const how of ['own', 'acquire'] as const) {
      const platform = new Platform();
      const kind = defineResource({ kind: 'odd file', openSync: platform.openRaw, release: platform.release });
      const forget = (): void => make(how === 'own' ? kind.own(platform.openRaw()) : kind.acquireSync());
      forget();
      await turn();
      await collectGarbage();
      expect([how, platform.released]).toEqual([how, [101]]);
    }
  });
});

it('is not closed while only a Proxy of it is held', async () => {
  const { platform, kind } = files();
  const open = () => {
    const file = kind.acquireSync();
    return new Proxy(file, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? (value as () => unknown).bind(target) : value;
      },
    });
  };
  const wrapped = open();
  await collectGarbage();
  expect([wrapped.value, wrapped.read(), platform.released]).toEqual([101, 102, []]);
  wrapped.dispose();
  expect(platform.released).toEqual([101]);
});

it('has no second owner in whoever copies its properties', () => {
  for (const level of ['count', 'trace'] as const) {
    leaks.configure({ level });
    const platform = new Platform();
    const kind = defineResource({ kind: 'file', openSync: platform.openRaw, release: platform.release });
    const file = kind.own(platform.openRaw());
    expect([Object.keys(file), JSON.stringify(file)]).toEqual([[], '{}']);
    const copy = Object.assign(Object.create(Handle.prototype) as Handle<number>, file);
    copy.dispose();
    file.dispose();
    expect([platform.released, file.state]).toEqual([[101], 'closed']);
  }
});
