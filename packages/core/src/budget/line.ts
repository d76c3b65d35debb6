/**
 * The line: who waits, in which order, and who is next. There is one ticket order over all budgets. A waiter stands in the line of
 * each budget that it asked for; it blocks those lines, and the lines of the budgets above them only once its own have room (else
 * one full child would starve its siblings). What it asked for is taken all at once, or nothing is.
 *
 * Order within a line: ticket, less 64 for each step of priority. So a higher priority goes first, and yet a waiter is overtaken by
 * no more than 64 later arrivals a step: priorities age by tickets, which needs no clock.
 */
import type { Details } from '../leaks/record.ts';
import { shared } from '../runtime/protocol.ts';
import type { Account, Charge } from './account.ts';
import { Heap } from './heap.ts';

/** How many tickets a step of priority is worth. */
export const TICKETS_A_STEP = 64;

/** What a request is for: said in errors. */
export interface Purpose {
  readonly kind: string | undefined;
  readonly label: string | undefined;
}

export const NO_PURPOSE: Purpose = { kind: undefined, label: undefined };

/** A waiter's place in one line. */
export interface Place {
  readonly waiter: Waiter;
  before: Place | undefined;
  after: Place | undefined;
}

/** What becomes of a waiter that leaves its lines: the same functions serve all, since a closure each would double what one weighs. */
export interface Outcome {
  /** Called once; with no error when it was granted. */
  settle(waiter: Waiter, error: unknown, granted: boolean): void;
}

/** When a wait ends, by the monotonic clock; a member of the heap of deadlines. */
export interface Deadline {
  readonly waiter: Waiter;
  readonly time: number;
  /** What was asked for, in ms. */
  readonly timeout: number;
  index: number;
}

/** What few waiters have, in an object of its own, so that the others weigh less: ten thousand of them are all alive at once. */
export class Extras {
  /** Places in the lines of further budgets, in the order of the charges. */
  readonly more: Place[] = [];
  deadline: Deadline | undefined = undefined;
  signal: { readonly aborted: boolean; readonly reason: unknown } | undefined = undefined;
  /** For a permit: its label and line. */
  details: Details | undefined = undefined;
  purpose: Purpose | undefined = undefined;
}

/** Someone in line, and their place in the line of the first budget asked for. */
export class Waiter implements Place {
  before: Place | undefined = undefined;
  after: Place | undefined = undefined;
  readonly ticket: number = ++shared.ticket;
  readonly key: number;
  /** What is wanted; taken when the waiter is granted. */
  readonly wanted: Charge;
  /** Undefined once it has left. */
  outcome: Outcome | undefined;
  /** The ends of its promise. */
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
  /** Seconds of a stalled line after which the default time-out ends it; 0 where the caller gave one. */
  patience: number = 0;
  extras: Extras | undefined = undefined;

  constructor(wanted: Charge, priority: number, outcome: Outcome, resolve: (value: never) => void, reject: (error: unknown) => void) {
    this.wanted = wanted;
    this.key = this.ticket - priority * TICKETS_A_STEP;
    this.outcome = outcome;
    this.resolve = resolve;
    this.reject = reject;
  }

  get waiter(): this {
    return this;
  }

  get purpose(): Purpose {
    return this.extras?.purpose ?? this.wanted.account.purpose ?? NO_PURPOSE;
  }
}

/** The extras of a waiter, made if it has none yet. */
export function extrasOf(waiter: Waiter): Extras {
  return (waiter.extras ??= new Extras());
}

/** Puts a waiter into the lines of all budgets that it asks for. */
export function joinLines(waiter: Waiter): void {
  insert(waiter.wanted.account, waiter);
  for (let charge = waiter.wanted.next; charge !== undefined; charge = charge.next) {
    const place: Place = { waiter, before: undefined, after: undefined };
    extrasOf(waiter).more.push(place);
    insert(charge.account, place);
  }
}

/** Takes a waiter out of all its lines, in constant time, wherever it stands. */
export function leaveLines(waiter: Waiter): void {
  remove(waiter.wanted.account, waiter);
  let index = 0;
  for (let charge = waiter.wanted.next; charge !== undefined; charge = charge.next) remove(charge.account, waiter.extras?.more[index++] as Place);
}

function insert(account: Account, place: Place): void {
  const { tail } = account;
  if (tail !== undefined && precedes(place.waiter, tail.waiter)) (account.early ??= new Early()).add(place);
  else {
    place.before = tail;
    if (tail === undefined) account.head = place;
    else tail.after = place;
    account.tail = place;
  }
  if (place.waiter.wanted.next !== undefined) account.root.ties++;
  if (account.waiting++ === 0) {
    account.line = account.root.lines.push(account) - 1;
    account.root.quiet = false;
  }
}

function remove(account: Account, place: Place): void {
  if (account.early?.remove(place) !== true) {
    const { before, after } = place;
    if (before === undefined) account.head = after;
    else before.after = after;
    if (after === undefined) account.tail = before;
    else after.before = before;
    place.before = place.after = undefined;
  }
  if (place.waiter.wanted.next !== undefined) account.root.ties--;
  if (--account.waiting === 0) {
    const { lines } = account.root;
    const last = lines.pop() as Account;
    if (last !== account) lines[(last.line = account.line)] = last;
    account.root.quiet = lines.length === 0 && !account.root.closed && account.root.local;
  }
}

