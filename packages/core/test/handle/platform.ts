// A platform in memory that knows what a descriptor table knows: which raws are open, which are being used, and what must never happen.
import { Budget, defineAsyncResource, defineResource, type Handle, type ResourceKind, type SyncResourceKind } from '@handback/core';

/** Numbers like descriptors, but never given out twice: so a release too many is seen, and not taken for somebody else's. */
export class Platform {
  readonly open = new Set<number>();
  readonly released: number[] = [];
  readonly busy = new Map<number, number>();
  #last = 100;

  /** Opens one, or throws where `fail` says so. */
  openRaw = (): number => {
    this.open.add(++this.#last);
    return this.#last;
  };

  /** Releases one; throws for what must never be asked for. */
  release = (raw: number): void => {
    if (!this.open.delete(raw)) throw new Error(`raw ${raw} was released twice, or never opened`);
    if ((this.busy.get(raw) ?? 0) > 0) throw new Error(`raw ${raw} was released while in use`);
    this.released.push(raw);
  };

  /** An operation of the platform on an open raw, for as long as `work` takes. */
  async operate<R>(raw: number, work: Promise<R>): Promise<R> {
    this.touch(raw);
    this.busy.set(raw, (this.busy.get(raw) ?? 0) + 1);
    try {
      return await work;
    } finally {
      this.touch(raw);
      this.busy.set(raw, (this.busy.get(raw) as number) - 1);
    }
  }

  /** Throws unless the raw is open: what the platform says of a number that it does not know. */
  touch(raw: number): number {
    if (!this.open.has(raw)) throw new Error(`raw ${raw} is not open`);
    return raw;
  }
}

/** A kind on a platform of its own, under a budget of its own. */
export interface World {
  readonly platform: Platform;
  readonly budget: Budget;
  readonly kind: SyncResourceKind<number, void, Handle<number>>;
}

export function world(capacity = 10, kind = 'file'): World {
  const platform = new Platform();
  const budget = new Budget({ name: `${kind} budget`, capacity });
  return {
    platform,
    budget,
    kind: defineResource({ kind, openSync: platform.openRaw, release: platform.release, cost: () => ({ budget, amount: 1 }) }),
  };
}

/** What an asynchronous step waits for, opened by the test. */
export interface Gate<T = void> {
  readonly promise: Promise<T>;
  open(value: T): void;
  fail(error: unknown): void;
}

export function gate<T = void>(): Gate<T> {
  let open!: (value: T) => void;
  let fail!: (error: unknown) => void;
  const promise = new Promise<T>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  return { promise, open, fail };
}

/** A kind whose openings and releases wait for gates that the test opens, one by one. */
export interface SlowWorld {
  readonly platform: Platform;
  readonly budget: Budget;
  readonly openings: Gate[];
  readonly releases: Gate[];
  readonly kind: ResourceKind<number>;
}

export function slowWorld(capacity = 10): SlowWorld {
  const platform = new Platform();
  const budget = new Budget({ name: 'slow budget', capacity });
  const openings: Gate[] = [];
  const releases: Gate[] = [];
  const kind = defineAsyncResource({
    kind: 'connection',
    open: async () => {
      const opening = gate();
      openings.push(opening);
      await opening.promise;
      return platform.openRaw();
    },
    release: async (raw: number) => {
      const releasing = gate();
      releases.push(releasing);
      try {
        await releasing.promise;
      } finally {
        platform.release(raw);
      }
    },
    cost: () => ({ budget, amount: 1 }),
  });
  return { platform, budget, openings, releases, kind };
}

// Taken before a test puts a fake clock in its place.
const { setImmediate: realImmediate } = globalThis;

/** Lets everything that is due run: microtasks, and one turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => void realImmediate(resolve));
}

/** What `action` throws. */
export function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('Expected a throw');
}

/** What `promise` rejects with. */
export async function rejectionOf(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('Expected a rejection');
}

/** True once `promise` has settled, as of now. */
export async function isSettled(promise: PromiseLike<unknown>): Promise<boolean> {
  let settled = false;
  const note = (): void => {
    settled = true;
  };
  promise.then(note, note);
  await turn();
  return settled;
}
