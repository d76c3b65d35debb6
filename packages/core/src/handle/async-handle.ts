/**
 * Handles: what app code holds, the owner of one raw. A handle fails at the call once it was disposed or moved, and never releases
 * under a pending operation. It is one small object: all there is to know stands in its record, which never reaches back to it.
 */
import { untrack, voidToken } from '../leaks/ledger.ts';
import { notesUses } from '../leaks/levels.ts';
import { CLOSED, CLOSING, Details, detailsOf, isOpen, MOVED, NOTED, OPEN, RELEASING, ResourceRecord, type Deferred, type RecordKind } from '../leaks/record.ts';
import { capture } from '../leaks/site.ts';
import { recording, sampled } from '../leaks/levels.ts';
import { holdYoung, type Breed } from '../leaks/young.ts';
import { adjustExternalMemory } from '../memory/gauge.ts';
import { refundCharges, type Charge } from '../budget/account.ts';
import { close, endUse, isThenable, releaseChild } from './lifecycle.ts';
import { noteDisposal, noteUse, refuse, refuseInUse } from './refusal.ts';

/** What a handle is made of: opaque, and passed on by the constructors of classes of one's own. */
export interface Ownership<T> {
  readonly [owned]: T;
}
declare const owned: unique symbol;

/** The states of a handle: `open` → `closing` → `closed`, or `moved`. */
export type HandleState = 'open' | 'closing' | 'closed' | 'moved';

/** The class of a record's handles: what move() and share() make more of. */
export interface HandleKind extends RecordKind {
  readonly Handle: new (ownership: Ownership<never>) => object;
}

const resolved = Promise.resolve();

let breed: Breed;
/** The record of a handle of this copy of the package; undefined for anything else. */
export let recordOf: (handle: object) => ResourceRecord | undefined;
/** Disposes a handle's record as `dispose()` does. */
export let disposeHandle: (handle: AsyncHandle<unknown>, below: Function) => void;

/**
 * Owns one resource whose release may be asynchronous: hold it with `await using`.
 *
 * *When to use*: handles come from a kind (`acquire`, `own`); extend this class (or Handle) for methods of your own, and pass the
 * class as the kind's `handle`.
 */
export class AsyncHandle<T> implements AsyncDisposable {
  #record: ResourceRecord;
  /** Owned by this handle alone: as long as it can be found, so can the handle. */
  #token: object | undefined = undefined;

  constructor(ownership: Ownership<T>) {
    const record = ownership as unknown as ResourceRecord;
    if (!(record instanceof ResourceRecord)) throw new TypeError('A handle comes from its kind: call kind.acquire(request) or kind.own(raw)');
    this.#record = record;
    record.slot = holdYoung(this, breed);
  }

  static {
    breed = {
      record: (owner) => (owner as AsyncHandle<unknown>).#record,
      place: (owner, slot) => {
        (owner as AsyncHandle<unknown>).#record.slot = slot;
      },
      anchor: (owner, token) => {
        (owner as AsyncHandle<unknown>).#token = token;
      },
    };
    recordOf = (handle) => (#record in handle ? (handle as AsyncHandle<unknown>).#record : undefined);
    disposeHandle = (handle, below) => {
      const record = handle.#record;
      if (record.state > NOTED) return;
      if (record.state === NOTED) noteDisposal(record, below);
      handle.#release();
      close(record);
    };
  }

  /** The kind of resource, as its definition names it. */
  get kind(): string {
    return this.#record.kind.kind;
  }

  /** The name given when it was acquired. */
  get label(): string | undefined {
    return this.#record.details?.label;
  }

  /** `closing`: disposed, while uses in flight, children, or an asynchronous release are not done. */
  get state(): HandleState {
    switch (this.#record.state) {
      case OPEN:
      case NOTED:
        return 'open';
      case CLOSING:
      case RELEASING:
        return 'closing';
      case CLOSED:
        return 'closed';
      default:
        return 'moved';
    }
  }

  /**
   * The raw, on loan: it does not keep the handle alive, so the handle must outlive the use of it. `using`, or `use(…)`, see to
   * that; copying the value and forgetting the handle does not. Throws DisposedError or MovedError at once.
   */
  get value(): T {
    const record = this.#record;
    if (record.state !== OPEN) this.#enter('read the value of', AsyncHandle.#valueGetter);
    return record.raw as T;
  }

  static readonly #valueGetter: Function = Object.getOwnPropertyDescriptor(AsyncHandle.prototype, 'value')?.get as Function;

  /**
   * Calls `operation` with the raw and keeps the resource open, and the handle reachable, until what it returns has settled. A
   * dispose meanwhile refuses new uses at once and releases after the last one. Throws DisposedError or MovedError at once.
   */
  use<R>(operation: (value: T) => R): R {
    const record = this.#record;
    if (record.state !== OPEN) this.#enter('use', AsyncHandle.prototype.use);
    record.uses++;
    let result: R;
    try {
      result = operation(record.raw as T);
    } catch (error) {
      endUse(record);
      throw error;
    }
    if (isThenable(result)) return this.#untilSettled(record, result) as R;
    endUse(record);
    return result;
  }

  #untilSettled(record: ResourceRecord, result: PromiseLike<unknown>): PromiseLike<unknown> {
    // The one path from a record to its handle, for as long as the operation runs: the raw is in use, so its owner must live.
    detailsOf(record).pinned = this;
    try {
      return result.then(
        (value) => {
          endUse(record);
          return value;
        },
        (error: unknown) => {
          endUse(record);
          throw error;
        },
      );
    } catch (error) {
      endUse(record);
      throw error;
    }
  }

