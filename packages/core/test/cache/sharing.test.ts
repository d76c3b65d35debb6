// One resource a key, however many ask for it: each user has a handle with a fate of its own, and nobody's dispose takes it from another.
import { AsyncDisposableStack, DisposableStack, DisposedError, Handle, InUseError, leaks, ResourceCache, defineResource } from '@handback/core';
import { expect, it } from 'vitest';
import { rejectionOf, thrownBy } from '../handle/platform.ts';
import { cacheWorld } from './library.ts';

it('opens a key once, and again only after it was evicted', async () => {
  const { library, budget, cache } = cacheWorld();
  const one = await cache.acquire('atlas');
  const two = await cache.acquire('atlas');
  expect([one === two, one.value, two.value, library.opened]).toEqual([false, 101, 101, ['atlas']]);
  one.dispose();
  expect([one.state, two.state, two.value]).toEqual(['closed', 'open', 101]);
  two.dispose();
  using again = await cache.acquire('atlas');
  expect([again.value, library.opened, library.returned, budget.stats().used]).toEqual([101, ['atlas'], [], 1]);
});

it('counts what is open, what is idle, and what is on its way', async () => {
  const { cache } = cacheWorld();
  const opening = cache.acquire('atlas');
  expect(cache.stats()).toEqual({ size: 0, idle: 0, opening: 1 });
  const atlas = await opening;
  const bible = await cache.acquire('bible');
  expect(cache.stats()).toEqual({ size: 2, idle: 0, opening: 0 });
  atlas.dispose();
  expect(cache.stats()).toEqual({ size: 2, idle: 1, opening: 0 });
  atlas.dispose();
  await atlas.disposeAsync();
  expect(cache.stats()).toEqual({ size: 2, idle: 1, opening: 0 });
  bible.dispose();
  expect(cache.stats()).toEqual({ size: 2, idle: 2, opening: 0 });
});

it('is idle only when shares of shares, and moved ones, are gone too', async () => {
  const { library, cache } = cacheWorld(1);
  const user = await cache.acquire('atlas');
  const share = user.share();
  const moved = user.move();
  const owners = [share.share(), moved.share().move(), share, moved];
  user.dispose();
  for (const owner of owners) {
    expect([cache.stats().idle, owner.value, library.released]).toEqual([0, 101, []]);
    owner.dispose();
    owner.dispose();
  }
  expect([cache.stats(), library.released]).toEqual([{ size: 1, idle: 1, opening: 0 }, []]);
});

it('goes through stacks like any handle: moved out of one, it stays open until the other is disposed', async () => {
  const { cache } = cacheWorld();
  const outer = new AsyncDisposableStack();
  const take = async (): Promise<DisposableStack> => {
    using stack = new DisposableStack();
    const atlas = stack.use(await cache.acquire('atlas'));
    stack.use(await cache.acquire('bible'));
    outer.use(atlas.share());
    return stack.move();
  };
  const inner = await take();
  expect(cache.stats()).toMatchObject({ size: 2, idle: 0 });
  inner.dispose();
  expect(cache.stats()).toMatchObject({ size: 2, idle: 1 });
  const last = outer.move();
  await outer.disposeAsync();
  expect(cache.stats()).toMatchObject({ size: 2, idle: 1 });
  await last.disposeAsync();
  expect(cache.stats()).toMatchObject({ size: 2, idle: 2 });
});

it('hands out handles of the kind’s own class, with the label and the line of who acquires', async () => {
  leaks.configure({ level: 'trace' });
  class Book extends Handle<number> {
    read(): string {
      return `page ${this.value}`;
    }
  }
  const kind = defineResource({ kind: 'labelled book', openSync: () => 7, release: () => {}, handle: Book });
  await using cache = new ResourceCache(kind, { key: () => 'book' });
  using one = await cache.acquire(undefined, { label: 'for Ann' });
  using two = await cache.acquire();
  expect([one instanceof Book, one.read(), one.label, two.label]).toEqual([true, 'page 7', 'for Ann', undefined]);
  const sites = leaks.live().filter((live) => live.kind === 'labelled book');
  expect(sites).toHaveLength(3);
  expect(new Set(sites.map(({ site }) => site)).size).toBe(3);
  for (const { site } of sites) expect(site).toContain('cache/sharing.test.ts');
});

it('names the lines of users, not its own, as holders of a full budget', async () => {
  leaks.configure({ level: 'trace' });
  const { kind, cache } = cacheWorld(1);
  const user = await cache.acquire('atlas', { label: 'Ann' });
  const second = await cache.acquire('atlas', { label: 'Ben' });
  const holders = async () => ((await rejectionOf(kind.acquire('bible', { timeout: 1 }))) as { holders: { label: string }[] }).holders;
  expect(await holders()).toMatchObject([{ label: 'Ann', amount: 1 }]);
  user.dispose();
  expect(await holders()).toMatchObject([{ label: 'Ben', amount: 1 }]);
  second.dispose();
});

it('cannot be detached while the cache owns it too, and can by its last user once it was evicted', async () => {
  const { library, budget, cache } = cacheWorld();
  const user = await cache.acquire('atlas');
  expect(thrownBy(() => user.detach())).toBeInstanceOf(InUseError);
  cache.evict('atlas');
  expect([user.detach(), user.state, library.released, budget.stats().used]).toEqual([101, 'moved', [], 0]);
  await cache.disposeAsync();
});

it('keeps uses in flight safe: it becomes idle when the last one has ended', async () => {
  const { cache } = cacheWorld();
  const user = await cache.acquire('atlas');
  let finish!: () => void;
  const used = user.use(() => new Promise<void>((resolve) => (finish = resolve)));
  user.dispose();
  expect([user.state, cache.stats().idle]).toEqual(['closing', 0]);
  expect(thrownBy(() => user.value)).toBeInstanceOf(DisposedError);
  finish();
  await used;
  expect([user.state, cache.stats().idle]).toEqual(['closed', 1]);
});

it('lends nothing where the class of its handles throws, and stays idle', async () => {
  let made = 0;
  class Fragile extends Handle<number> {
    constructor(ownership: ConstructorParameters<typeof Handle<number>>[0]) {
      super(ownership);
      if (++made > 1) throw new Error('broken spine');
    }
  }
  const kind = defineResource({ kind: 'fragile book', openSync: () => 7, release: () => {}, handle: Fragile });
  const cache = new ResourceCache(kind, { key: () => 'book' });
  expect(await rejectionOf(cache.acquire())).toEqual(new Error('broken spine'));
  expect(cache.stats()).toEqual({ size: 1, idle: 1, opening: 0 });
  expect(await rejectionOf(cache.acquire())).toEqual(new Error('broken spine'));
  expect(cache.stats()).toEqual({ size: 1, idle: 1, opening: 0 });
  await cache.disposeAsync();
});

it('opens anew where a class of the author’s own has disposed the handle of the cache', async () => {
  const all: Handle<number>[] = [];
  class Listed extends Handle<number> {
    constructor(ownership: ConstructorParameters<typeof Handle<number>>[0]) {
      super(ownership);
      all.push(this);
    }
  }
  let last = 0;
  const released: number[] = [];
  const kind = defineResource({ kind: 'listed book', openSync: () => ++last, release: (raw) => void released.push(raw), handle: Listed });
  await using cache = new ResourceCache(kind, { key: () => 'book' });
  const user = await cache.acquire();
  for (const handle of all) handle.dispose();
  expect([user.state, released]).toEqual(['closed', [1]]);
  using again = await cache.acquire();
  expect([again.value, cache.stats()]).toEqual([2, { size: 1, idle: 0, opening: 0 }]);
});
