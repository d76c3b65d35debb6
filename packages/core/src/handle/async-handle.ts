/**
 * Handles: what app code holds, the owner of one raw. A handle fails at the call once it was disposed or moved, and never releases
 * under a pending operation. It is one small object: all there is to know stands in its record, which never reaches back to it.
 */
import { leaveFlow } from '../leaks/following.ts';
import { untrack } from '../leaks/ledger.ts';
import { notesUses, recording, sampled } from '../leaks/levels.ts';
import {
  CLOSED,
  CLOSING,
  Details,
  detailsOf,
  isOpen,
  MOVED,
  NOTED,
  OPEN,
  RELEASING,
  ResourceRecord,
  YOUNG,
  type Deferred,
  type RecordKind,
} from '../leaks/record.ts';
import { capture } from '../leaks/site.ts';
import { BREED, holdYoung, type Breed } from '../leaks/young.ts';
import { endThenSearch } from '../runtime/no-then.ts';
import { watchDispose } from './dispose-watch.ts';
import { ENDED, HOLD, Hold, letGo, PLAIN, RECORDED, recordIn } from './hold.ts';
import { close, closeQuietly, end, endUse, isThenable, releasePlain, type LiveKind } from './lifecycle.ts';
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

/** A kind that may make plain handles: of the default classes, whose constructors pass on all they are given. */
interface PlainKind extends RecordKind {
  readonly makesPlain: boolean;
}

const resolved = Promise.resolve();

type Inner = AsyncHandle<unknown>;

const breed: Breed = {
  isYoung: (owner) => {
    const { form, held } = (owner as Inner)[HOLD];
    return form === PLAIN || (form === RECORDED && (held as ResourceRecord).tracking === YOUNG);
  },
  record: (owner) => recordIn((owner as Inner)[HOLD]),
  anchor: (owner, token) => {
    (owner as Inner)[HOLD].tie = token;
  },
};

/** The record of a handle of this copy of the package; undefined for anything else. */
export function recordOf(value: object): ResourceRecord | undefined {
  return value instanceof AsyncHandle && HOLD in value ? recordIn(value[HOLD]) : undefined;
}

/** Disposes a handle within the call, as `dispose()` does. */
export function disposeHandle(handle: Inner, below: Function): void {
  const hold = handle[HOLD];
  if (hold.form !== PLAIN) {
    disposeRecorded(hold, below);
    return;
  }
  const raw = hold.held;
  hold.form = ENDED;
  hold.held = undefined;
  releasePlain(hold.tie as LiveKind, raw);
}

function disposeRecorded(hold: Hold, below: Function): void {
  if (hold.form === ENDED) return;
  const record = hold.held as ResourceRecord;
  if (record.state > NOTED) return;
  if (record.state === NOTED) noteDisposal(record, below);
  letGo(hold);
  close(record);
}

/**
 * The promise of a handle's end, the same however often it is asked for; the first one to ask disposes it, by `dispose` where a
 * class has one of its own.
 */
export function closingOf(handle: Inner, below: Function, dispose?: () => void): Promise<void> {
  const record = recordIn(handle[HOLD]);
  if (record.state === MOVED) return resolved;
  const details = detailsOf(record);
  if (details.closing !== undefined) return details.closing.promise;
  const closing = (details.closing = defer());
  try {
    if (isOpen(record)) dispose?.();
  } catch (error) {
    closing.reject(error);
  }
  try {
    // Also where a dispose of the author's own threw, or did not come this far.
    disposeHandle(handle, below);
  } catch (error) {
    closing.reject(error);
  }
  if (record.state === CLOSED) closing.resolve();
  else watchDispose(record, closing.promise);
  return closing.promise;
}

/** The details of one more owner: its line and its label. */
export function detailsOfShare(label: string | undefined, below: Function): Details {
  const details = new Details();
  details.label = label;
  details.noted = notesUses;
  if (recording === 2 || (recording === 1 && sampled())) details.trace = capture(below);
  return details;
}

/** Makes one more handle on the resource of an open record. */
export function shareRecord<H>(record: ResourceRecord, details: Details): H {
  const shared = detailsOf(record);
  details.parent = shared.parent;
  const next = new ResourceRecord(record.kind, record.raw, details);
  details.owners = shared.owners ??= new Set([record]);
  details.owners.add(next);
  try {
    return make<H>(next);
  } catch (error) {
    // The constructor of a class of the author's own threw: its part ends as by a dispose, after what it may have begun.
    if (isOpen(next)) closeQuietly(next);
    throw error;
  }
}

/**
 * Owns one resource whose release may be asynchronous: hold it with `await using`.
 *
 * *When to use*: handles come from a kind (`acquire`, `own`); extend this class (or Handle) for methods of your own, and pass the
 * class as the kind's `handle`.
 */
export class AsyncHandle<T> implements AsyncDisposable {
  /** @internal */
  declare readonly [HOLD]: Hold;
  /** @internal */
  declare readonly [BREED]: Breed;

  /** A handle comes from its kind: classes of one's own pass on what their constructor is given. Throws TypeError for anything else. */
  constructor(ownership: Ownership<T>, raw?: unknown) {
    const given = ownership as unknown as Partial<PlainKind> | undefined;
    if (given?.makesPlain === true) {
      this[HOLD] = new Hold(PLAIN, raw, given);
    } else {
      const record = requireRecord(ownership);
      this[HOLD] = new Hold(RECORDED, record, undefined);
      record.tracking = YOUNG;
    }
    holdYoung(this);
  }

  /** The kind of resource, as its definition names it. */
  get kind(): string {
    const { form, held, tie } = this[HOLD];
    return form === RECORDED ? (held as ResourceRecord).kind.kind : (tie as RecordKind).kind;
  }