  /**
   * Hands the resource to a new handle of the same class, which it answers; this one is `moved` from now on, and its dispose does
   * nothing. Uses in flight go with the resource. Throws DisposedError or MovedError.
   *
   * *When to use*: to return from a block what a `using` in it holds.
   */
  move(): this {
    const record = this.#record;
    if (!isOpen(record)) refuse(record, 'move');
    untrack(record);
    this.#leave(record);
    const next = make<this>(record);
    if (record.uses > 0) detailsOf(record).pinned = next;
    return next;
  }

  /**
   * Makes one more handle of the same class on the same resource; the last one disposed releases it. Each has a line and a fate of
   * its own. Throws DisposedError or MovedError.
   */
  share(): this {
    const record = this.#record;
    if (!isOpen(record)) refuse(record, 'share');
    const source = record.details?.source ?? record;
    const details = new Details();
    details.label = this.label;
    details.source = source;
    details.noted = notesUses;
    if (recording === 2 || (recording === 1 && sampled())) details.trace = capture(AsyncHandle.prototype.share);
    detailsOf(source).owners++;
    return make<this>(new ResourceRecord(record.kind, record.raw, details));
  }

  /**
   * Gives the raw to the caller, who owns it from now on: it is no longer counted, released or reported. Throws InUseError unless
   * this handle is the sole owner and no use is in flight; DisposedError or MovedError.
   */
  detach(): T {
    const record = this.#record;
    if (!isOpen(record)) refuse(record, 'detach');
    const { details, raw } = record;
    if (record.uses > 0) refuseInUse(record, `${record.uses} of its uses are in flight`);
    if (details !== undefined) {
      const source = details.source ?? record;
      if (detailsOf(source).owners > 1) refuseInUse(record, `${detailsOf(source).owners} handles share it`);
      if (details.children > 0) refuseInUse(record, `${details.children} resources acquired under it are open`);
    }
    untrack(record);
    this.#leave(record);
    record.state = MOVED;
    const held = (details?.source ?? record).details;
    if (held !== undefined) {
      if (held.bytes > 0) adjustExternalMemory(-held.bytes);
      refundCharges(held.charge as Charge | undefined);
      held.charge = undefined;
      if (held.parent !== undefined) releaseChild(held.parent);
    }
    return raw as T;
  }

  /** Closes it, and resolves after the real release; rejects with what the release threw. Again: the same promise. */
  disposeAsync(): Promise<void> {
    const record = this.#record;
    if (record.state === MOVED) return resolved;
    const details = detailsOf(record);
    if (details.closing !== undefined) return details.closing.promise;
    if (record.state === CLOSED) {
      details.closing = { promise: Promise.resolve(), resolve: () => {}, reject: () => {} };
      return details.closing.promise;
    }
    details.closing = defer();
    if (isOpen(record)) {
      if (record.state === NOTED) noteDisposal(record, AsyncHandle.prototype.disposeAsync);
      this.#release();
      try {
        close(record);
      } catch (error) {
        details.closing.reject(error);
      }
    }
    return details.closing.promise;
  }

  [Symbol.asyncDispose](): Promise<void> {
    // By name, so that a subclass that overrides the method is disposed by it.
    return this.disposeAsync();
  }

  /** Off the fast path: refused, or open at level `strict`, where the use is noted. */
  #enter(what: string, below: Function): void {
    const record = this.#record;
    if (record.state !== NOTED) refuse(record, what);
    noteUse(record, below);
  }

  #release(): void {
    if (this.#token === undefined) return;
    voidToken(this.#token);
    this.#token = undefined;
  }

  /** Leaves a record that lives on: what stays behind is just enough to word an error. */
  #leave(record: ResourceRecord): void {
    this.#release();
    const tombstone = new ResourceRecord(record.kind, undefined, undefined);
    tombstone.state = MOVED;
    if (record.details !== undefined) {
      tombstone.details = new Details();
      tombstone.details.label = record.details.label;
      tombstone.details.site = record.details.site;
      tombstone.details.trace = record.details.trace;
    }
    this.#record = tombstone;
  }
}

function make<H>(record: ResourceRecord): H {
  const { Handle } = record.kind as HandleKind;
  return new Handle(record as unknown as Ownership<never>) as H;
}

function defer(): Deferred {
  let resolve!: () => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
