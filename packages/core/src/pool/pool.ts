/**
 * Pools: resources kept for reuse. The way of a lease: a slot of the pool is admitted, by the same line that budgets have → an idle
 * resource is taken from the shelf, or one is opened → checked → lent as a fresh handle. The way back is store.ts.
 *
 * *Source*: the union of what the best known pools do apart: HikariCP (jittered lifetimes, overdue borrows, a housekeeper that
 * notices clock leaps), deadpool (time-outs by phase, an undo for each half-made acquire), tokio (strict order), Effect (keys).
 */
import { checkWait, grantNothing, grantOf, resize, timedOut, tryAdmit, waitInLine, type Grant } from '../budget/admit.ts';
import { requireAmount, show } from '../budget/amounts.ts';
import { NO_PURPOSE, type Waiter } from '../budget/line.ts';
import type { SignalShape } from '../budget/wait.ts';
import type { AcquirePhase } from '../errors/index.ts';
import type { AsyncHandle, Ownership } from '../handle/async-handle.ts';
import type { Requested, ResourceKind } from '../handle/definition.ts';
import { announce, announces, isThenable } from '../handle/lifecycle.ts';
import { notesUses, recording, sampled } from '../leaks/levels.ts';
import { Details, ResourceRecord } from '../leaks/record.ts';
import { capture } from '../leaks/site.ts';
import { now } from '../runtime/host.ts';
import { within, type Bounds } from './bounds.ts';
import { Check } from './check.ts';
import { closedError, Drain } from './drain.ts';
import { BUSY, LEASED, type Entry } from './entry.ts';
import { Lease } from './lease.ts';
import { checkOptions, type DrainOptions, type LeaseOptions, type PoolOptions, type PoolStats } from './options.ts';
import { Store, type PooledKind } from './store.ts';

/** The raw of a handle. */
export type Raw<H> = H extends AsyncHandle<infer T> ? T : never;

/** What one acquire wants. */
interface Wanted<Request> extends Bounds {
  readonly request: Request;
  readonly key: string | undefined;
  readonly label: string | undefined;
  readonly details: Details | undefined;
  /** The time-out that it was given. */
  readonly timeout: number | undefined;
}

const NOTHING: LeaseOptions = {};
/** How long an acquire with no time-out waits for an opening or a check: a little longer than for a budget, whose error says more. */
const PATIENCE = 32_000;

/**
 * Keeps resources of a kind for reuse, and lends them: at most `max` exist, those who want more wait in fair order. Idle ones are
 * given up when a budget that they were paid from is full. Hold leases with `using`, and the pool with `await using`.
 */
export class Pool<H extends AsyncHandle<unknown>, Request = void> implements AsyncDisposable {
  readonly #store: Store<Raw<H>, Request>;
  readonly #key: ((request: Request) => string) | undefined;
  readonly #check: Check<Raw<H>> | undefined;
  /** No keys, checks or watches: an idle one is lent as it is. */
  readonly #isPlain: boolean;
  readonly #waitOptions: LeaseOptions;
  readonly #drain: Drain;
  readonly #grant: Grant<Lease<Raw<H>> | Promise<Lease<Raw<H>>>>;
  #disposing: Promise<void> | undefined;