/** Whether one goes before another. */
export function precedes(a: Waiter, b: Waiter): boolean {
  return a.key === b.key ? a.ticket < b.ticket : a.key < b.key;
}

/**
 * Those of a line who go before others that came earlier. The others stand in a list, in the order in which they came; to look for
 * a place in it would take as long as the line is, for each of them.
 */
export class Early {
  readonly #heap = new Heap<{ readonly place: Place; index: number }>((a, b) => precedes(a.place.waiter, b.place.waiter));
  readonly #members = new Map<Place, { readonly place: Place; index: number }>();

  get first(): Place | undefined {
    return this.#heap.first?.place;
  }

  get places(): Iterable<Place> {
    return this.#members.keys();
  }

  add(place: Place): void {
    const member = { place, index: -1 };
    this.#members.set(place, member);
    this.#heap.add(member);
  }

  /** False for one who stands in the list. */
  remove(place: Place): boolean {
    const member = this.#members.get(place);
    if (member === undefined) return false;
    this.#members.delete(place);
    this.#heap.remove(member);
    return true;
  }
}

/** The first in the line of an account. */
export function firstIn({ head, early }: Account): Place | undefined {
  const first = early?.first;
  if (first === undefined) return head;
  return head === undefined || precedes(first.waiter, head.waiter) ? first : head;
}

/** All in the line of an account, in order. */
export function placesIn({ head, early }: Account): Place[] {
  const places = early === undefined ? [] : [...early.places];
  const isOrdered = places.length === 0;
  for (let place = head; place !== undefined; place = place.after) places.push(place);
  return isOrdered ? places : places.sort(({ waiter: a }, { waiter: b }) => (precedes(a, b) ? -1 : 1));
}

/** The same, for those who may need the first few alone, and leave the line as it is meanwhile. */
export function* eachPlaceIn(account: Account): Generator<Place, undefined> {
  if (account.early?.first === undefined) for (let place = account.head; place !== undefined; place = place.after) yield place;
  else {
    yield firstIn(account) as Place;
    yield* placesIn(account).slice(1);
  }
}

/** Settles a waiter: out of line first, so that whoever comes second finds nothing to do. */
function settleWaiter(waiter: Waiter, error: unknown, granted: boolean): void {
  const { outcome } = waiter;
  const signal = waiter.extras?.signal;
  if (outcome === undefined) return;
  waiter.outcome = undefined;
  leaveLines(waiter);
  // Room may come while the signal tells its listeners, before it has told ours.
  if (granted && signal?.aborted === true) {
    outcome.settle(waiter, signal.reason, false);
    return;
  }
  if (granted) grantCharges(waiter.wanted);
  outcome.settle(waiter, error, granted);
}

/** Takes what was asked for and may be had. */
export function grantCharges(wanted: Charge): void {
  for (let charge: Charge | undefined = wanted; charge !== undefined; charge = charge.next) charge.account.grant(charge.amount);
}

/** Ends waits without a grant. All leave before those behind them are served, or one that ends might be granted what another leaves. */
export function endWaits(waiters: Iterable<Waiter>, errorOf: (waiter: Waiter) => unknown): void {
  const roots = new Set<Account>();
  for (const waiter of waiters) {
    if (waiter.outcome === undefined) continue;
    for (let charge: Charge | undefined = waiter.wanted; charge !== undefined; charge = charge.next) roots.add(charge.account.root);
    settleWaiter(waiter, errorOf(waiter), false);
  }
  for (const root of roots) pump(root);
}

/** Serves everyone who can be served now, in order, in the tree of `root` and in trees that its waiters tie to it. */
export function pump(root: Account): void {
  const { lines } = root;
  const [only] = lines;
  if (only === undefined) root.served();
  else if (root.ties > 0) pumpTogether(root);
  // Nothing can be had in the tree of a full root, however many lines there are.
  else if (root.isFull()) return;
  else if (lines.length === 1) pumpAlone(only);
  else if (!pumpTree(root)) pumpTogether(root);
  else root.served();
}

/** One line, waiters of one budget: the head is all there is to look at. */
function pumpAlone(account: Account): void {
  for (let head = firstIn(account)?.waiter; head !== undefined && account.hasRoom(head.wanted.amount); head = firstIn(account)?.waiter) {
    settleWaiter(head, undefined, true);
  }
  account.root.served();
}

/**
 * The lines of one tree, waiters of one budget each: whoever lacks room in the budget asked for holds up nobody above it, so the first
 * of the others is all there is to look at, one pass over the lines for each grant. False where that does not hold.
 */
