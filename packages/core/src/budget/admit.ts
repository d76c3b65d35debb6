/**
 * Admission: the first step of every acquire. What is wanted is taken at once if there is room and nobody stands before; else it is
 * reclaimed for, and waited for in line. All of it is taken, or nothing.
 */
import { AcquireTimeoutError, BudgetExceededError, type AcquirePhase, type BudgetNumbers, type ResourceErrorInfo } from '../errors/index.ts';
import { channel, textOf } from '../leaks/events.ts';
import { countWait, leaveFlow } from '../leaks/following.ts';
import { notesUses } from '../leaks/levels.ts';
import type { Details } from '../leaks/record.ts';
import { siteOf } from '../leaks/site.ts';
import { amountOf, Charge, type Account } from './account.ts';
import { requirePriority, requireTimeout, show } from './amounts.ts';
import { closerOfCircle, deadlockOf, type Deadlock } from './deadlock.ts';
import { explainDeadlock } from './deadlock-message.ts';
import { only } from './demand.ts';
import { explain, lookOnce, numbersOf, sizeIn } from './holders.ts';
import {
  endWaits,
  extrasOf,
  grantCharges,
  haveRoom,
  joinLines,
  lackingRoom,
  mustQueue,
  NO_PURPOSE,
  overtaken,
  placesIn,
  pump,
  Waiter,
  type Outcome,
  type Purpose,
} from './line.ts';
import { isReclaiming, onStillLines, reclaimOnce, reclaimSync, startReclaim } from './reclaim.ts';
import { onRefusal, unwatchWaiter, watchWaiter, type Signal, type SignalShape } from './wait.ts';

/** How long, and how urgently, an acquire waits. */
export interface WaitOptions {
  /** Ends the wait with the signal's reason. */
  signal?: Signal | undefined;
  /** Milliseconds from the call on (Infinity: for ever). Without it a wait ends after 30 s in which the budget granted nothing to anybody. */
  timeout?: number | undefined;
  /** A higher one goes first; a step is worth 64 places in the line. Default 0. */
  priority?: number | undefined;
  /** A name for messages. */
  label?: string | undefined;
}

/** Makes a charge of an amount, to be taken together with `next`, or throws BudgetExceededError where a budget can never admit it. */
export function chargeFor(account: Account, amount: number, next: Charge | undefined, purpose: Purpose): Charge {
  account.requireOpen();
  const taken = account.admissible(amount, next);
  if (typeof taken !== 'number') throw oversized(taken, amount, next, purpose, 'can hold');
  // The others fill the budget already, alone.
  if (taken === 0 && next !== undefined) return next;
  return new Charge(account, taken, next, amount);
}

function oversized(account: Account, amount: number, others: Charge | undefined, purpose: Purpose, when: string): BudgetExceededError {
  const asked = amount + amountOf(others, account);
  const numbers = numbersOf(account, asked);
  const size = sizeIn(account);
  const advice = account.advice === undefined ? `raise the capacity, or let it run alone with \`oversize: 'alone'\`` : `or ${account.advice}`;
  const message = `No room for ${articled(nameOf(purpose))}: ${size(asked)} is more than the whole budget '${account.name}' ${when}, ${size(numbers.capacity)}. Ask for less, ${advice}.`;
  return new BudgetExceededError(message, numbers, { kind: purpose.kind, label: purpose.label });
}

/** Takes `wanted` if it can be had at once, without overtaking anybody. */
export function tryAdmit(wanted: Charge): boolean {
  if (!haveRoom(wanted) || mustQueue(wanted)) return false;
  grantCharges(wanted);
  return true;
}

/** Checks what an acquire was told, before anything happens: throws RangeError, TypeError, or the signal's reason. */
export function checkWait(options: WaitOptions): void {
  requireTimeout(options.timeout);
  requirePriority(options.priority);
  const signal = options.signal as SignalShape | undefined;
  if (signal === undefined) return;
  // Found out only when it must wait, it would leave a waiter that nobody waits for.
  if (typeof signal?.addEventListener !== 'function') throw new TypeError(`Expected \`signal\` to be an AbortSignal, got ${show(signal)}`);
  if (signal.aborted) throw signal.reason;
}

const gone = (): void => {};
let resolveNext: (value: never) => void = gone;
let rejectNext: (error: unknown) => void = gone;
/** The executor of every waiter's promise: one function for all. */
function takeEnds(resolve: (value: never) => void, reject: (error: unknown) => void): void {
  resolveNext = resolve;
  rejectNext = reject;
}

/** What a waiter's promise resolves with when it was granted. */
export interface Grant<R> extends Outcome {
  issue(waiter: Waiter): R;
}

/** Makes a grant; made once for all waiters of a sort. */
export function grantOf<R>(issue: (waiter: Waiter) => R): Grant<R> {
  return {
    issue,
    settle(waiter, error, granted) {
      settleBy(this, waiter, error, granted);
    },
  };
}

