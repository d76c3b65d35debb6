/**
 * An account: the bare count behind a Budget. It is a plain object with methods and no private fields, since copies of the package
 * use each other's accounts (runtime/protocol.ts). It counts and knows its line; who may take from it, and when, is admit.ts and
 * line.ts.
 */
import { ClosedError } from '../errors/index.ts';
import type { HeldCharge } from '../leaks/record.ts';
import type { Early, Place, Purpose } from './line.ts';
import { pump } from './line.ts';

/** What a Budget can win back: idle things that it holds permits for. */
export interface Reclaimer {
  readonly name: string;
  /** How much could be given back now, in the budget's unit. */
  reclaimable(): number;
  /** Gives back up to `amount` and answers how much; a promise is awaited for 100 ms at most, and not at all by `acquireSync`. */
  reclaim(amount: number): number | Promise<number>;
}

/** What happens to a request that is larger than the capacity: an error, or it waits until it can have everything. */
export type Oversize = 'reject' | 'alone';

export interface AccountOptions {
  readonly name: string;
  readonly unit: string;
  readonly oversize: Oversize;
  readonly parent: Account | undefined;
  /** A number, or how to find it at the first use. */
  readonly capacity: number | (() => number);
  /** What is asked for, where it is the same for all who ask: what a pool lends. */
  readonly purpose?: Purpose | undefined;
  /** How there may be more of it, in messages. */
  readonly advice?: string | undefined;
}

/** Above this part of the capacity one acquire in 128 has its line recorded, so that the error of a full budget can name lines. */
const CROWDED = 0.75;

/** Stands for a capacity that has not been looked up yet: nothing fits, so the fast path is never taken. */
const UNKNOWN = -1;

/** What a thread holds of a budget that all threads share. */
export interface ThreadShare {
  readonly thread: number;
  /** What it has borrowed: in use, or idle until another thread asks for it. */
  readonly borrowed: number;
  readonly used: number;
}

export class Account {
  readonly name: string;
  readonly unit: string;
  readonly oversize: Oversize;
  readonly parent: Account | undefined;
  readonly root: Account;
  readonly purpose: Purpose | undefined;
  readonly advice: string | undefined;
  /** False for a count that all threads share: what is used here is but a part of it, so it is never quiet. */
  readonly local: boolean;
  used = 0;
  peak = 0;
  reclaimed = 0;
  limit: number;
  /** A root with nobody in line anywhere in its tree: the fast path may be taken. */
  quiet: boolean;
  /** Up to here a permit needs no look at anything else: three quarters of the limit, above which lines are sampled. */
  calm: number;
  closed = false;
  findLimit: (() => number) | undefined;
  /** Waiters that asked for this account, in order, but for those who go before earlier ones. */
  head: Place | undefined = undefined;
  tail: Place | undefined = undefined;
  early: Early | undefined = undefined;
  waiting = 0;
  /** Of a root: the accounts of its tree that have a line, in no order; and the place of this one among them. */
  lines: Account[] = [];
  line = -1;
  /** Of a root: places in its lines of waiters that want several budgets. They may tie it to other trees. */
  ties = 0;
  /** Grants so far: a line that sees none for long has stalled. */
  grants = 0;
  /** Outstanding amounts that `acquireSync` took ahead of a line, here and below. */
  ahead = 0;
  /** All that was ever refunded. What a sweep wins is told by it: `used` does not fall where others wait to take it. */
  refunded = 0;
  /** Reclaimers of this account and of those below it. */
  readonly reclaimers: Set<Reclaimer> = new Set();
  /** Pools and caches (idle.ts) that hold idle things paid from it, or from those below it. */
  readonly idle: Set<object> = new Set();
  /** What a waiter for 1 wants: the same for all of them, so that ten thousand weigh less. Nobody changes it. */
  readonly one: Charge = new Charge(this, 1, undefined);
  /** Of a pool: why the last opening failed, told as the cause of a time-out. */
  trouble: unknown = undefined;

  constructor(options: AccountOptions, local = true) {
    this.name = options.name;
    this.unit = options.unit;
    this.oversize = options.oversize;
    this.parent = options.parent;
    this.root = options.parent === undefined ? this : options.parent.root;
    this.purpose = options.purpose;
    this.advice = options.advice;
    this.local = local;
    this.quiet = options.parent === undefined && local;
    if (typeof options.capacity === 'number') this.limit = options.capacity;
    else {
      this.limit = UNKNOWN;
      this.findLimit = options.capacity;
    }
    this.calm = this.limit * CROWDED;
  }

  /** It counts what a pool lends. */
  get isPool(): boolean {
    return this.purpose !== undefined;
  }

  /** What messages call it: `budget 'memory'`, `pool 'connections'`. */
  get title(): string {
    return `${this.isPool ? 'pool' : 'budget'} '${this.name}'`;
  }

  /** The capacity, looked up now if it has not been yet. */
  capacity(): number {
    if (this.limit === UNKNOWN && this.findLimit !== undefined) {
      this.resize(this.findLimit());
    }
    return this.limit;
  }

  resize(capacity: number): void {
    this.findLimit = undefined;
    this.limit = capacity;
    this.calm = capacity * CROWDED;
  }

