/**
 * What stands behind a pool: its slots, its stock and its openings, and the way back of what was lent: reset → shelf, or release →
 * slot free → next in line. The way out is the pool's own (pool.ts).
 */
import { Account, type Charge } from '../budget/account.ts';
import { recordOf, type AsyncHandle, type HandleKind } from '../handle/async-handle.ts';
import { isThenable } from '../handle/lifecycle.ts';
import { reportFailure } from '../leaks/failures.ts';
import { host, unref } from '../runtime/host.ts';
import { BUSY, Entry, IDLE, LEASED, type Keeper } from './entry.ts';
import { Lease } from './lease.ts';
import { Openings, type Opens } from './openings.ts';
import type { PoolOptions, Settings } from './options.ts';
import { reportOverdue, reportReturned } from './overdue.ts';
import type { Shelf } from './shelf.ts';
import { Stock } from './stock.ts';
import { Upkeep, type Kept } from './upkeep.ts';

/** What a pool asks of its kind. */
export interface PooledKind<T, Request> {
  readonly kind: string;
  acquire(request: Request, options: { label: string; signal?: never }): Promise<AsyncHandle<T>>;
  describe?(raw: unknown): string | undefined;
}

/** Lifetimes are shortened by up to this part, so that what was opened together does not end together (after HikariCP). */
const JITTER = 0.025;
/** Milliseconds before `min` is tried for again after a failure: from, and up to. */
const FILL_FROM = 100;
const FILL_TO = 30_000;

const RESET = { what: 'reset', after: 'its lease was returned; the resource is released instead of shelved' } as const;

