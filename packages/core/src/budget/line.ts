/**
 * The line: who waits, in which order, and who is next. There is one ticket order over all budgets. A waiter stands in the line of
 * each budget that it asked for; it blocks those lines, and the lines of the budgets above them only once its own have room (else
 * one full child would starve its siblings). What it asked for is taken all at once, or nothing is.
 *
 * Order within a line: ticket, less 64 for each step of priority. So a higher priority goes first, and yet a waiter is overtaken by
 * no more than 64 later arrivals a step: priorities age by tickets, which needs no clock.
 */
import { shared } from '../runtime/protocol.ts';
import type { Account, Charge } from './account.ts';

/** How many tickets a step of priority is worth. */
export const TICKETS_A_STEP = 64;

/** What a request is for: said in errors. */
export interface Purpose {
  readonly kind: string | undefined;
  readonly label: string | undefined;
}

/** A waiter's place in one line. */
export interface Place {
  readonly waiter: Waiter;
  before: Place | undefined;
  after: Place | undefined;
}

/** Someone in line, and their place in the line of the first budget asked for. */
export class Waiter implements Place {
  readonly waiter: Waiter = this;
  before: Place | undefined = undefined;
  after: Place | undefined = undefined;
  /** Places in the lines of further budgets, in the order of the charges. */
  more: Place[] | undefined = undefined;
  readonly ticket: number = ++shared.ticket;
  readonly key: number;
  /** What is wanted; taken when the waiter is granted. */
  readonly wanted: Charge;
  /** Called once, when the waiter leaves the line: with nothing when it was granted. */
  settle: ((error: unknown, granted: boolean) => void) | undefined;
  /** Seconds of a stalled line after which the default time-out ends it; 0 where the caller gave one. */
  patience: number = 0;
  /** Place in the heap of deadlines, and the deadline. */
  index: number = -1;
  deadline: number = 0;
  signal: object | undefined = undefined;

  readonly purpose: Purpose;

  constructor(wanted: Charge, priority: number, purpose: Purpose, settle: (error: unknown, granted: boolean) => void) {
    this.wanted = wanted;
    this.purpose = purpose;
    this.key = this.ticket - priority * TICKETS_A_STEP;
    this.settle = settle;
  }
}

/** Puts a waiter into the lines of all budgets that it asks for. */
export function joinLines(waiter: Waiter): void {
  insert(waiter.wanted.account, waiter);
  for (let charge = waiter.wanted.next; charge !== undefined; charge = charge.next) {
    const place: Place = { waiter, before: undefined, after: undefined };
    (waiter.more ??= []).push(place);
    insert(charge.account, place);
  }
}

/** Takes a waiter out of all its lines, in constant time, wherever it stands. */
export function leaveLines(waiter: Waiter): void {
  remove(waiter.wanted.account, waiter);
  let index = 0;
  for (let charge = waiter.wanted.next; charge !== undefined; charge = charge.next) remove(charge.account, (waiter.more as Place[])[index++] as Place);
}

function insert(account: Account, place: Place): void {
  const { key } = place.waiter;
  let before = account.tail;
  while (before !== undefined && before.waiter.key > key) before = before.before;
  const after = before === undefined ? account.head : before.after;
  place.before = before;
  place.after = after;
  if (before === undefined) account.head = place;
  else before.after = place;
  if (after === undefined) account.tail = place;
  else after.before = place;
  if (account.waiting++ === 0) {
    account.root.lines.push(account);
    account.root.quiet = false;
  }
}

function remove(account: Account, place: Place): void {
  const { before, after } = place;
  if (before === undefined) account.head = after;
  else before.after = after;
  if (after === undefined) account.tail = before;
  else after.before = before;
  place.before = place.after = undefined;
  if (--account.waiting === 0) {
    const { lines } = account.root;
    lines.splice(lines.indexOf(account), 1);
    account.root.quiet = lines.length === 0 && !account.root.closed;
  }
}

/** Settles a waiter: out of line first, so that whoever comes second finds nothing to do. */
export function settleWaiter(waiter: Waiter, error: unknown, granted: boolean): void {
  const { settle } = waiter;
  if (settle === undefined) return;
  waiter.settle = undefined;
  leaveLines(waiter);
  if (granted) {
    for (let charge: Charge | undefined = waiter.wanted; charge !== undefined; charge = charge.next) {
      charge.account.take(charge.amount);
      charge.account.grants++;
    }
  }
  settle(error, granted);
}

