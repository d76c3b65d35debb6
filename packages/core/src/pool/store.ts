/**
 * What stands behind a pool: its slots, its stock and its openings, and the way back of what was lent: reset → shelf, or release →
 * slot free → next in line. The way out is the pool's own (pool.ts).
 */
import { Account, type Charge } from '../budget/account.ts';
import { recordOf, type AsyncHandle, type HandleKind } from '../handle/async-handle.ts';
import { isThenable } from '../handle/lifecycle.ts';
import { leaveFlow } from '../leaks/following.ts';
import { Aging } from './aging.ts';
import { BUSY, Entry, LEASED, type Keeper } from './entry.ts';
import { Filling, type Filled } from './filling.ts';
import { Lease } from './lease.ts';
import { Openings, type Opens } from './openings.ts';
import type { PoolOptions, Settings } from './options.ts';
import type { Shelf } from './shelf.ts';
import { Stock } from './stock.ts';
import type { Upkeep } from './upkeep.ts';

/** What a pool asks of its kind. */
export interface PooledKind<T, Request> {
  readonly kind: string;
  acquire(request: Request, options: { label: string; signal?: never }): Promise<AsyncHandle<T>>;
  describe?(raw: unknown): string | undefined;
}

const RESET = { what: 'reset', after: 'its lease was returned; the resource is released instead of shelved' } as const;

export class Store<T, Request> implements Keeper<T>, Opens<T, Request>, Filled {
  readonly kind: PooledKind<T, Request>;
  readonly settings: Settings;
  readonly leaseKind: string;
  readonly slots: Account;
  readonly slot: Charge;
  readonly stock: Stock<T, Request>;
  readonly openings: Openings<T, Request>;
  readonly aging: Aging<T>;
  /** Of `aging`: its ticks are the pool's time. */
  readonly upkeep: Upkeep;
  readonly filling: Filling;
  isClosed = false;
  opened = 0;
  readonly #options: PoolOptions<T, Request>;
  /** No reset, or one that was seen to be done within the call: returns take no time. */
  #returnsAtOnce: boolean;
  /** Told when something has gone: a drain waits for the last. */
  onGone: (() => void) | undefined = undefined;

