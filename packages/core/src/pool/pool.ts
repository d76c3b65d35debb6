/**
 * Pools: resources kept for reuse. The way of a lease: a slot of the pool is admitted, by the same line that budgets have → an idle
 * resource is taken from the shelf, or one is opened → checked → lent as a fresh handle (lending.ts). The way back is store.ts.
 *
 * *Source*: the union of what the best known pools do apart: HikariCP (jittered lifetimes, overdue borrows, a housekeeper that
 * notices clock leaps), deadpool (time-outs by phase, an undo for each half-made acquire), tokio (strict order), Effect (keys).
 */
import { checkWait, grantOf, resize, tryAdmit, waitInLine, type Grant } from '../budget/admit.ts';
import { requireAmount, requireMeasure, show } from '../budget/amounts.ts';
import { NO_PURPOSE } from '../budget/line.ts';
import type { SignalShape } from '../budget/wait.ts';
import type { AsyncHandle } from '../handle/async-handle.ts';
import type { Requested, ResourceKind } from '../handle/definition.ts';
import { followed, startFollowing } from '../leaks/following.ts';
import { recording, sampled } from '../leaks/levels.ts';
import type { Details } from '../leaks/record.ts';
import { capture } from '../leaks/site.ts';
import { Check } from './check.ts';
import { closedError, Drain } from './drain.ts';
import type { Entry } from './entry.ts';
import type { Lease } from './lease.ts';
import { Lending, newDetails } from './lending.ts';
import { MixedRequests } from './mixed.ts';
import { checkOptions, keyOf, type DrainOptions, type LeaseOptions, type PoolOptions, type PoolStats } from './options.ts';
import { Store, type PooledKind } from './store.ts';
import { Wanted, type Served } from './wanted.ts';

/** The raw of a handle. */
export type Raw<H> = H extends AsyncHandle<infer T> ? T : never;

const NOTHING: LeaseOptions = {};

/**
 * Keeps resources of a kind for reuse, and lends them: at most `max` exist, those who want more wait in fair order. Idle ones are
 * given up when a budget that they were paid from is full. Hold leases with `using`, and the pool with `await using`.
 */
export class Pool<H extends AsyncHandle<unknown>, Request = void> implements AsyncDisposable {
  readonly #store: Store<Raw<H>, Request>;
  readonly #key: ((request: Request) => string) | undefined;
  readonly #lending: Lending<Raw<H>, Request>;
  /** No keys, checks or watches: an idle one is lent as it is. */
  readonly #isPlain: boolean;
  readonly #waitOptions: LeaseOptions;
  readonly #drain: Drain;
  readonly #mixed: MixedRequests;
  readonly #grant: Grant<Served<Raw<H>>>;
  #disposing: Promise<void> | undefined;