  /** Throws TypeError or RangeError for options that make no pool. */
  constructor(kind: ResourceKind<Raw<H>, Request, H>, options: PoolOptions<Raw<H>, Request>) {
    const settings = checkOptions(kind, options);
    const { key, check, acquireTimeout } = options;
    this.#waitOptions = acquireTimeout === undefined ? NOTHING : { timeout: acquireTimeout };
    checkWait(this.#waitOptions);
    const store = new Store<Raw<H>, Request>(kind as unknown as PooledKind<Raw<H>, Request>, options, settings);
    this.#store = store;
    this.#key = key;
    this.#check = check === undefined ? undefined : new Check(check, settings.checkAfter, (error) => (store.slots.trouble = error));
    this.#isPlain = key === undefined && check === undefined && !store.watchesLeases;
    this.#drain = new Drain(store as unknown as Store<never, never>);
    this.#grant = grantOf((waiter) => this.#serveInLine(waiter));
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
          return Promise.resolve(this.#lend(stock.take(undefined) as Entry<Raw<H>>, undefined, undefined));
        }
      }
      return this.#acquire(args[0] as Request, options ?? NOTHING);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #acquire(request: Request, options: LeaseOptions): Promise<Lease<Raw<H>>> {
    const { slot, leaseKind } = this.#store;
    checkWait(options);
    this.#requireOpen();
    const { label, signal } = options;
    const key = this.#keyOf(request);
    const details = this.#detailsFor(label, Pool.prototype.acquire);
    const timeout = options.timeout ?? this.#waitOptions.timeout;
    const isAdmitted = tryAdmit(slot);
    if (!isAdmitted && options === NOTHING && request === undefined && key === undefined) {
      return waitInLine(slot, this.#waitOptions, NO_PURPOSE, this.#grant as Grant<Lease<Raw<H>>>, details);
    }
    const deadline = timeout === undefined ? Number.POSITIVE_INFINITY : now() + timeout;
    const wanted: Wanted<Request> = { request, key, label, details, timeout, deadline, signal: signal as SignalShape | undefined };
    if (isAdmitted) return Promise.resolve(this.#serve(wanted));
    return waitInLine(slot, { ...options, timeout }, { kind: leaseKind, label }, grantNothing).then(() => this.#serve(wanted));
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
      return this.#lend(idle, undefined, undefined);
    }
    this.#requireOpen();
    const key = this.#keyOf(args[0] as Request);
    if (!tryAdmit(slot)) return undefined;
    for (let entry = stock.take(key); entry !== undefined; entry = stock.take(key)) {
      if (this.#isGood(entry)) return this.#lend(entry, this.#detailsFor(undefined, Pool.prototype.tryAcquire), undefined);
    }
    this.#store.freeSlot();
    return undefined;
  }

  /** Lends one for as long as `operation` runs, and until what it returns has settled. */
  async use<R>(operation: (value: Raw<H>) => R, ...args: Requested<Request, LeaseOptions>): Promise<Awaited<R>> {
    using lease = await this.acquire(...args);
    return await lease.use(operation);
  }

  /**
   * Opens ahead until `count` (default `min`) resources exist, those for `request`'s key being what is opened. Resolves when they are
   * there; rejects with the first failure. Throws RangeError for more than `max`.
   */
  async warmUp(count: number = this.#store.settings.min, ...[request]: Requested<Request, never>): Promise<void> {
    const { stock, openings, slots, max } = this.#store;
    if (requireAmount(count, 'count') > max) throw new RangeError(`Expected \`count\` to be the ${max} of pool '${this.name}' at most, got ${count}`);
    this.#requireOpen();
    const shelf = stock.shelf(this.#keyOf(request as Request));
    const missing = count - stock.size - openings.under;
    const { opened } = this.#store;
    await Promise.all(Array.from({ length: Math.max(0, missing) }, () => openings.ahead(shelf, request as Request)));
    if (this.#store.opened - opened < missing && slots.trouble !== undefined) throw slots.trouble;
  }

  /** Changes how many may exist. Nothing is revoked: what is above it is released when it comes back. Throws RangeError. */
  resize(max: number): void {
    const { slots, stock, openings } = this.#store;
    resize(slots, requireAmount(max, 'max'));
    for (let entry = stock.idle.first?.member; entry !== undefined && stock.size + openings.under > max; entry = stock.idle.first?.member) {
      void stock.release(entry);
    }
    openings.placeFreed();
    this.#store.fill();
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

  // ── serving: a slot is held ──────────────────────────────────────────────────────────────────────────────────────────────

  /** Someone in line who asked for nothing in particular: all that there is to know stands in the waiter. */
  #serveInLine({ extras }: Waiter): Lease<Raw<H>> | Promise<Lease<Raw<H>>> {
    if (this.#check === undefined && !this.#store.isClosed) {
      const entry = this.#store.stock.take(undefined);
      if (entry !== undefined) return this.#lend(entry, extras?.details, undefined);
    }
    const { timeout } = this.#waitOptions;
    const deadline = extras?.deadline?.time ?? Number.POSITIVE_INFINITY;
    return this.#serveSlowly({
      request: undefined as Request,
      key: undefined,
      label: undefined,
      details: extras?.details,
      timeout,
      deadline,
      signal: undefined,
    });
  }

  #serve(wanted: Wanted<Request>): Lease<Raw<H>> | Promise<Lease<Raw<H>>> {
    if (this.#check === undefined && !this.#store.isClosed) {
      const entry = this.#store.stock.take(wanted.key);
      if (entry !== undefined) return this.#lend(entry, wanted.details, wanted.label);
    }
    return this.#serveSlowly(wanted);
  }

  async #serveSlowly(wanted: Wanted<Request>): Promise<Lease<Raw<H>>> {
    const { stock } = this.#store;
    try {
      for (;;) {
        if (this.#store.isClosed) throw this.#closed();
        if (wanted.signal?.aborted === true) throw wanted.signal.reason;
        const entry = stock.take(wanted.key) ?? (await this.#waitForOne(wanted));
        if (await this.#passes(entry, wanted)) return this.#lend(entry, wanted.details, wanted.label);
      }
    } catch (error) {
      this.#store.freeSlot();
      throw error;
    }
  }

  /** What comes first: one that is opened, or one that comes back. */
  async #waitForOne(wanted: Wanted<Request>): Promise<Entry<Raw<H>>> {
    const { openings, stock } = this.#store;
    const shelf = stock.shelf(wanted.key);
    const opener = openings.join(shelf, wanted.request);
    try {
      return await within(opener.promise, this.#patient(wanted), () => this.#timedOut(wanted, 'open'));
    } catch (error) {
      // Served in the same moment: it is not the one who wanted it any more.
      if (!openings.leave(shelf, opener)) opener.promise.then((entry) => this.#store.returnUnused(entry)).catch(() => {});
      stock.tidy(shelf);
      throw error;
    }
  }

  /** Checks an entry that is in hand. One that fails is released; where the wait ends before the answer, it decides where the entry goes. */
  async #passes(entry: Entry<Raw<H>>, wanted: Wanted<Request>): Promise<boolean> {
    const check = this.#check;
    if (check === undefined || !check.isDue(entry)) return true;
    entry.state = BUSY;
    const verdict = check.run(entry);
    if (!isThenable(verdict)) return this.#judge(entry, verdict);
    try {
      return this.#judge(entry, await within(verdict, this.#patient(wanted), () => this.#timedOut(wanted, 'check')));
    } catch (error) {
      this.#settleLater(entry, verdict);
      throw error;
    }
  }

  /** The same for one who cannot wait. */
  #isGood(entry: Entry<Raw<H>>): boolean {
    const check = this.#check;
    if (check === undefined || !check.isDue(entry)) return true;
    entry.state = BUSY;
    const verdict = check.run(entry);
    if (!isThenable(verdict)) return this.#judge(entry, verdict);
    this.#settleLater(entry, verdict);
    return false;
  }

  #judge(entry: Entry<Raw<H>>, isGood: boolean): boolean {
    if (isGood) entry.state = LEASED;
    else void this.#store.stock.release(entry);
    return isGood;
  }

  #settleLater(entry: Entry<Raw<H>>, verdict: Promise<boolean>): void {
    void verdict.then((isGood) => this.#store.returnUnused(entry, isGood));
  }

  #lend(entry: Entry<Raw<H>>, details: Details | undefined, label: string | undefined): Lease<Raw<H>> {
    entry.fresh = false;
    if (details === undefined && entry.makesPlain && !announces()) return new Lease(entry as unknown as Ownership<Raw<H>>, entry.raw);
    return this.#lendRecorded(entry, details ?? this.#details(label));
  }

  #lendRecorded(entry: Entry<Raw<H>>, details: Details): Lease<Raw<H>> {
    const record = new ResourceRecord(entry, entry.raw, details);
    if (this.#store.watchesLeases) {
      entry.lease = record;
      entry.lentAt = this.#store.upkeep.ticks;
    }
    announce(record);
    return new Lease(record as unknown as Ownership<Raw<H>>);
  }

