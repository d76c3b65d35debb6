/**
 * A record is plain data about one live resource: raw, state, uses, permits, site. The handle knows its record; **no path leads
 * from a record to its handle**, or nothing forgotten could ever be found. The one exception is deliberate: `pinned`, set while an
 * asynchronous operation runs, keeps the handle alive for just that long.
 *
 * Most resources live within one turn, so the record itself is small; what only some need stands in `Details`, made on demand.
 */
import { now } from '../runtime/host.ts';
import type { Flow } from '../runtime/flow.ts';
import { shared } from '../runtime/protocol.ts';
import type { Site } from './site.ts';

/** The states of a record, in the order in which it may pass through them. */
export const OPEN = 0;
/** Open, at level `strict`: each use is noted, so it must leave the fast path. */
export const NOTED = 1;
/** Disposed, and waiting for uses in flight or for children. */
export const CLOSING = 2;
/** An asynchronous release runs. */
export const RELEASING = 3;
export const CLOSED = 4;
export const MOVED = 5;
export type State = typeof OPEN | typeof NOTED | typeof CLOSING | typeof RELEASING | typeof CLOSED | typeof MOVED;

/** How a record is tracked: not at all, by its owner's place in the young list, or in the ledger. */
export const UNTRACKED = 0;
export const YOUNG = 1;
export const IN_LEDGER = 2;
export type Tracking = typeof UNTRACKED | typeof YOUNG | typeof IN_LEDGER;

/** How a leaked resource was found. */
export type Found = 'finalizer' | 'sweep';

/** What tracking must know of a kind. It holds functions of the kind's author, none that could reach a handle. */
export interface RecordKind {
  readonly kind: string;
  /** What each resource of the kind holds, where that is the same for all and no record needs to say so. */
  readonly charge?: HeldCharge | undefined;
  /** Releases a resource that nobody can reach any more. Never throws. */
  reclaim(record: ResourceRecord): void;
  /** A few words on the raw, for messages. */
  describe(raw: unknown): string | undefined;
}

/** A charge on a budget's account, as a record holds it. */
export interface HeldCharge {
  readonly account: object;
  readonly amount: number;
  readonly next: HeldCharge | undefined;
}

export class ResourceRecord {
  readonly kind: RecordKind;
  raw: unknown;
  state: State;
  tracking: Tracking;
  /** Operations in flight: while there are any, the raw is not released. */
  uses: number;
  details: Details | undefined;

  constructor(kind: RecordKind, raw: unknown, details: Details | undefined) {
    this.kind = kind;
    this.raw = raw;
    this.state = details !== undefined && details.noted ? NOTED : OPEN;
    this.tracking = UNTRACKED;
    this.uses = 0;
    this.details = details;
  }
}

/** Is told when a record has become the only owner of what it shared. Stands in a record, so it reaches a handle by a WeakRef alone. */
export interface AloneListener {
  /** Never throws. */
  noteAlone(): void;
}

/** A promise and its two ends: what `disposeAsync` hands out. */
export interface Deferred {
  readonly promise: Promise<void>;
  resolve(): void;
  reject(error: unknown): void;
}

export class Details {
  readonly id: number = ++shared.id;
  /** When it was acquired, by the monotonic clock. */
  readonly born: number = now();
  label: string | undefined = undefined;
  /** Who acquired it: an Error not yet read, until the record leaves the young list; then a site. */
  trace: Error | undefined = undefined;
  site: Site | undefined = undefined;
  /** At level `strict`: note each use. */
  noted: boolean = false;
  touches: string[] | undefined = undefined;
  disposedAt: string | undefined = undefined;
  bytes: number = 0;
  charge: HeldCharge | undefined = undefined;
  /** Whose acquire it was, where that is followed: at the levels that record every line. */
  flow: Flow | undefined = undefined;
  parent: ResourceRecord | undefined = undefined;
  children: number = 0;
  /** The records of all handles that share the resource, this one among them; undefined where nobody ever shared it. */
  owners: Set<ResourceRecord> | undefined = undefined;
  alone: AloneListener | undefined = undefined;
  /** Set when it was found to be forgotten. */
  leaked: Found | undefined = undefined;
  closing: Deferred | undefined = undefined;
  pinned: object | undefined = undefined;
  registered: boolean = false;
  before: ResourceRecord | undefined = undefined;
  after: ResourceRecord | undefined = undefined;
}

/** The details of a record, made if it has none yet. */
export function detailsOf(record: ResourceRecord): Details {
  return (record.details ??= new Details());
}

/** True while the resource may be used. */
export function isOpen(record: ResourceRecord): boolean {
  return record.state <= NOTED;
}
