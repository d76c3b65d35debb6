/**
 * A pool of pixel memory: what an image gives back serves the next one of about its size, without new pages. At every return the
 * memory is moved to a new buffer, so views that a former tenant kept are dead, and never see the next one's pixels.
 *
 * Size classes are eighths of a power of two; trimming has the rhythm of ImageSharp's allocator: half of what is idle each minute,
 * all of it under pressure.
 */
import { ClosedError, defineResource, type AcquireOptions, type Budget, type Handle, type OwnOptions, type SyncResourceKind } from '@handback/core';
import { imageMemory } from '../memory.ts';
import { Store, type Loan } from './pixels.ts';
import { isOutOfMemory, releaseStore, renew } from './store.ts';

/** Options of a PixelPool. */
export interface PixelPoolOptions {
  /** Where its memory is counted, idle or lent. Default: `imageMemory`. */
  budget?: Budget | undefined;
  /** The most bytes that it keeps idle. Default: a quarter of the budget. */
  maxIdle?: number | undefined;
  /** Half of what is idle is given back each time that so many milliseconds have passed. Default 60,000; Infinity: never. */
  trimEvery?: number | undefined;
}

/** The counts of a PixelPool. */
export interface PixelPoolStats {
  /** Bytes that are idle, and the buffers that they stand in. */
  readonly idleBytes: number;
  readonly idle: number;
  /** Images served from what was idle, and those that took new memory. */
  readonly hits: number;
  readonly misses: number;
}

/** The part of an image's size by which the memory it gets may be larger. */
const SPARE = 1 / 8;

interface StoreRequest {
  readonly budget: Budget;
  readonly bytes: number;
  readonly make: () => Store | Promise<Store>;
}

/** Memory of pools. Its handles live as long as the memory, whoever has it on loan. */
const stores: SyncResourceKind<Store, StoreRequest, Handle<Store>> = defineResource({
  kind: 'pixels',
  open: ({ make }: StoreRequest) => make(),
  openSync: ({ make }: StoreRequest) => make() as Store,
  cost: ({ budget, bytes }) => ({ budget, amount: bytes }),
  measure: ({ costs }) => costs,
  release: ({ buffer }) => releaseStore(buffer),
  describe: ({ buffer }) => `${buffer.byteLength} bytes`,
  isExhausted: isOutOfMemory,
  module: import.meta.url,
});

/** Keeps the memory of images for reuse: pass it as `pool`. Its idle memory is counted, and given back when its budget is full. */
export class PixelPool implements Disposable {
  readonly budget: Budget;
  readonly #maxIdle: number | undefined;
  readonly #trimEvery: number;
  readonly #registration: Disposable;
  /** Least recently used first. */
  readonly #idle: Set<Handle<Store>> = new Set();
  /** By class, then by size; of one size in the order that they came in. */
  readonly #classes: Map<number, Map<number, Handle<Store>[]>> = new Map();
  #idleBytes = 0;
  #hits = 0;
  #misses = 0;
  #timer: NodeJS.Timeout | undefined = undefined;
  #closed = false;