  /** Throws TypeError or RangeError for options that make no pool. */
  constructor(kind: ResourceKind<Raw<H>, Request, H>, options: PoolOptions<Raw<H>, Request>) {
    const settings = checkOptions(kind, options);
    const { key, check } = options;
    const { acquireTimeout, checkAfter } = settings;
    this.#waitOptions = acquireTimeout === undefined ? NOTHING : { timeout: acquireTimeout };
    const store = new Store<Raw<H>, Request>(kind as unknown as PooledKind<Raw<H>, Request>, options, settings);
    this.#store = store;
    this.#key = key;
    this.#lending = new Lending(
      store,
      check === undefined
        ? undefined
        : new Check(check, checkAfter, (error) => {
            store.slots.trouble = error;
          }),
    );
    this.#isPlain = key === undefined && check === undefined && !store.aging.watchesLeases;
    this.#mixed = new MixedRequests(settings.name);
    this.#drain = new Drain(store as unknown as Store<never, never>);
    this.#grant = grantOf((waiter) => this.#lending.serveInLine(waiter, acquireTimeout));
  }

  get name(): string {
    return this.#store.settings.name;
  }

  /**
   * Lends one: an idle one at once, else one that is opened or comes back, in order of arrival within a priority. Rejects with
   * AcquireTimeoutError (with its phase, and the last failure to open as its cause), ClosedError, the signal's reason, what `open`
   * threw, or RangeError and TypeError for options that are none.
   */
  acquire(...args: Requested<Request, LeaseOptions>): Promise<Lease<Raw<H>>> {
    const options = args[1];
    try {
      if (options === undefined && this.#isPlain && recording === 0) {
        const { slots, stock } = this.#store;
        if (slots.quiet && slots.used < slots.limit && stock.idle.size > 0 && (slots.used < slots.calm || !sampled())) {
          if (++slots.used > slots.peak) slots.peak = slots.used;
          return Promise.resolve(this.#lending.lend(stock.take(undefined) as Entry<Raw<H>>, undefined, undefined));
        }
      }
      return this.#acquire(args[0] as Request, options ?? NOTHING);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #acquire(request: Request, options: LeaseOptions): Promise<Lease<Raw<H>>> {
    checkWait(options);
    if (this.#key === undefined && request !== undefined) this.#mixed.note(request);
    const key = keyOf(this.#key, request, this.name);
    // After the app's own code, which may have closed it.
    this.#requireOpen();
    const details = this.#detailsFor(options.label, Pool.prototype.acquire);
    if (details !== undefined && recording === 2) startFollowing(details);
    return followed(this.#admit(request, key, options, details), details);
  }

  #admit(request: Request, key: string | undefined, options: LeaseOptions, details: Details | undefined): Promise<Lease<Raw<H>>> {
    const { slot, leaseKind } = this.#store;
    const { label, signal } = options;
    const timeout = options.timeout ?? this.#waitOptions.timeout;
    const isAdmitted = tryAdmit(slot);
    if (!isAdmitted && options === NOTHING && request === undefined && key === undefined) {
      return waitInLine(slot, this.#waitOptions, NO_PURPOSE, this.#grant as Grant<Lease<Raw<H>>>, details);
    }
    const wanted = new Wanted<Raw<H>, Request>(this.#lending, request, key, label, details, timeout, signal as SignalShape | undefined);
    if (isAdmitted) return Promise.resolve(this.#lending.serve(wanted));
    const purpose = label === undefined ? NO_PURPOSE : { kind: leaseKind, label };
    return waitInLine(slot, { ...options, timeout }, purpose, wanted as Grant<Lease<Raw<H>>>, details);
  }

  /**
   * Lends an idle one if one can be had at once without overtaking anybody, else answers undefined; it opens none, and skips those
   * that need an asynchronous check.
   */
  tryAcquire(...args: Requested<Request, never>): Lease<Raw<H>> | undefined {
    const { slots, slot, stock } = this.#store;
    if (this.#isPlain && recording === 0 && slots.quiet && slots.used < slots.limit) {
      const idle = stock.take(undefined);
      if (idle === undefined) return undefined;
      if (++slots.used > slots.peak) slots.peak = slots.used;
      return this.#lending.lend(idle, undefined, undefined);
    }
    const key = keyOf(this.#key, args[0] as Request, this.name);
    this.#requireOpen();
    if (!tryAdmit(slot)) return undefined;
    const entry = this.#lending.tryServe(key);
    if (entry !== undefined) return this.#lending.lend(entry, this.#detailsFor(undefined, Pool.prototype.tryAcquire), undefined);
    this.#store.freeSlot();
    return undefined;
  }

  /**
   * Lends one for as long as `operation` runs, and until what it returns has settled. Where that fails, the resource is shelved all the
   * same: a failed query says nothing of the connection. For one that may be unusable now, `acquire` a lease and `discard` it.
   */
  async use<R>(operation: (value: Raw<H>) => R, ...args: Requested<Request, LeaseOptions>): Promise<Awaited<R>> {
    using lease = await this.acquire(...args);
    return await lease.use(operation);
  }

  /**
   * Opens ahead until `count` (default `min`) resources exist, those for `request`'s key being what is opened, and what is being opened already counts. Resolves when they are
   * there; rejects with the first failure, ClosedError, or RangeError for more than `max`.
   */
  async warmUp(count: number = this.#store.settings.min, ...[request]: Requested<Request, never>): Promise<void> {
    const { stock, openings, max } = this.#store;
    if (requireMeasure(count, 'count') > max) throw new RangeError(`Expected \`count\` to be the ${max} of pool '${this.name}' at most, got ${count}`);
    const key = keyOf(this.#key, request as Request, this.name);
    this.#requireOpen();
    // What is on its way out has its place until it is gone.
    const missing = Math.min(count - stock.size - openings.under, max - this.#store.places);
    if (missing <= 0) return;
    const shelf = stock.shelf(key);
    const openers = Array.from({ length: missing }, () => openings.ahead(shelf, request as Request));
    for (const failed of await Promise.all(openers)) if (failed !== undefined) throw failed.error;
    this.#requireOpen();
  }

  /** Changes how many may exist. Nothing is revoked: what is above it is released when it comes back. Throws RangeError, or ClosedError. */
  resize(max: number): void {
    const { slots, stock, openings } = this.#store;
    this.#requireOpen();
    resize(slots, requireAmount(max, 'max'));
    for (let entry = stock.idle.first?.member; entry !== undefined && stock.size + openings.under > max; entry = stock.idle.first?.member) {
      void stock.release(entry);
    }
    openings.placeFreed();
    this.#store.filling.fill();
  }

  /**
   * Closes the pool: those who wait get ClosedError, the idle are released now, the lent when they come back. Resolves when all are
   * gone; rejects with InUseError, which names the holders, after `timeout`, and goes on all the same: what is in use is never
   * released under its borrower.
   */
  drain(options: DrainOptions = {}): Promise<void> {
    try {
      return this.#drain.start(options.timeout);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Drains it within `drainTimeout`. Again: the same promise. */
  disposeAsync(): Promise<void> {
    return (this.#disposing ??= this.drain());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.disposeAsync();
  }

  stats(): PoolStats {
    const { stock, slots, openings, settings, opened } = this.#store;
    return {
      size: stock.size,
      idle: stock.idle.size,
      leased: slots.used - openings.waiting,
      opening: openings.under,
      waiting: slots.waiting,
      max: slots.limit,
      min: settings.min,
      opened,
      released: stock.released,
    };
  }

  // ── what is asked ────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Details for a lease that has a label, or whose line is to be recorded; undefined for the others. */
  #detailsFor(label: string | undefined, below: Function): Details | undefined {
    // A record holds no more than a text: an object might lead to the lease.
    if (label !== undefined && typeof label !== 'string') throw new TypeError(`Expected \`label\` to be a text, got ${show(label)}`);
    const { slots, aging } = this.#store;
    const traced = recording === 2 || aging.watchesLeases || ((recording === 1 || slots.used >= slots.calm) && sampled());
    if (label === undefined && !traced) return undefined;
    const details = newDetails(label);
    if (traced) details.trace = capture(below);
    return details;
  }

  #requireOpen(): void {
    if (this.#store.isClosed) throw closedError(this.name, this.#store.leaseKind);
  }
}
