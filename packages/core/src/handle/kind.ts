/**
 * A kind of resource, and the way of a resource through it: acquire → admit → open → own, each step undone in reverse when a later
 * one fails. What follows, use and dispose, is the handle's (async-handle.ts, lifecycle.ts).
 */
import type { Charge } from '../budget/account.ts';
import { admitSync, checkWait, exceeded, grantNothing, timedOut, tryAdmit, waitInLine } from '../budget/admit.ts';
import { show } from '../budget/amounts.ts';
import type { Purpose } from '../budget/line.ts';
import { reclaimHarder, reclaimHarderSync } from '../budget/reclaim.ts';
import type { SignalShape } from '../budget/wait.ts';
import { followed, handOver, startFollowing } from '../leaks/following.ts';
import { notesUses, recording, sampled } from '../leaks/levels.ts';
import { untrack } from '../leaks/ledger.ts';
import { Details, isOpen, MOVED, ResourceRecord } from '../leaks/record.ts';
import { capture, hideFrames } from '../leaks/site.ts';
import { weighYoung } from '../leaks/young.ts';
import { adjustExternalMemory } from '../memory/gauge.ts';
import { SuppressedError } from '../primitives/index.ts';
import { now } from '../runtime/host.ts';
import { acquireTogether } from './acquire-all.ts';
import { requireDefinition } from './require-definition.ts';
import { AsyncHandle, type HandleKind, type Ownership } from './async-handle.ts';
import { chargesFor, settleCharges } from './costs.ts';
import type {
  AcquireAllOptions,
  AcquireOptions,
  AsyncRelease,
  HandleClass,
  KindDefinition,
  OpensAsync,
  OpensNothing,
  OpensSync,
  OwnOptions,
} from './definition.ts';
import { Handle } from './handle.ts';
import type { AsyncHandles } from './handles.ts';
import { announce, announces, close, closeQuietly, end, giveBack, reclaimLeaked, type LiveKind } from './lifecycle.ts';
import { LateOpening, openWithin, type OpeningBounds } from './opening.ts';
import { holdParent } from './parent.ts';

export type AnyDefinition<T, Request, H> = KindDefinition<T, Request> &
  AsyncRelease<T> &
  HandleClass<T, H> &
  (OpensSync<T, Request> | OpensAsync<T, Request> | OpensNothing);

const NOTHING: AcquireOptions = {};

/** How a cache opens: its opener is told when nobody waits any more, and yet what comes late is kept. */
export interface OpeningOptions extends AcquireOptions {
  readonly stop?: SignalShape | undefined;
}

/** Tries to open again when the platform has run out: so often, with reclaims between. */
const ATTEMPTS = 10;
const ATTEMPTS_SYNC = 3;

export class Kind<T, Request, H extends AsyncHandle<T>> implements LiveKind, HandleKind {
  readonly kind: string;
  readonly releasesAsync: boolean;
  readonly Handle: new (ownership: Ownership<never>, raw?: unknown) => H;
  /** Its handles are of a default class, whose constructor takes kind and raw as they are. */
  readonly makesPlain: boolean;
  readonly release: (raw: unknown) => unknown;
  readonly definition: AnyDefinition<T, Request, H>;
  /** Set where the definition can open within the call, absent elsewhere. */
  acquireSync?: (request: Request, options?: OwnOptions) => H;
  readonly #measures: boolean;

  constructor(definition: AnyDefinition<T, Request, H>, releasesAsync: boolean) {
    requireDefinition(definition, releasesAsync ? AsyncHandle : Handle);
    this.definition = definition;
    this.kind = definition.kind;
    this.releasesAsync = releasesAsync;
    this.Handle = (definition.handle ?? (releasesAsync ? AsyncHandle : Handle)) as new (ownership: Ownership<never>) => H;
    this.release = definition.release as (raw: unknown) => unknown;
    this.#measures = definition.measure !== undefined || definition.externalBytes !== undefined;
    this.makesPlain = !releasesAsync && definition.handle === undefined && !this.#measures;
    if (definition.openSync !== undefined) this.acquireSync = this.#acquireSync;
    if (definition.module !== undefined) hideFrames(definition.module);
  }

  releaseRaw(raw: unknown): unknown {
    // Called as a function of its own: its author's `this` is nothing of ours.
    const { release } = this;
    return release(raw);
  }

  reclaim(record: ResourceRecord): void {
    reclaimLeaked(record);
  }

  describe(raw: unknown): string | undefined {
    try {
      return this.definition.describe?.(raw as T);
    } catch {
      return undefined; // A message is no reason to fail.
    }
  }