export class Store<T, Request> implements Keeper<T>, Opens<T, Request>, Kept {
  readonly kind: PooledKind<T, Request>;
  readonly settings: Settings;
  readonly leaseKind: string;
  readonly slots: Account;
  readonly slot: Charge;
  readonly stock: Stock<T, Request>;
  readonly openings: Openings<T, Request>;
  readonly upkeep: Upkeep;
  isClosed = false;
  opened = 0;
  readonly #options: PoolOptions<T, Request>;
  readonly #idleTicks: number;
  readonly #overdueTicks: number;
  /** No reset, or one that was seen to be done within the call: returns take no time. */
  #returnsAtOnce: boolean;
  #fillPause = FILL_FROM;
  #fillTimer = false;
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
    this.upkeep = new Upkeep(this, [settings.idleTimeout, settings.maxLifetime / 5, settings.overdueAfter]);
    this.#idleTicks = this.upkeep.inTicks(settings.idleTimeout);
    this.#overdueTicks = this.upkeep.inTicks(settings.overdueAfter);
    this.#returnsAtOnce = options.reset === undefined;
    this.fill();
  }

  /** Leases are watched, and have their lines recorded. */
  get watchesLeases(): boolean {
    return this.settings.overdueAfter !== Number.POSITIVE_INFINITY;
  }

  get max(): number {
    return this.slots.limit;
  }

  // ── opening ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

  async open(request: Request): Promise<Entry<T>> {
    const { kind, settings } = this;
    const handle = await kind.acquire(request, { label: `in pool ${settings.name}` });
    const raw = handle?.value;
    if (raw === undefined || raw === null) {
      await handle?.disposeAsync();
      throw new TypeError(`The open of kind '${kind.kind}' answered ${String(raw)}: a pool lends what it opens, so there must be something`);
    }
    const entry = new Entry(this, Lease as unknown as HandleKind['Handle'], handle, raw, this.#returnsAtOnce);
    entry.end = this.upkeep.ticks + this.upkeep.inTicks(settings.maxLifetime * (1 - Math.random() * JITTER));
    return entry;
  }

  arrived(entry: Entry<T>, shelf: Shelf<T, Request>): void {
    this.opened++;
    this.slots.trouble = undefined;
    this.#fillPause = FILL_FROM;
    entry.key = shelf.key;
    this.stock.add(entry);
    this.upkeep.start();
    // Nobody may want it any more, and a resize may have taken its place.
    this.returnUnused(entry);
    this.stock.tidy(shelf);
    this.onGone?.();
  }

  failed(error: unknown): void {
    this.slots.trouble = error;
    this.onGone?.();
    this.#fillLater();
  }

  makePlace(): boolean {
    const { stock } = this;
    if (this.#places() < this.max) return true;
    // Each who waits needs one place: what is on its way out will be it.
    const oldest = stock.idle.first?.member;
    if (oldest === undefined || stock.leaving >= this.openings.waiting) return false;
    void stock.release(oldest);
    return this.#places() < this.max;
  }

  #places(): number {
    return this.stock.count + this.openings.under;
  }

  /** Opens in the background until there are `min`. */
  fill(): void {
    const { min } = this.settings;
    const { minRequest } = this.#options;
    while (!this.isClosed && !this.#fillTimer && this.#places() < Math.min(min, this.max)) {
      void this.openings.ahead(this.stock.shelf(''), minRequest as Request);
    }
  }

  #fillLater(): void {
    if (this.#fillTimer || this.isClosed || this.#places() > this.settings.min) return;
    this.#fillTimer = true;
    const reference = new WeakRef(this);
    const delay = this.#fillPause * (0.5 + Math.random() / 2);
    this.#fillPause = Math.min(2 * this.#fillPause, FILL_TO);
    const again = (): void => {
      const store = reference.deref();
      if (store === undefined) return;
      store.#fillTimer = false;
      store.fill();
    };
    unref(host.setTimeout(again, delay));
  }

  // ── the way back ─────────────────────────────────────────────────────────────────────────────────────────────────────────

  takeBack(entry: Entry<T>): Promise<void> | undefined {
    if (entry.lease !== undefined) this.#endWatch(entry);
    if (!this.#mayKeep(entry)) return this.#retire(entry);
    const { reset } = this.#options;
    if (reset !== undefined) return this.#reset(entry, reset);
    this.settle(entry);
    this.freeSlot();
    return undefined;
  }

  letGo(entry: Entry<T>): void {
    if (entry.lease !== undefined) this.#endWatch(entry);
    // Nobody but the pool had the handle: it is the sole owner, and no use is in flight.
    entry.handle.detach();
    this.stock.forget(entry);
    this.freeSlot();
    this.#gone();
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
    if (openings.give(stock.shelf(entry.key), entry)) {
      entry.state = LEASED;
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
    return !entry.condemned && !this.isClosed && this.#places() <= this.max;
  }

  #reset(entry: Entry<T>, reset: (value: T) => void | PromiseLike<void>): Promise<void> | undefined {
    entry.state = BUSY;
    let pending: void | PromiseLike<void>;
    try {
      pending = reset(entry.raw);
    } catch (error) {
      return this.#resetFailed(entry, error);
    }
    if (!isThenable(pending)) {
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
    const record = recordOf(entry.handle);
    if (record !== undefined) reportFailure(record, error, RESET);
    return this.#retire(entry);
  }

  /** Releases what was lent; its slot stays taken until it is gone. */
  #retire(entry: Entry<T>): Promise<void> | undefined {
    const done = this.stock.release(entry);
    if (done === undefined) {
      this.freeSlot();
      this.fill();
      return undefined;
    }
    return done.then(() => {
      this.freeSlot();
      this.fill();
    });
  }

  /** Something was released: its place is free. */
  #gone(): void {
    this.openings.placeFreed();
    this.onGone?.();
  }

  #endWatch(entry: Entry<T>): void {
    if (entry.overdue && entry.lease !== undefined) reportReturned(entry.lease, this.settings.name);
    entry.lease = undefined;
    entry.overdue = false;
  }

  describe(raw: unknown): string | undefined {
    return this.kind.describe?.(raw);
  }

  // ── upkeep ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

  tick(): boolean {
    const { stock, upkeep, settings } = this;
    const { ticks } = upkeep;
    for (let entry = stock.idle.first?.member; entry !== undefined; entry = stock.idle.first?.member) {
      if (ticks - entry.since < this.#idleTicks || stock.size <= settings.min) break;
      void stock.release(entry);
    }
    for (const entry of [...stock.entries]) this.#age(entry, ticks);
    this.fill();
    return stock.count > 0 && !this.isClosed;
  }

  #age(entry: Entry<T>, ticks: number): void {
    if (ticks >= entry.end) {
      if (entry.state === IDLE) void this.stock.release(entry);
      else entry.condemned = true;
    }
    const { lease } = entry;
    if (lease === undefined || entry.overdue || ticks - entry.lentAt < this.#overdueTicks) return;
    entry.overdue = true;
    reportOverdue(lease, this.settings.name, this.settings.overdueAfter);
  }
}