  /** What may be used here without asking other threads: the capacity, where it is not shared with them. */
  share(): number {
    return this.capacity();
  }

  /** How much room lacks for `amount` more; 0 or less where it fits. An account that threads share borrows what it can first. */
  missing(amount: number): number {
    return this.used + amount - this.capacity();
  }

  /** True where nothing more can be had, whoever asks. */
  isFull(): boolean {
    return this.used >= this.capacity();
  }

  /** What is in use in all threads. */
  total(): number {
    return this.used;
  }

  /** What other threads hold of it. */
  elsewhere(): readonly ThreadShare[] {
    return [];
  }

  /** Of a root: told after each change of what is used in its tree. */
  changed(): void {}

  /** Of a root: told after its lines were served; who still waits may need what other threads hold. */
  served(): void {}

  /** Blocks for a moment until other threads have given back what lacks for `amount` more; false where it lacks still. */
  awaitThreads(_amount: number): boolean {
    return false;
  }

  /** True when this account and all above it have room for `amount`. */
  hasRoom(amount: number): boolean {
    for (let account: Account | undefined = this; account !== undefined; account = account.parent) {
      if (account.missing(amount) > 0) return false;
    }
    return true;
  }

  /** Counts `amount` here and in all above, asking nobody. Whoever lacks room here now may hold up nobody above any more. */
  take(amount: number): void {
    count(this, amount);
    if (!this.root.quiet) pump(this.root);
  }

  /** Takes `amount` for someone who asked for it. */
  grant(amount: number): void {
    count(this, amount);
    for (let account: Account | undefined = this; account !== undefined; account = account.parent) account.grants++;
  }

  /** Gives `amount` back, here and in all above, and serves whoever fits now. */
  refund(amount: number): void {
    this.giveBack(amount);
    if (!this.root.quiet) pump(this.root);
  }

  /** Gives `amount` back, and serves nobody yet. */
  giveBack(amount: number): void {
    for (let account: Account | undefined = this; account !== undefined; account = account.parent) {
      account.used -= amount;
      account.refunded += amount;
    }
    if (!this.root.local) this.root.changed();
  }

  /** Notes that `amount` more (or less) is out that was taken ahead of a line. */
  overtake(amount: number): void {
    for (let account: Account | undefined = this; account !== undefined; account = account.parent) account.ahead += amount;
  }

  /**
   * What a request for `amount`, beside the charges `others`, really takes: the amount, or, where it is larger than a capacity on the
   * way up and that budget lets it run alone, what fills that capacity. Where it can never be had, the account that is too small.
   */
  admissible(amount: number, others: Charge | undefined): number | Account {
    let taken = amount;
    for (let account: Account | undefined = this; account !== undefined; account = account.parent) {
      const capacity = account.capacity();
      const left = capacity - amountOf(others, account);
      if (taken <= left) continue;
      if (account.oversize === 'reject' || capacity < 1) return account;
      taken = left;
    }
    return taken;
  }

  /** Throws ClosedError when this account, or one above it, was closed. */
  requireOpen(): void {
    for (let account: Account | undefined = this; account !== undefined; account = account.parent) {
      if (account.closed) throw new ClosedError(`Budget '${account.name}' was disposed: it admits nothing any more.`);
    }
  }
}

function count(from: Account, amount: number): void {
  for (let account: Account | undefined = from; account !== undefined; account = account.parent) {
    account.used += amount;
    if (account.used > account.peak) account.peak = account.used;
  }
  if (!from.root.local) from.root.changed();
}

/** A part of an account: what a record or a permit holds. Several of them form a list, taken and given back together. */
export class Charge implements HeldCharge {
  readonly account: Account;
  amount: number;
  readonly next: Charge | undefined;
  /** What was asked for: more than `amount` where it runs alone. */
  readonly asked: number;
  /** Taken ahead of a line, by `acquireSync`. */
  ahead = false;

  constructor(account: Account, amount: number, next: Charge | undefined, asked: number = amount) {
    this.account = account;
    this.amount = amount;
    this.next = next;
    this.asked = asked;
  }
}

/** What some charges take of an account together, in it and in accounts below it. */
export function amountOf(charges: Charge | undefined, account: Account): number {
  let amount = 0;
  for (let charge: Charge | undefined = charges; charge !== undefined; charge = charge.next) {
    for (let at: Account | undefined = charge.account; at !== undefined; at = at.parent) if (at === account) amount += charge.amount;
  }
  return amount;
}

/** Gives back a list of charges: all of it before anybody is served, as it was taken. */
export function refundCharges(charges: Charge | undefined): void {
  for (let charge = charges; charge !== undefined; charge = charge.next) {
    if (charge.ahead) charge.account.overtake(-charge.amount);
    charge.account.giveBack(charge.amount);
  }
  for (let charge = charges; charge !== undefined; charge = charge.next) if (!charge.account.root.quiet) pump(charge.account.root);
}

/** Changes what a charge holds to what was really used; growing never waits, and may leave `available` negative. */
export function settleCharge(charge: Charge, actual: number): void {
  const more = actual - charge.amount;
  if (charge.ahead) charge.account.overtake(more);
  charge.amount = actual;
  if (more > 0) charge.account.take(more);
  else if (more < 0) charge.account.refund(-more);
}