/** Settles a waiter by what a grant issues. */
export function settleBy<R>(grant: Grant<R>, waiter: Waiter, error: unknown, granted: boolean): void {
  const details = waiter.extras?.details;
  if (details !== undefined) countWait(details, -1);
  if (granted) (waiter.resolve as (value: R) => void)(grant.issue(waiter));
  else {
    waiter.reject(error);
    if (details !== undefined) leaveFlow(details);
  }
  // Last, since a signal of foreign make may run any code when it is let go of.
  unwatchWaiter(waiter);
}

/** For those who hold their charges themselves. */
export const grantNothing: Grant<void> = grantOf(() => {});

const waits = channel('budget');

/** Tells the channel that an acquire has to wait: who watches it sees which budget is too small, and for whom. */
function announceWait(wanted: Charge, { kind, label }: Purpose): void {
  const { account, amount } = lackingRoom(wanted) ?? wanted;
  waits?.publish({ budget: account.name, requested: amount, used: account.total(), capacity: account.capacity(), waiting: account.waiting, kind, label });
}

/** Waits in line until `wanted` was taken, and resolves with what `grant` issues. The options were checked before. */
export function waitInLine<R>(wanted: Charge, options: WaitOptions, purpose: Purpose, grant: Grant<R>, details?: Details): Promise<R> {
  // Waiting inside a reclaimer would wait for the reclaim that waits for it.
  if (isReclaiming()) {
    const { account, amount } = lackingRoom(wanted) ?? wanted;
    return Promise.reject(exceeded(account, amount, purpose, 'full, and this acquire runs inside one of its reclaimers'));
  }
  const signal = options.signal as SignalShape | undefined;
  // The code of the kind's author, which says what it costs, ran since it was checked.
  if (signal?.aborted === true) return Promise.reject(signal.reason);
  const promise = new Promise<R>(takeEnds);
  const waiter = new Waiter(wanted, requirePriority(options.priority), grant, resolveNext, rejectNext);
  // What stayed here would keep the permit alive that the promise brings, were it forgotten.
  resolveNext = rejectNext = gone;
  if (details !== undefined) {
    extrasOf(waiter).details = details;
    countWait(details, 1);
  }
  if (purpose !== NO_PURPOSE) extrasOf(waiter).purpose = purpose;
  joinLines(waiter);
  if (waits !== undefined && waits.hasSubscribers) announceWait(wanted, purpose);
  watchWaiter(waiter, options.timeout, signal);
  // With a higher priority it may stand before those that it was to queue behind.
  if (waiter.before === undefined) pump(wanted.account.root);
  startReclaim();
  return promise;
}

/**
 * Takes `wanted` now, after winning room back if there is none, or throws BudgetExceededError. It cannot wait for its turn, so it
 * may overtake a line, by at most max(8, 2 %) of the capacity outstanding.
 */
export function admitSync(wanted: Charge, purpose: Purpose): void {
  if (!haveRoom(wanted)) reclaimSync(wanted);
  if (haveRoom(wanted) || awaitThreads(wanted)) {
    if (!mustQueue(wanted)) {
      grantCharges(wanted);
      return;
    }
    const narrow = tooFarAhead(wanted);
    if (narrow === undefined) {
      grantCharges(wanted);
      for (let charge: Charge | undefined = wanted; charge !== undefined; charge = charge.next) {
        charge.ahead = true;
        charge.account.overtake(charge.amount);
      }
      // Whoever lacks room there now may hold up nobody above any more.
      for (let charge: Charge | undefined = wanted; charge !== undefined; charge = charge.next) pump(charge.account.root);
      return;
    }
    throw exceeded(
      narrow,
      amountOf(wanted, narrow),
      purpose,
      `promised to those in line: synchronous acquires may overtake them by ${allowance(narrow)} in all, and ${narrow.ahead} are out`,
    );
  }
  const { account, amount } = lackingRoom(wanted) ?? wanted;
  throw exceeded(account, amount, purpose, 'full, and nothing could be won back', {}, deadlockOf(account, true));
}

/** Other threads may hold idle what lacks: they are asked, and waited for as long as a synchronous call may. */
function awaitThreads(wanted: Charge): boolean {
  const lack = isReclaiming() ? undefined : lackingRoom(wanted);
  return lack !== undefined && lack.account.awaitThreads(lack.amount) && haveRoom(wanted);
}

function allowance(account: Account): number {
  return Math.max(8, Math.floor(account.capacity() * 0.02));
}

/** The account whose line would be overtaken by more than may be. It may be one above, whose children overtake it together. */
function tooFarAhead(wanted: Charge): Account | undefined {
  return overtaken(wanted).find((account) => account.ahead + amountOf(wanted, account) > allowance(account));
}

/** Closes an account, and those below it, to all who want to take from it; those who wait are refused. */
export function closeAccount(account: Account, errorOf: () => unknown): void {
  account.closed = true;
  account.quiet = false;
  const waiting = account.root.lines.flatMap(placesIn).map(({ waiter }) => waiter);
  endWaits(
    waiting.filter(({ wanted }) => isUnder(wanted, account)),
    errorOf,
  );
}

