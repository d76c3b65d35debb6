// A platform whose resources have keys: it knows which are open, which are being used, and what must never happen.
import { Budget, defineAsyncResource, defineResource, ResourceCache, type CacheOptions, type Handle, type ResourceKind } from '@handback/core';
import { afterEach } from 'vitest';
import { gate, type Gate, Platform } from '../handle/platform.ts';

// What a test leaves behind is nobody's leak, and no collection is to find it in the middle of another one.
const kept: AsyncDisposable[] = [];
afterEach(() => {
  for (const cache of kept.splice(0)) void cache[Symbol.asyncDispose]().then(undefined, () => {});
});

function keep<C extends AsyncDisposable>(cache: C): C {
  kept.push(cache);
  return cache;
}

/** Books by name: the same book may be open once only, unless it was evicted. */
export class Library extends Platform {
  /** The names of what was opened, in order. */
  readonly opened: string[] = [];
  readonly nameOf: Map<number, string> = new Map();

  openBook = (name: string): number => {
    if (name.startsWith('missing')) throw new Error(`no book '${name}'`);
    const raw = this.openRaw();
    this.opened.push(name);
    this.nameOf.set(raw, name);
    return raw;
  };

  /** The names of what was released, in order. */
  get returned(): string[] {
    return this.released.map((raw) => this.nameOf.get(raw) as string);
  }

  get shelved(): string[] {
    return [...this.open].map((raw) => this.nameOf.get(raw) as string);
  }
}

export interface CacheWorld {
  readonly library: Library;
  readonly budget: Budget;
  readonly kind: ResourceKind<number, string, Handle<number>>;
  readonly cache: ResourceCache<Handle<number>, string>;
}

/** A cache over a kind that opens and releases at once, under a budget of its own. */
export function cacheWorld(capacity = 10, options: Partial<CacheOptions<string>> = {}): CacheWorld {
  const library = new Library();
  const budget = new Budget({ name: 'desk', capacity, unit: 'book' });
  const kind = defineResource({
    kind: 'book',
    openSync: library.openBook,
    release: library.release,
    cost: () => ({ budget, amount: 1 }),
    describe: (raw) => `no. ${raw}`,
  });
  return { library, budget, kind, cache: keep(new ResourceCache(kind, { key: (name) => name, ...options })) };
}

/** What an opener was asked for, and how it may end. */
export interface Opening extends Gate {
  readonly name: string;
  readonly signal: AbortSignal | undefined;
}

/** A cache whose openings and releases wait for gates that the test opens. */
export function slowCacheWorld(capacity = 10, options: Partial<CacheOptions<string>> = {}) {
  const library = new Library();
  const budget = new Budget({ name: 'desk', capacity, unit: 'book' });
  const openings: Opening[] = [];
  const releases: Gate[] = [];
  const kind = defineAsyncResource({
    kind: 'book',
    open: async (name: string, { signal }) => {
      const opening: Opening = { ...gate(), name, signal };
      openings.push(opening);
      await opening.promise;
      return library.openBook(name);
    },
    release: async (raw: number) => {
      const releasing = gate();
      releases.push(releasing);
      try {
        await releasing.promise;
      } finally {
        library.release(raw);
      }
    },
    cost: () => ({ budget, amount: 1 }),
  });
  return { library, budget, kind, openings, releases, cache: keep(new ResourceCache(kind, { key: (name) => name, ...options })) };
}