  /** The name given when it was acquired. */
  get label(): string | undefined {
    const { form, held } = this[HOLD];
    return form === RECORDED ? (held as ResourceRecord).details?.label : undefined;
  }

  /** `closing`: disposed, while uses in flight, children, or an asynchronous release are not done. */
  get state(): HandleState {
    const { form, held } = this[HOLD];
    if (form !== RECORDED) return form === ENDED ? 'closed' : 'open';
    switch ((held as ResourceRecord).state) {
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
    const hold = this[HOLD];
    if (hold.form === PLAIN) return hold.held as T;
    const record = recordIn(hold);
    if (record.state !== OPEN) enter(record, 'read the value of', valueGetter);
    return record.raw as T;
  }

  /**
   * Calls `operation` with the raw and keeps the resource open, and the handle reachable, until what it returns has settled. A
   * dispose meanwhile refuses new uses at once and releases after the last one. Throws DisposedError or MovedError at once.
   */
  use<R>(operation: (value: T) => R): R {
    const record = recordIn(this[HOLD]);
    if (record.state !== OPEN) enter(record, 'use', AsyncHandle.prototype.use);
    record.uses++;
    let result: R;
    let pending: boolean;
    try {
      result = operation(record.raw as T);
      pending = isThenable(result);
    } catch (error) {
      endUse(record);
      throw error;
    }
    if (pending) return untilSettled(this, record, result as PromiseLike<unknown>) as R;
    endUse(record);
    return result;
  }

  /**
   * Hands the resource to a new handle of the same class, which it answers; this one is `moved` from now on, and its dispose does
   * nothing. Uses in flight go with the resource. Throws DisposedError or MovedError.
   *
   * *When to use*: to return from a block what a `using` in it holds.
   */
  move(): this {
    const record = recordIn(this[HOLD]);
    if (!isOpen(record)) refuse(record, 'move');
    untrack(record);
    let next: this;
    try {
      next = make<this>(record);
    } catch (error) {
      // The constructor of a class of the author's own threw: this handle is the owner as before.
      untrack(record);
      if (isOpen(record)) {
        record.tracking = YOUNG;
        holdYoung(this);
      }
      throw error;
    }
    leave(this[HOLD], record);
    if (record.details !== undefined) leaveFlow(record.details);
    if (record.uses > 0) detailsOf(record).pinned = next;
    return next;
  }

  /**
   * Makes one more handle of the same class on the same resource; the last one disposed releases it. Each has a line and a fate of
   * its own. Throws DisposedError or MovedError.
   */
  share(): this {
    const record = recordIn(this[HOLD]);
    if (!isOpen(record)) refuse(record, 'share');
    leaveFlow(detailsOf(record));
    return shareRecord(record, detailsOfShare(record.details?.label, AsyncHandle.prototype.share));
  }

  /**
   * Gives the raw to the caller, who owns it from now on: it is no longer counted, released or reported. Throws InUseError unless
   * this handle is the sole owner and no use is in flight; DisposedError or MovedError.
   */
  detach(): T {
    const record = recordIn(this[HOLD]);
    if (!isOpen(record)) refuse(record, 'detach');
    const { details, raw } = record;
    if (record.uses > 0) refuseInUse(record, record.uses === 1 ? '1 use of it is in flight' : `${record.uses} uses of it are in flight`);
    if (details !== undefined) {
      const { children, owners } = details;
      if (owners !== undefined && owners.size > 1) refuseInUse(record, `${owners.size} handles share it`);
      if (children > 0) refuseInUse(record, children === 1 ? '1 resource acquired under it is open' : `${children} resources acquired under it are open`);
    }
    untrack(record);
    leave(this[HOLD], record);
    end(record, MOVED);
    return raw as T;
  }

  /** Closes it, and resolves after the real release; rejects with what the release threw. Again: the same promise. */
  disposeAsync(): Promise<void> {
    return closingOf(this, AsyncHandle.prototype.disposeAsync);
  }

  [Symbol.asyncDispose](): Promise<void> {
    // By name, so that a subclass that overrides the method is disposed by it.
    return this.disposeAsync();
  }
}

// On the prototype, so that the list finds it without an entry of its own.
Object.defineProperty(AsyncHandle.prototype, BREED, { value: breed });
endThenSearch(AsyncHandle);

const valueGetter = Object.getOwnPropertyDescriptor(AsyncHandle.prototype, 'value')?.get as Function;

/** Off the fast path: refused, or open at level `strict`, where the use is noted. */
function enter(record: ResourceRecord, what: string, below: Function): void {
  if (record.state !== NOTED) refuse(record, what);
  noteUse(record, below);
}

function untilSettled(handle: Inner, record: ResourceRecord, result: PromiseLike<unknown>): PromiseLike<unknown> {
  // The one path from a record to its handle, for as long as the operation runs: the raw is in use, so its owner must live.
  detailsOf(record).pinned = handle;
  // Once, although a thenable of the author's own may call back twice, or call back and throw.
  let running = true;
  const endOnce = (): void => {
    if (running) endUse(record);
    running = false;
  };
  try {
    return result.then(
      (value) => {
        endOnce();
        return value;
      },
      (error: unknown) => {
        endOnce();
        throw error;
      },
    );
  } catch (error) {
    endOnce();
    throw error;
  }
}

function requireRecord(given: unknown): ResourceRecord {
  if (given instanceof ResourceRecord) return given;
  throw new TypeError('A handle comes from its kind: call kind.acquire(request) or kind.own(raw)');
}

/** Leaves a record that lives on: what stays behind is just enough to word an error. */
function leave(hold: Hold, record: ResourceRecord): void {
  letGo(hold);
  const tombstone = new ResourceRecord(record.kind, undefined, record.details);
  tombstone.state = MOVED;
  hold.held = tombstone;
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