  own(raw: T, options: OwnOptions = NOTHING): H {
    // Small enough to be inlined where it is called: most of what a plain handle costs would be calls.
    if (this.makesPlain && options === NOTHING && recording === 0 && !announces()) return new this.Handle(this as unknown as Ownership<never>, raw);
    return this.#own(raw, options);
  }

  #own(raw: T, options: OwnOptions): H {
    let details: Details | undefined;
    if (options !== NOTHING || recording !== 0 || this.#measures || announces()) {
      details = this.#details(options, Kind.prototype.own);
      details.parent = holdParent(options.parent);
    }
    const record = details === undefined ? new ResourceRecord(this, raw, undefined) : this.#record(raw, details);
    try {
      return this.#handOut(record);
    } catch (error) {
      // The raw is the caller's again, unless a constructor of the author's own has disposed it before it threw.
      if (isOpen(record)) disown(record);
      throw error;
    }
  }

  /** The captured line is the caller's, so it is captured before anything asynchronous. */
  acquire(request: Request, options: AcquireOptions = NOTHING): Promise<H> {
    try {
      const details = this.#details(options, Kind.prototype.acquire);
      if (recording === 2) startFollowing(details);
      return followed(this.acquireWith(request, options, details, false), details);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  acquireAll(requests: readonly Request[], options: AcquireAllOptions = NOTHING): Promise<AsyncHandles<H>> {
    let first: Details | undefined;
    const makeDetails = (): Details => {
      const details = this.#details(options, Kind.prototype.acquireAll);
      if (recording === 2) startFollowing(details, first?.flow);
      first ??= details;
      return details;
    };
    const all = acquireTogether(this, requests, options, makeDetails);
    return followed(all, first);
  }

  /** The way of a resource, top to bottom. `admitted`: it was counted under its parent, and its charges were taken, already. */
  async acquireWith(request: Request, options: OpeningOptions, details: Details, admitted: boolean): Promise<H> {
    const deadline = options.timeout === undefined ? Number.POSITIVE_INFINITY : now() + options.timeout;
    let raw: T;
    try {
      checkWait(options);
      this.#requireOpener();
      if (!admitted) {
        details.parent = holdParent(options.parent);
        const charge = this.#chargeFor(request, details, Kind.prototype.acquire);
        if (charge !== undefined && !tryAdmit(charge)) await waitInLine(charge, options, this.#purpose(details), grantNothing, details);
        details.charge = charge;
      }
      raw = await this.#open(request, options, details, deadline);
    } catch (error) {
      if (!(error instanceof LateOpening)) {
        giveBack(details);
        throw error;
      }
      // The caller goes now; what it took goes back when what is being opened has come and been released.
      const release = (late: unknown): void => closeQuietly(this.#record(late as T, details));
      void error.late.then(release, () => giveBack(details));
      throw error.error;
    }
    const handle = this.#adopt(raw, details);
    return admitted ? handle : handOver(handle, details);
  }

  /** The same way, within the call. */
  #acquireSync(request: Request, options: OwnOptions = NOTHING): H {
    const details = this.#details(options, this.#acquireSync);
    let raw: T;
    try {
      details.parent = holdParent(options.parent);
      const charge = this.#chargeFor(request, details, this.#acquireSync);
      if (charge !== undefined) admitSync(charge, this.#purpose(details));
      details.charge = charge;
      raw = this.#openSync(request, details);
    } catch (error) {
      giveBack(details);
      throw error;
    }
    return this.#adopt(raw, details);
  }

  #chargeFor(request: Request, details: Details, below: Function): Charge | undefined {
    const { cost } = this.definition;
    if (cost === undefined) return undefined;
    const charge = chargesFor(cost(request), this.#purpose(details));
    if (charge !== undefined && details.trace === undefined && isWorthALine(charge)) details.trace = capture(below);
    return charge;
  }

  #requireOpener(): void {
    const { open, openSync } = this.definition;
    if (open === undefined && openSync === undefined) throw new TypeError(`Kind '${this.kind}' has no \`open\`: adopt what was opened elsewhere with own(raw)`);
  }

  async #open(request: Request, options: OpeningOptions, details: Details, deadline: number): Promise<T> {
    const { definition } = this;
    const charge = details.charge as Charge | undefined;
    const signal = options.signal as SignalShape | undefined;
    const bounds: OpeningBounds = {
      signal,
      deadline,
      timedOut: () => timedOut(charge, this.#purpose(details), 'open', `within ${options.timeout} ms`),
    };
    const open = (ended: SignalShape | undefined): T | PromiseLike<T> =>
      definition.open === undefined
        ? (definition.openSync as (asked: Request) => T)(request)
        : definition.open(request, { signal: (ended ?? options.stop) as never });
    for (let attempt = 1; ; attempt++) {
      // It may have fired since the permit was granted, or while room was made.
      if (signal?.aborted === true) throw signal.reason;
      try {
        return await openWithin(open, bounds);
      } catch (error) {
        if (error instanceof LateOpening || definition.isExhausted?.(error) !== true) throw error;
        // Who named a time waits it out: others give back what is theirs without a word.
        if (now() > deadline || (options.timeout === undefined && attempt >= ATTEMPTS)) throw this.#exhausted(error, details);
        await reclaimHarder(charge, attempt);
      }
    }
  }

  #openSync(request: Request, details: Details): T {
    const { definition } = this;
    for (let attempt = 1; ; attempt++) {
      try {
        return (definition.openSync as (asked: Request) => T)(request);
      } catch (error) {
        if (definition.isExhausted?.(error) !== true) throw error;
        if (attempt === ATTEMPTS_SYNC) throw this.#exhausted(error, details);
        reclaimHarderSync(details.charge as Charge | undefined, attempt);
      }
    }
  }

  /** The platform has run out although the budget has not: said with the budget's numbers, and the platform's error as the cause. */
  #exhausted(error: unknown, details: Details): unknown {
    const charge = details.charge as Charge | undefined;
    if (charge === undefined) return error;
    const reason = (error as { code?: unknown } | null)?.code ?? String(error);
    return exceeded(charge.account, charge.amount, this.#purpose(details), `not full, but the platform is (${String(reason)}), and nothing could be won back`, {
      cause: error,
    });
  }

  /** Owns what was opened. From here on a record holds what was taken: where the rest fails, it ends as by a dispose. */
  #adopt(raw: T, details: Details): H {
    const record = this.#record(raw, details);
    try {
      return this.#handOut(record);
    } catch (error) {
      try {
        if (isOpen(record)) close(record);
      } catch (second) {
        throw new SuppressedError(second, error);
      }
      throw error;
    }
  }

  #record(raw: T, details: Details): ResourceRecord {
    const record = new ResourceRecord(this, raw, details);
    announce(record);
    return record;
  }

  /** Puts a record into the hands of a handle, measured and counted. */
  #handOut(record: ResourceRecord): H {
    const { details } = record;
    if (details !== undefined && this.#measures) this.#weigh(record.raw as T, details);
    const handle = new this.Handle(record as unknown as Ownership<never>);
    if (details !== undefined && details.bytes > 0) weighYoung(details.bytes);
    return handle;
  }

  #weigh(raw: T, details: Details): void {
    const { measure, externalBytes } = this.definition;
    if (measure !== undefined) details.charge = settleCharges(details.charge as Charge | undefined, measure(raw));
    if (externalBytes === undefined) return;
    details.bytes = requireBytes(externalBytes(raw));
    adjustExternalMemory(details.bytes);
  }

  #details(options: OwnOptions, below: Function): Details {
    const { label } = options;
    // A record holds no more than a text: an object might lead to the handle, which then could never be found to be forgotten.
    if (label !== undefined && typeof label !== 'string') throw new TypeError(`Expected \`label\` to be a text, got ${show(label)}`);
    const details = new Details();
    details.label = label;
    details.noted = notesUses;
    if (recording === 2 || (recording === 1 && sampled())) details.trace = capture(below);
    return details;
  }

  #purpose(details: Details): Purpose {
    return { kind: this.kind, label: details.label };
  }
}

/** Leaves a raw that no handle came to own to the one who brought it. */
function disown(record: ResourceRecord): void {
  untrack(record);
  record.raw = undefined;
  end(record, MOVED);
}

/**
 * Lines are dear, so below level `trace` they are recorded for a few: one acquire in 128 where the budget is above three quarters
 * full, so that its error can name lines, and, at level `sample`, whatever weighs a megabyte.
 */
function isWorthALine({ account, amount }: Charge): boolean {
  if (recording === 1 && account.unit === 'bytes' && amount >= 2 ** 20) return true;
  return account.used + amount > account.calm && sampled();
}

function requireBytes(bytes: unknown): number {
  if (typeof bytes === 'number' && Number.isFinite(bytes) && bytes >= 0) return bytes;
  throw new RangeError(`Expected \`externalBytes\` to answer a number of bytes from 0 up, got ${String(bytes)}`);
}