  constructor(kind: PooledKind<T, Request>, options: PoolOptions<T, Request>, settings: Settings) {
    this.kind = kind;
    this.#options = options;
    this.settings = settings;
    this.leaseKind = `${kind.kind} lease`;
    this.slots = new Account({
      name: settings.name,
      unit: 'lease',
      oversize: 'reject',
      parent: undefined,
      capacity: options.max,
      purpose: { kind: this.leaseKind, label: undefined },
    });
    this.slot = this.slots.one;
    this.stock = new Stock(settings, options.key !== undefined, () => this.#gone());
    this.openings = new Openings(this, settings.openConcurrency);
    this.filling = new Filling(this);
    this.aging = new Aging(this.stock as unknown as Stock<T, never>, settings, () => this.filling.fill());
    this.upkeep = this.aging.upkeep;
    this.#returnsAtOnce = options.reset === undefined;
    this.filling.fill();
  }

  get max(): number {
    return this.slots.limit;
  }

  // ── opening ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

  async open(request: Request): Promise<Entry<T>> {
    const { kind, settings } = this;
    const handle = await kind.acquire(request, { label: `in pool ${settings.name}` });
    const raw = handle?.value;
    const details = handle && recordOf(handle)?.details;
    // It is the pool's, whoever it was opened for.
    if (details !== undefined) leaveFlow(details);
    if (raw === undefined || raw === null) {
      await handle?.disposeAsync().catch((error: unknown) => this.stock.report(handle, error));
      throw new TypeError(`The open of kind '${kind.kind}' answered ${String(raw)}: a pool lends what it opens, so there must be something`);
    }
    return new Entry(this, Lease as unknown as HandleKind['Handle'], handle, raw, this.#returnsAtOnce);
  }

  arrived(entry: Entry<T>, shelf: Shelf<T, Request>): void {
    this.opened++;
    this.slots.trouble = undefined;
    this.filling.succeeded();
    entry.key = shelf.key;
    this.stock.add(entry);
    this.aging.begin(entry);
    // Nobody may want it any more, and a resize may have taken its place.
    this.returnUnused(entry);
    this.stock.tidy(shelf);
    this.onGone?.();
  }

  failed(error: unknown): void {
    this.slots.trouble = error;
    if (this.settings.min > 0) this.filling.fillLater();
  }

  ended(shelf: Shelf<T, Request>): void {
    this.stock.tidy(shelf);
    this.filling.fill();
    this.onGone?.();
  }

  makePlace(): boolean {
    const { stock } = this;
    if (this.places < this.max) return true;
    // Each who waits needs one place: what is on its way out will be it.
    const oldest = stock.idle.first?.member;
    if (oldest === undefined || stock.leaving >= this.openings.waiting) return false;
    void stock.release(oldest);
    return this.places < this.max;
  }

  /** How many exist, or are about to. */
  get places(): number {
    return this.stock.count + this.openings.under;
  }

  openAhead(): void {
    const { min, minKey } = this.settings;
    while (!this.isClosed && this.places < Math.min(min, this.max)) void this.openings.ahead(this.stock.shelf(minKey), this.#options.minRequest as Request);
  }

  // ── the way back ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  takeBack(entry: Entry<T>): Promise<void> | undefined {
    if (entry.lease !== undefined) this.aging.returned(entry);
    if (!this.#mayKeep(entry)) return this.#retire(entry);
    const { reset } = this.#options;
    if (reset !== undefined) return this.#reset(entry, reset);
    this.settle(entry);
    this.freeSlot();
    return undefined;
  }

  letGo(entry: Entry<T>): void {
    if (entry.lease !== undefined) this.aging.returned(entry);
    try {
      // Nobody but the pool had the handle: it is the sole owner, and no use is in flight. But its class may be the author's own.
      entry.handle.detach();
    } finally {
      this.stock.forget(entry);
      this.freeSlot();
      this.#gone();
      this.filling.fill();
    }
  }

  /** Gives a slot back: the next in line has it. */
  freeSlot(): void {
    const { slots } = this;
    if (slots.quiet) slots.used--;
    else slots.refund(1);
  }

  /** To whoever waits for one on its shelf, else on the shelf. */
  settle(entry: Entry<T>): void {
    const { openings, stock } = this;
    entry.since = this.upkeep.ticks;
    if (openings.waiting === 0) {
      stock.put(entry);
      return;
    }
    const shelf = stock.shelf(entry.key);
    if (openings.give(shelf, entry)) {
      entry.state = LEASED;
      stock.tidy(shelf);
      return;
    }
    stock.put(entry);
    // Of no use to those who wait on other shelves, but its place is.
    openings.placeFreed();
  }

  /** What was in hand, and comes back without having been lent. Its slot is not its matter. */
  returnUnused(entry: Entry<T>, isGood = true): void {
    if (isGood && this.#mayKeep(entry)) this.settle(entry);
    else void this.stock.release(entry);
  }

  #mayKeep(entry: Entry<T>): boolean {
    // What is on its way out counts no more: of three, two go where one may stay.
    return !entry.condemned && !this.isClosed && this.stock.size + this.openings.under <= this.max;
  }

  #reset(entry: Entry<T>, reset: (value: T) => void | PromiseLike<void>): Promise<void> | undefined {
    entry.state = BUSY;
    let pending: PromiseLike<unknown> | undefined;
    try {
      const result: unknown = reset(entry.raw);
      if (isThenable(result)) pending = result;
    } catch (error) {
      return this.#resetFailed(entry, error);
    }
    if (pending === undefined) {
      this.#returnsAtOnce = entry.makesPlain = true;
      return this.#afterReset(entry);
    }
    this.#returnsAtOnce = entry.makesPlain = false;
    return Promise.resolve(pending).then(
      () => this.#afterReset(entry),
      (error: unknown) => this.#resetFailed(entry, error),
    );
  }

  #afterReset(entry: Entry<T>): Promise<void> | undefined {
    if (!this.#mayKeep(entry)) return this.#retire(entry);
    this.settle(entry);
    this.freeSlot();
    return undefined;
  }

  #resetFailed(entry: Entry<T>, error: unknown): Promise<void> | undefined {
    this.stock.report(entry.handle, error, RESET);
    return this.#retire(entry);
  }

  /** Releases what was lent; its slot stays taken until it is gone. */
  #retire(entry: Entry<T>): Promise<void> | undefined {
    const done = this.stock.release(entry);
    if (done === undefined) {
      this.freeSlot();
      this.filling.fill();
      return undefined;
    }
    return done.then(() => {
      this.freeSlot();
      this.filling.fill();
    });
  }

  /** Something was released: its place is free. */
  #gone(): void {
    this.openings.placeFreed();
    this.onGone?.();
  }

  describe(raw: unknown): string | undefined {
    return this.kind.describe?.(raw);
  }
}