  /** Throws TypeError or RangeError for options that make no pool. */
  constructor(options: PixelPoolOptions = {}) {
    const { budget = imageMemory, maxIdle, trimEvery = 60_000 } = options;
    if (maxIdle !== undefined) requireAmount('maxIdle', maxIdle, 'bytes');
    requireAmount('trimEvery', trimEvery, 'milliseconds');
    this.budget = budget;
    this.#maxIdle = maxIdle;
    this.#trimEvery = trimEvery;
    this.#registration = budget.addReclaimer({
      name: 'pixel pool',
      reclaimable: () => this.#idleBytes,
      reclaim: (bytes) => this.trim(this.#idleBytes - bytes),
    });
  }

  /** @internal A store of at least so many bytes, its memory zero where that is asked for. */
  async lend(bytes: number, clear: boolean, options: AcquireOptions): Promise<Loan> {
    options.signal?.throwIfAborted();
    return { keeper: this, store: this.#take(bytes, clear) ?? (await this.#acquire(bytes, () => new Store(new ArrayBuffer(bytes), this.budget), options)) };
  }

  /** @internal The same within the call. */
  lendSync(bytes: number, clear: boolean, { label }: OwnOptions): Loan {
    const make = (): Store => new Store(new ArrayBuffer(bytes), this.budget);
    const store = this.#take(bytes, clear) ?? stores.acquireSync({ budget: this.budget, bytes, make }, { label });
    return { keeper: this, store };
  }

  /** @internal Memory of an idle store, for who has paid for as much already; new memory where there is none. */
  room(bytes: number): ArrayBuffer {
    // It may have been disposed meanwhile: who was admitted before is served all the same.
    const idle = this.#closed ? undefined : this.#take(bytes, false);
    return idle?.detach().buffer ?? new ArrayBuffer(bytes);
  }

  /** @internal A store that is made elsewhere, which takes up to `bytes` meanwhile. */
  async fill(bytes: number, make: () => Promise<Store>, options: AcquireOptions): Promise<Loan> {
    this.#requireOpen();
    return { keeper: this, store: await this.#acquire(bytes, make, options) };
  }

  /** @internal Takes a store back: kept if there is room for it, else released. */
  put(store: Handle<Store>): void {
    const { value } = store;
    const bytes = value.buffer.byteLength;
    const { capacity, waiting } = this.budget.stats();
    const most = this.#maxIdle ?? capacity / 4;
    // Whoever waits in the budget's line is served by a release, not by what lies idle here. And of no bytes is what its user has
    // transferred under the image: there is nothing left to keep.
    if (this.#closed || bytes === 0 || bytes > most || waiting > 0) {
      store.dispose();
      return;
    }
    this.trim(most - bytes);
    value.buffer = renew(value.buffer);
    this.#idle.add(store);
    const size = sizeClass(bytes);
    let sizes = this.#classes.get(size);
    if (sizes === undefined) this.#classes.set(size, (sizes = new Map()));
    const peers = sizes.get(bytes);
    if (peers === undefined) sizes.set(bytes, [store]);
    else peers.push(store);
    this.#idleBytes += bytes;
    this.#watch();
  }

  /** Gives back idle memory, least recently used first, until no more than `maxIdle` bytes are left; answers the bytes given back. */
  trim(maxIdle = 0): number {
    let bytes = 0;
    for (const store of this.#idle) {
      if (this.#idleBytes <= maxIdle) break;
      bytes += store.value.buffer.byteLength;
      this.#remove(store);
      store.dispose();
    }
    return bytes;
  }

  stats(): PixelPoolStats {
    return { idleBytes: this.#idleBytes, idle: this.#idle.size, hits: this.#hits, misses: this.#misses };
  }

  /** Gives back what is idle. What is lent is given back when its image is disposed; to acquire more throws ClosedError. */
  dispose(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#registration[Symbol.dispose]();
    this.trim();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #acquire(bytes: number, make: () => Store | Promise<Store>, { label, signal, timeout, priority }: AcquireOptions): Promise<Handle<Store>> {
    return stores.acquire({ budget: this.budget, bytes, make }, { label, signal, timeout, priority });
  }

  #requireOpen(): void {
    if (this.#closed) throw new ClosedError('The pixel pool was disposed: nothing can be acquired from it any more.', { kind: 'pixels' });
  }

  /** The smallest idle store that fits, and is at most an eighth too large; among equals the one used last, whose pages are warm. */
  #take(bytes: number, clear: boolean): Handle<Store> | undefined {
    this.#requireOpen();
    const most = bytes * (1 + SPARE);
    let least = Number.POSITIVE_INFINITY;
    for (let size = sizeClass(bytes); size <= sizeClass(most) && least > most; size++) {
      for (const has of this.#classes.get(size)?.keys() ?? []) if (has >= bytes && has <= most && has < least) least = has;
    }
    const best = this.#classes.get(sizeClass(least))?.get(least)?.at(-1);
    if (best === undefined) {
      this.#misses++;
      return undefined;
    }
    this.#hits++;
    this.#remove(best);
    // What is behind the image is cleared in any case: nobody who overwrites the image reaches it, and whoever has its buffer does.
    new Uint8Array(best.value.buffer).fill(0, clear ? 0 : bytes);
    return best;
  }

  #remove(store: Handle<Store>): void {
    const bytes = store.value.buffer.byteLength;
    this.#idle.delete(store);
    const size = sizeClass(bytes);
    const sizes = this.#classes.get(size);
    const peers = sizes?.get(bytes) ?? [];
    // What goes is the first of its size, to be trimmed, or the last, to be lent.
    if (peers.at(-1) === store) peers.pop();
    else peers.shift();
    if (peers.length === 0) sizes?.delete(bytes);
    if (sizes?.size === 0) this.#classes.delete(size);
    this.#idleBytes -= bytes;
  }

  /** While anything is idle, a timer that keeps neither the process nor the pool alive. */
  #watch(): void {
    if (this.#timer !== undefined || this.#trimEvery === Number.POSITIVE_INFINITY) return;
    const pool = new WeakRef(this);
    const halve = (): void => {
      const alive = pool.deref();
      if (alive !== undefined) alive.#halve();
    };
    this.#timer = setTimeout(halve, Math.min(this.#trimEvery, 2 ** 31 - 1));
    this.#timer.unref();
  }

  #halve(): void {
    this.#timer = undefined;
    this.trim(Math.floor(this.#idleBytes / 2));
    if (this.#idle.size > 0) this.#watch();
  }
}

/** Eighths of a power of two: what is in one class differs by an eighth at most. */
function sizeClass(bytes: number): number {
  const power = Math.floor(Math.log2(bytes));
  return power * 8 + Math.floor((bytes / 2 ** power - 1) * 8);
}

function requireAmount(name: string, value: unknown, unit: string): void {
  if (typeof value !== 'number' || !(value >= 0)) throw new RangeError(`Expected \`${name}\` to be a number of ${unit} from 0 up, got ${String(value)}`);
}