function pumpTree(root: Account): boolean {
  for (;;) {
    let next: Waiter | undefined;
    for (const line of root.lines) {
      const { waiter } = firstIn(line) as Place;
      if ((next === undefined || precedes(waiter, next)) && line.missing(waiter.wanted.amount) <= 0) next = waiter;
    }
    if (next === undefined) return true;
    const { account, amount } = next.wanted;
    for (let above = account.parent; above !== undefined; above = above.parent) {
      // It holds up its siblings there, or somebody there holds it up.
      if (above.waiting > 0) return false;
      if (above.missing(amount) > 0) return above === root;
    }
    settleWaiter(next, undefined, true);
  }
}

function pumpTogether(root: Account): void {
  // It grows: who is granted may leave others first in the line of another tree.
  const roots = new Set([root]);
  for (;;) {
    const next = nextGrantable(headsOf(roots));
    if (next === undefined) break;
    settleWaiter(next, undefined, true);
  }
  for (const tree of roots) tree.served();
}

/** The first waiters of all lines in the trees of `roots` and in those tied to them, which are added. */
function headsOf(roots: Set<Account>): Set<Waiter> {
  const heads = new Set<Waiter>();
  for (const tree of roots) {
    for (const line of tree.lines) {
      const { waiter } = firstIn(line) as Place;
      heads.add(waiter);
      for (let charge: Charge | undefined = waiter.wanted; charge !== undefined; charge = charge.next) roots.add(charge.account.root);
    }
  }
  return heads;
}

function nextGrantable(heads: Iterable<Waiter>): Waiter | undefined {
  const blocked = new Set<Account>();
  for (const waiter of [...heads].sort((a, b) => (precedes(a, b) ? -1 : 1))) {
    // Whoever stands behind another in a line of its own is blocked by it.
    if (!isBlocked(waiter.wanted, blocked) && haveRoom(waiter.wanted)) return waiter;
    block(waiter, blocked);
  }
  return undefined;
}

function block(waiter: Waiter, blocked: Set<Account>): void {
  const isNext = isFirst(waiter) && everyCharge(waiter.wanted, ({ account, amount }) => account.missing(amount) <= 0);
  for (let charge: Charge | undefined = waiter.wanted; charge !== undefined; charge = charge.next) {
    blocked.add(charge.account);
    if (!isNext) continue;
    // Up to the lowest that lacks room: what is above would be of no use to it, and its siblings there would starve.
    for (let above = charge.account.parent; above !== undefined; above = above.parent) {
      blocked.add(above);
      if (above.missing(charge.amount) > 0) break;
    }
  }
}

/** True when a newcomer that wants `wanted` may not be served before those who wait. */
export function mustQueue(wanted: Charge): boolean {
  if (everyCharge(wanted, ({ account }) => account.root.lines.length === 0)) return false;
  return !everyCharge(wanted, ({ account }) => account.waiting === 0) || isBlocked(wanted, blockedFor(wanted));
}

/** The accounts that a newcomer would take from ahead of those who wait. */
export function overtaken(wanted: Charge): Account[] {
  const accounts = new Set<Account>();
  for (let charge: Charge | undefined = wanted; charge !== undefined; charge = charge.next) {
    for (let account: Account | undefined = charge.account; account !== undefined; account = account.parent) accounts.add(account);
  }
  const blocked = blockedFor(wanted);
  return [...accounts].filter((account) => blocked.has(account));
}

function blockedFor(wanted: Charge): Set<Account> {
  const roots = new Set<Account>();
  for (let charge: Charge | undefined = wanted; charge !== undefined; charge = charge.next) roots.add(charge.account.root);
  const blocked = new Set<Account>();
  for (const waiter of headsOf(roots)) block(waiter, blocked);
  return blocked;
}

/** True when every budget asked for, and all above, have room. */
export function haveRoom(wanted: Charge): boolean {
  return wanted.next === undefined ? wanted.account.hasRoom(wanted.amount) : lackingRoom(wanted) === undefined;
}

/** The lowest account that lacks room for a charge, and what is wanted of it. Two charges that meet in one account are counted together there. */
export function lackingRoom(wanted: Charge): { account: Account; amount: number } | undefined {
  const sums = new Map<Account, number>();
  for (let charge: Charge | undefined = wanted; charge !== undefined; charge = charge.next) {
    for (let account: Account | undefined = charge.account; account !== undefined; account = account.parent) {
      const amount = (sums.get(account) ?? 0) + charge.amount;
      if (account.missing(amount) > 0) return { account, amount };
      sums.set(account, amount);
    }
  }
  return undefined;
}

function isFirst(waiter: Waiter): boolean {
  return everyCharge(waiter.wanted, ({ account }) => firstIn(account)?.waiter === waiter);
}

export function isBlocked(wanted: Charge, blocked: ReadonlySet<Account>): boolean {
  return !everyCharge(wanted, ({ account }) => {
    for (let at: Account | undefined = account; at !== undefined; at = at.parent) if (blocked.has(at)) return false;
    return true;
  });
}

function everyCharge(wanted: Charge, holds: (charge: Charge) => boolean): boolean {
  for (let charge: Charge | undefined = wanted; charge !== undefined; charge = charge.next) if (!holds(charge)) return false;
  return true;
}