/** Serves everyone who can be served now, in order, in the tree of `root` and in trees that its waiters tie to it. */
export function pump(root: Account): void {
  const [only] = root.lines;
  if (only === undefined) return;
  if (root.lines.length > 1 || !pumpAlone(only)) pumpTogether(root);
}

/** One line, waiters of one budget: the head is all there is to look at. False where that does not hold. */
function pumpAlone(account: Account): boolean {
  for (let head = account.head?.waiter; head !== undefined; head = account.head?.waiter) {
    if (head.wanted.next !== undefined) return false;
    if (!account.hasRoom(head.wanted.amount)) return true;
    settleWaiter(head, undefined, true);
  }
  return true;
}

function pumpTogether(root: Account): void {
  for (;;) {
    const next = nextGrantable(headsOf(root));
    if (next === undefined) return;
    settleWaiter(next, undefined, true);
  }
}

/** The first waiters of all lines in the tree of `root` and in the trees tied to it, in order. */
function headsOf(root: Account): Waiter[] {
  const roots = new Set([root]);
  const heads = new Set<Waiter>();
  for (const tree of roots) {
    for (const { head } of tree.lines) {
      if (head === undefined) continue;
      heads.add(head.waiter);
      for (let charge: Charge | undefined = head.waiter.wanted; charge !== undefined; charge = charge.next) roots.add(charge.account.root);
    }
  }
  return [...heads].sort((a, b) => a.key - b.key || a.ticket - b.ticket);
}

function nextGrantable(heads: readonly Waiter[]): Waiter | undefined {
  const blocked = new Set<Account>();
  for (const waiter of heads) {
    if (isFirst(waiter) && !isBlocked(waiter.wanted, blocked) && haveRoom(waiter.wanted)) return waiter;
    block(waiter, blocked);
  }
  return undefined;
}

function block(waiter: Waiter, blocked: Set<Account>): void {
  const ownHaveRoom = everyCharge(waiter.wanted, ({ account, amount }) => account.used + amount <= account.capacity());
  for (let charge: Charge | undefined = waiter.wanted; charge !== undefined; charge = charge.next) {
    blocked.add(charge.account);
    if (!ownHaveRoom) continue;
    for (let above = charge.account.parent; above !== undefined; above = above.parent) blocked.add(above);
  }
}

/** True when a newcomer that wants `wanted` may not be served before those who wait. */
export function mustQueue(wanted: Charge): boolean {
  if (everyCharge(wanted, ({ account }) => account.root.lines.length === 0)) return false;
  const blocked = new Set<Account>();
  for (let charge: Charge | undefined = wanted; charge !== undefined; charge = charge.next) {
    if (charge.account.waiting > 0) return true;
    for (const waiter of headsOf(charge.account.root)) block(waiter, blocked);
  }
  return isBlocked(wanted, blocked);
}

/** True when every budget asked for, and all above, have room. Two charges that meet in one budget are counted together there. */
export function haveRoom(wanted: Charge): boolean {
  if (wanted.next === undefined) return wanted.account.hasRoom(wanted.amount);
  const sums = new Map<Account, number>();
  for (let charge: Charge | undefined = wanted; charge !== undefined; charge = charge.next) {
    for (let account: Account | undefined = charge.account; account !== undefined; account = account.parent) {
      const sum = (sums.get(account) ?? 0) + charge.amount;
      if (account.used + sum > account.capacity()) return false;
      sums.set(account, sum);
    }
  }
  return true;
}

function isFirst(waiter: Waiter): boolean {
  return everyCharge(waiter.wanted, ({ account }) => account.head?.waiter === waiter);
}

function isBlocked(wanted: Charge, blocked: ReadonlySet<Account>): boolean {
  return !everyCharge(wanted, ({ account }) => {
    for (let at: Account | undefined = account; at !== undefined; at = at.parent) if (blocked.has(at)) return false;
    return true;
  });
}

function everyCharge(wanted: Charge, holds: (charge: Charge) => boolean): boolean {
  for (let charge: Charge | undefined = wanted; charge !== undefined; charge = charge.next) if (!holds(charge)) return false;
  return true;
}
