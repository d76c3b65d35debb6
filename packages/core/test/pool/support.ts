// What the tests of pools share: a kind whose every step is in the test's hands, and which knows what must never happen.
import { afterEach, expect, vi } from 'vitest';
import { defineAsyncResource, leaks, Pool, type AsyncHandle, type Budget, type LeakEvent, type PoolOptions, type ResourceKind } from '@handback/core';
import { gate, type Gate } from '../handle/platform.ts';

export interface Thing {
  readonly id: number;
  readonly key: string;
}

/** How a step of the platform answers: at once, with an error, or when the test opens the gate. */
export type Answer = 'ok' | 'throw' | 'reject' | 'wait';

export class Works {
  /** Open things, and all that were ever released. */
  readonly open = new Set<Thing>();
  readonly released: Thing[] = [];
  readonly gates = { open: [] as Gate[], check: [] as Gate<boolean>[], reset: [] as Gate[], release: [] as Gate[] };
  /** How the next steps answer. */
  opens: Answer = 'ok';
  releases: Answer = 'ok';
  checks: Answer | 'no' = 'ok';
  resets: Answer = 'ok';
  opened = 0;
  /** How many exist or are being opened, and the most that there ever were. */
  most = 0;
  opening = 0;
  readonly calls: string[] = [];

  readonly kind: ResourceKind<Thing, string, AsyncHandle<Thing>>;

  constructor(budget?: Budget) {
    this.kind = defineAsyncResource({
      kind: 'thing',
      open: (key: string) => this.#open(key),
      release: (thing: Thing) => this.#release(thing),
      ...(budget === undefined ? {} : { cost: () => ({ budget, amount: 1 }) }),
    });
  }

  #open(key: string): Thing | Promise<Thing> {
    this.opening++;
    this.most = Math.max(this.most, this.open.size + this.opening);
    this.calls.push(`open ${key}`);
    const make = (): Thing => {
      this.opening--;
      const thing = { id: ++this.opened, key };
      this.open.add(thing);
      return thing;
    };
    const fail = (): never => {
      this.opening--;
      throw new Error(`no ${key}`);
    };
    return answer(this.opens, this.gates.open, make, fail);
  }

  #release(thing: Thing): void | Promise<void> {
    this.calls.push(`release ${thing.id}`);
    const end = (): void => {
      if (!this.open.delete(thing)) throw new Error(`thing ${thing.id} was released twice, or never opened`);
      this.released.push(thing);
    };
    return answer(this.releases, this.gates.release, end, () => {
      end();
      throw new Error(`release of ${thing.id}`);
    });
  }

  readonly check = (thing: Thing): boolean | Promise<boolean> => {
    this.calls.push(`check ${thing.id}`);
    if (this.checks === 'no') return false;
    return answer<boolean, boolean>(
      this.checks,
      this.gates.check,
      (verdict) => verdict ?? true,
      () => {
        throw new Error(`check of ${thing.id}`);
      },
    );
  };

  readonly reset = (thing: Thing): void | Promise<void> => {
    this.calls.push(`reset ${thing.id}`);
    return answer<void, void>(
      this.resets,
      this.gates.reset,
      () => {},
      () => {
        throw new Error(`reset of ${thing.id}`);
      },
    );
  };
}

function answer<R, V>(how: Answer, gates: Gate<V>[], good: (value?: V) => R, bad: () => R): R | Promise<R> {
  if (how === 'ok') return good();
  if (how === 'throw') return bad();
  if (how === 'reject') return Promise.resolve().then(bad);
  const waits = gate<V>();
  gates.push(waits);
  return waits.promise.then(good, bad);
}

const pools: Pool<AsyncHandle<Thing>, string>[] = [];
afterEach(async () => {
  // Nothing of a test is left to the next: what is out then is its own.
  for (const pool of pools.splice(0)) void pool.drain({ timeout: 1 }).catch(() => {});
  if (vi.isFakeTimers()) await vi.advanceTimersByTimeAsync(10);
});

/** A pool of one key, drained after the test. */
export function poolOf(works: Works, options: Partial<PoolOptions<Thing, string>> = {}): Pool<AsyncHandle<Thing>, string> {
  const pool = new Pool(works.kind, { name: 'things', max: 2, ...options });
  pools.push(pool);
  return pool;
}

/** Events of Handback while a test runs. */
export function listen(): LeakEvent[] {
  const events: LeakEvent[] = [];
  const subscription = leaks.subscribe((event) => void events.push(event));
  subscriptions.push(subscription);
  return events;
}
const subscriptions: Disposable[] = [];
afterEach(() => {
  for (const subscription of subscriptions.splice(0)) subscription[Symbol.dispose]();
});

/** What must hold of a pool with nothing under way and nobody out. */
export function expectQuiet(pool: { stats(): object }, works: Works): void {
  expect(pool.stats()).toMatchObject({ leased: 0, opening: 0, waiting: 0 });
  const { size, idle } = pool.stats() as { size: number; idle: number };
  expect(idle).toBe(size);
  expect(works.open.size).toBe(size);
}