  // ── what is asked ────────────────────────────────────────────────────────────────────────────────────────────────────────

  #keyOf(request: Request): string | undefined {
    if (this.#key === undefined) return undefined;
    const key: unknown = this.#key(request);
    if (typeof key !== 'string') throw new TypeError(`Expected \`key\` of pool '${this.name}' to answer a text, got ${show(key)}`);
    return key;
  }

  /** Details for a lease that has a label, or whose line is to be recorded; undefined for the others. */
  #detailsFor(label: string | undefined, below: Function): Details | undefined {
    // A record holds no more than a text: an object might lead to the lease.
    if (label !== undefined && typeof label !== 'string') throw new TypeError(`Expected \`label\` to be a text, got ${show(label)}`);
    const { slots, watchesLeases } = this.#store;
    const traced = recording === 2 || watchesLeases || ((recording === 1 || slots.used >= slots.calm) && sampled());
    if (label === undefined && !traced) return undefined;
    const details = this.#details(label);
    if (traced) details.trace = capture(below);
    return details;
  }

  #details(label: string | undefined): Details {
    const details = new Details();
    details.label = label;
    details.noted = notesUses;
    return details;
  }

  #patient(wanted: Wanted<Request>): Bounds {
    return wanted.deadline === Number.POSITIVE_INFINITY && wanted.timeout === undefined ? { signal: wanted.signal, deadline: now() + PATIENCE } : wanted;
  }

  #timedOut({ label, timeout }: Wanted<Request>, phase: AcquirePhase): unknown {
    const { slot, leaseKind } = this.#store;
    return timedOut(slot, { kind: leaseKind, label }, phase, `within ${timeout ?? PATIENCE} ms`);
  }

  #requireOpen(): void {
    if (this.#store.isClosed) throw this.#closed();
  }

  #closed(): Error {
    return closedError(this.name, this.#store.leaseKind);
  }
}
