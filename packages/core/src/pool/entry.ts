/**
 * An entry: one resource of a pool, from its opening to its release. It owns the resource's handle and never hands it out: what a
 * borrower gets is a lease, a fresh handle each time, whose release is to put the entry back. To its leases the entry is their kind.
 */
import type { Charge } from '../budget/account.ts';
import type { AsyncHandle, HandleKind, Ownership } from '../handle/async-handle.ts';
import { closeQuietly, type LiveKind } from '../handle/lifecycle.ts';
import { isOpen, type ResourceRecord } from '../leaks/record.ts';
import { Link } from './shelf.ts';

/** The states of an entry. */
export const IDLE = 0;
/** With a borrower, or on its way to one. */
export const LEASED = 1;
/** Its slot is taken, but nobody has it: a check or a reset runs. */
export const BUSY = 2;
/** It is being released, or was. */
export const LEAVING = 3;

/** What an entry needs of its pool. */
export interface Keeper<T> {
  readonly leaseKind: string;
  /** What each lease holds: one slot of the pool. */
  readonly slot: Charge;
  /** The lease is over: shelves, resets or releases. A promise is one of the real end. */
  takeBack(entry: Entry<T>): PromiseLike<void> | undefined;
  /** The caller of a lease's `detach` owns the raw now. */
  letGo(entry: Entry<T>): void;
  describe(raw: unknown): string | undefined;
}

export class Entry<T> implements LiveKind, HandleKind {
  readonly keeper: Keeper<T>;
  /** The owner of the resource, and of what it holds of budgets. */
  readonly handle: AsyncHandle<T>;
  readonly raw: T;
  /** Of its shelf; known once it is on it. */
  key = '';

  // As the kind of its leases.
  readonly kind: string;
  readonly releasesAsync: boolean = true;
  readonly charge: Charge;
  readonly Handle: new (ownership: Ownership<never>, raw?: unknown) => object;
  /** Its leases may be plain: they come back within the call. */
  makesPlain: boolean;

  state: typeof IDLE | typeof LEASED | typeof BUSY | typeof LEAVING = BUSY;
  /** Not to be shelved again: discarded, forgotten by its borrower, or too old. */
  condemned = false;
  /** Never lent yet: there is nothing to check. */
  fresh = true;
  /** Its place among all the idle of its pool, and among those of its key. */
  readonly byAge: Link<Entry<T>> = new Link(this);
  readonly byKey: Link<Entry<T>> = new Link(this);
  /** When it became idle: in the order over all pools, in the pool's ticks, and by the clock where checks need it. */
  stamp = 0;
  since = 0;
  idleAt = 0;
  /** In the pool's ticks: when its life ends, and when it was lent. */
  end: number = Number.POSITIVE_INFINITY;
  lentAt = 0;
  /** Where leases are watched for being overdue: the record of the one that is out. */
  lease: ResourceRecord | undefined = undefined;
  overdue = false;

  constructor(keeper: Keeper<T>, Handle: Entry<T>['Handle'], handle: AsyncHandle<T>, raw: T, makesPlain: boolean) {
    this.keeper = keeper;
    this.Handle = Handle;
    this.handle = handle;
    this.raw = raw;
    this.kind = keeper.leaseKind;
    this.charge = keeper.slot;
    this.makesPlain = makesPlain;
  }

  releaseRaw(): PromiseLike<void> | undefined {
    return this.keeper.takeBack(this);
  }

  /** A lease was forgotten. Who has forgotten it may still have the value, so it goes to nobody else. Never throws. */
  reclaim(record: ResourceRecord): void {
    if (!isOpen(record)) return;
    this.condemned = true;
    closeQuietly(record);
  }

  describe(raw: unknown): string | undefined {
    return this.keeper.describe(raw);
  }
}
