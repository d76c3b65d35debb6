/** What the author of a kind writes down, and the types of what they get: the public contract of an adapter. */
import type { Budget } from '../budget/budget.ts';
import type { WaitOptions } from '../budget/admit.ts';
import type { Signal } from '../budget/wait.ts';
import type { AsyncHandle, Ownership } from './async-handle.ts';
import type { AsyncHandles, Handles } from './handles.ts';

/** One charge on a budget. */
export interface Cost {
  readonly budget: Budget;
  /** A whole number from 1 up (as a measure: from 0 up), in the budget's unit. */
  readonly amount: number;
}

/** What a resource costs: one charge, several that are taken all at once, or none. */
export type Costs = Cost | readonly Cost[] | undefined;

/** What `open` is told besides the request. */
export interface OpenContext {
  /** Fires when the caller aborts, or the time-out passes: what is opened later is released. */
  readonly signal: Signal | undefined;
}

/** What all definitions of a kind have in common. */
export interface KindDefinition<T, Request> {
  /** A word for the sort of resource, in the singular: `file`. */
  kind: string;
  /** What it costs, before it is opened. */
  cost?: ((request: Request) => Costs) | undefined;
  /** The true charge, once it is open (and for `own`), in the shape of `cost`; settled at once, without waiting. */
  measure?: ((raw: T) => Costs) | undefined;
  /** Bytes it holds that the engine's collector does not know of. */
  externalBytes?: ((raw: T) => number) | undefined;
  /** A few words on a raw, for messages: `fd 12`. */
  describe?: ((raw: T) => string) | undefined;
  /**
   * True for an error of `open` that says that the platform has run out (EMFILE): then idle things are evicted, what was forgotten is
   * collected, and the opening is tried again.
   */
  isExhausted?: ((error: unknown) => boolean) | undefined;
  /** The adapter's `import.meta.url`: frames of files in its folder are left out of sites, so that a site is its caller's line. */
  module?: string | undefined;
}

/** Of a kind whose release is synchronous. It gets the raw alone, so it cannot reach the handle. */
export interface SyncRelease<T> {
  release: (raw: T) => void;
}

/** Of a kind whose release may be asynchronous. */
export interface AsyncRelease<T> {
  release: (raw: T) => void | PromiseLike<void>;
}

/** Of a kind that can open within the call (and, where `open` is given too, asynchronously). */
export interface OpensSync<T, Request> {
  openSync: (request: Request) => T;
  open?: ((request: Request, context: OpenContext) => T | PromiseLike<T>) | undefined;
}

/** Of a kind that opens asynchronously alone. */
export interface OpensAsync<T, Request> {
  open: (request: Request, context: OpenContext) => T | PromiseLike<T>;
  openSync?: undefined;
}

/** Of a kind that opens nothing, and owns what was opened elsewhere. */
export interface OpensNothing {
  open?: undefined;
  openSync?: undefined;
}

/** The class that a kind hands out; the default is Handle, or AsyncHandle. */
export interface HandleClass<T, H> {
  handle?: (new (ownership: Ownership<T>) => H) | undefined;
}

/** Options of `own` and `acquireSync`. */
export interface OwnOptions {
  /** A name for messages. */
  label?: string | undefined;
  /** The handle it belongs to: released before its parent, which stays open until then. */
  parent?: AsyncHandle<unknown> | undefined;
}

/** Options of `acquire`. */
export interface AcquireOptions extends WaitOptions, OwnOptions {}

/** Options of `acquireAll`. */
export interface AcquireAllOptions extends AcquireOptions {
  /** How many are opened at once; default 10. */
  openConcurrency?: number | undefined;
}

/** The parameters of an acquire: the request may be left out where it is void. */
export type Requested<Request, Options> = undefined extends Request ? [request?: Request, options?: Options] : [request: Request, options?: Options];

/** A kind of resource that owns what was opened elsewhere. */
export interface OwningKind<T, H> {
  readonly kind: string;
  /** Adopts a raw that was opened elsewhere: from now on the handle owns it. Throws DisposedError or MovedError under a closed parent; then the caller still owns it. */
  own(raw: T, options?: OwnOptions): H;
}

/** A kind of resource. */
export interface ResourceKind<T, Request = void, H = AsyncHandle<T>> extends OwningKind<T, H> {
  /**
   * Admits, opens and owns one. Rejects with BudgetExceededError, AcquireTimeoutError (with its phase), ClosedError, DisposedError
   * under a closed parent, the signal's reason, or what `open` threw; then nothing is held, but for what is still being opened when its
   * caller goes: that keeps its permit until it has come and been released.
   */
  acquire(...args: Requested<Request, AcquireOptions>): Promise<H>;
  /** Acquires one for each request: permits for all at once or for none, and one disposable array. The first failure undoes all, late openers too. */
  acquireAll(
    requests: readonly Request[],
    options?: AcquireAllOptions,
  ): Promise<H extends Disposable & AsyncDisposable ? Handles<H> : H extends AsyncDisposable ? AsyncHandles<H> : never>;
}

/** A kind of resource that can also be opened within the call. */
export interface SyncResourceKind<T, Request = void, H = AsyncHandle<T>> extends ResourceKind<T, Request, H> {
  /** Admits, opens and owns one within this job, reclaiming if a budget is full, or throws BudgetExceededError. */
  acquireSync(...args: Requested<Request, OwnOptions>): H;
}