function isUnder(wanted: Charge, account: Account): boolean {
  for (let charge: Charge | undefined = wanted; charge !== undefined; charge = charge.next) {
    for (let at: Account | undefined = charge.account; at !== undefined; at = at.parent) if (at === account) return true;
  }
  return false;
}

/** Changes a capacity. */
export function resize(account: Account, capacity: number): void {
  account.resize(capacity);
  refitLines(account);
}

/** After a change of capacity: those in line who can never be served any more are refused, those who can be now are served. */
export function refitLines(account: Account): void {
  const refused = new Map<Waiter, BudgetExceededError>();
  lookOnce(() => {
    for (const { waiter } of account.root.lines.flatMap(placesIn)) {
      const error = refit(waiter.wanted, waiter.purpose);
      if (error !== undefined) refused.set(waiter, error);
    }
  });
  endWaits(refused.keys(), (waiter) => refused.get(waiter));
  pump(account.root);
}

/** Fits charges to the capacities as they are now: what runs alone takes the whole of another capacity. Answers why it can never fit. */
function refit(charge: Charge, purpose: Purpose): BudgetExceededError | undefined {
  const error = charge.next === undefined ? undefined : refit(charge.next, purpose);
  if (error !== undefined) return error;
  const taken = charge.account.admissible(charge.asked, charge.next);
  if (typeof taken !== 'number') return oversized(taken, charge.asked, charge.next, purpose, 'holds since it was resized');
  charge.amount = taken;
  return undefined;
}

/** What was asked for, in words. */
function nameOf({ kind = 'permit', label }: Purpose): string {
  return label === undefined ? kind : `${kind} '${label}'`;
}

function articled(name: string): string {
  return `${/^([aeio]|u(?!ni|s))/i.test(name) ? 'an' : 'a'} ${name}`;
}

export function exceeded(
  account: Account,
  amount: number,
  purpose: Purpose,
  why: string,
  info: ResourceErrorInfo = {},
  deadlock?: Deadlock,
): BudgetExceededError {
  const numbers = { ...numbersOf(account, amount), deadlock: deadlock !== undefined };
  return new BudgetExceededError(`No room for ${articled(nameOf(purpose))}: ${account.title} is ${why}. ${reasons(numbers, account, deadlock)}`, numbers, {
    kind: purpose.kind,
    label: purpose.label,
    ...info,
  });
}

function reasons(numbers: BudgetNumbers, account: Account, deadlock: Deadlock | undefined): string {
  return deadlock === undefined ? explain(numbers, account) : explainDeadlock(deadlock, numbers, account);
}

/** `site`: the line that asked, where it was recorded; the stack of the error begins in a timer. */
export function timedOut(charge: Charge | undefined, purpose: Purpose, phase: AcquirePhase, timeout: string, site?: string): AcquireTimeoutError {
  if (charge === undefined) {
    const none = { budget: '', requested: 0, capacity: Number.POSITIVE_INFINITY, used: 0, waiting: 0, holders: [] };
    return new AcquireTimeoutError(`No ${nameOf(purpose)} ${timeout}: the time went by opening it.`, phase, none, purpose);
  }
  const { account, amount } = charge;
  const deadlock = phase === 'wait' ? deadlockOf(account) : undefined;
  const numbers = { ...numbersOf(account, amount), deadlock: deadlock !== undefined };
  // The budget is no cause of a slow opening: to tell who holds it would mislead.
  const late = account.isPool ? 'kept for the next' : 'released';
  const went = {
    wait: () => `waiting for ${account.title}. ${reasons(numbers, account, deadlock)}`,
    open: () => `opening it. What comes late is ${late}.`,
    check: () => 'checking one that was idle.',
  };
  const asked = site === undefined ? '' : `, asked for at ${site}`;
  const trouble = account.trouble === undefined ? '' : `\nThe last opening failed: ${textOf(account.trouble)}`;
  const message = `No ${nameOf(purpose)} ${timeout}${asked}: the time went by ${went[phase]()}${trouble}`;
  return new AcquireTimeoutError(message, phase, numbers, { ...purpose, site, cause: account.trouble });
}

onRefusal({
  late: (waiters) => reclaimOnce(only(waiters)),
  error: (waiter) => {
    const { account, amount } = lackingRoom(waiter.wanted) ?? waiter.wanted;
    const { deadline, details } = waiter.extras ?? {};
    const time = deadline === undefined ? 'within 30 s in which nothing was granted' : `within ${deadline.timeout} ms`;
    const site = details?.trace && siteOf(waiter.purpose.kind ?? 'permit', details.trace)?.text;
    return timedOut(new Charge(account, amount, undefined), waiter.purpose, 'wait', time, site);
  },
});

// At level `strict` nobody waits for what cannot come: the one who closed the circle is refused, and the others may go on.
onStillLines(() => {
  const last = notesUses ? closerOfCircle() : undefined;
  if (last === undefined) return;
  const { account, amount } = lackingRoom(last.wanted) ?? last.wanted;
  const why = 'full, and nobody can give any of it back';
  endWaits([last], ({ purpose }) => exceeded(account, amount, purpose, why, {}, deadlockOf(account)));
});
