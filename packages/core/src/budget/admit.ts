/**
 * Admission: the first step of every acquire. What is wanted is taken at once if there is room and nobody stands before; else it is
 * reclaimed for, and waited for in line. All of it is taken, or nothing.
 */
import { AcquireTimeoutError, BudgetExceededError, type ResourceErrorInfo } from '../errors/index.ts';
import { Charge, type Account } from './account.ts';
import { requirePriority, requireTimeout } from './amounts.ts';
import { explain, numbersOf } from './holders.ts';
import { haveRoom, joinLines, mustQueue, pump, settleWaiter, Waiter, type Purpose } from './line.ts';
import { isReclaiming, lackingRoom, reclaimOnce, reclaimSync, startReclaim } from './reclaim.ts';
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

/** Makes a charge of an amount, or throws BudgetExceededError where the budget can never admit it. */
export function chargeFor(account: Account, amount: number, next: Charge | undefined, purpose: Purpose): Charge {
  account.requireOpen();
  const taken = account.admissible(amount);
  if (taken === undefined) throw exceeded(account, amount, purpose, `more than the whole budget '${account.name}' can hold`);
  return new Charge(account, taken, next);
}

/** Takes `wanted` if it can be had at once, without overtaking anybody. */
export function tryAdmit(wanted: Charge): boolean {
  if (!haveRoom(wanted) || mustQueue(wanted)) return false;
  take(wanted);
  return true;
}

function take(wanted: Charge): void {
  for (let charge: Charge | undefined = wanted; charge !== undefined; charge = charge.next) {
    charge.account.take(charge.amount);
    charge.account.grants++;
  }
}

/** Checks what an acquire was told, before anything happens: throws RangeError, or the signal's reason. */
export function checkWait(options: WaitOptions): void {
  requireTimeout(options.timeout);
  requirePriority(options.priority);
  const signal = options.signal as SignalShape | undefined;
  if (signal?.aborted === true) throw signal.reason;
}

/** Waits in line until `wanted` was taken, and resolves with what `granted` makes of it. The options were checked before. */
export function waitInLine<R>(wanted: Charge, options: WaitOptions, purpose: Purpose, granted: () => R): Promise<R> {
  return new Promise((resolve, reject) => {
    // Waiting inside a reclaimer would wait for the reclaim that waits for it.
    if (isReclaiming()) {
      const { account, amount } = lackingRoom(wanted) ?? wanted;
      reject(exceeded(account, amount, purpose, 'full, and this acquire runs inside one of its reclaimers'));
      return;
    }
    const waiter = new Waiter(wanted, requirePriority(options.priority), purpose, (error, served) => {
      unwatchWaiter(waiter);
      if (served) {
        resolve(granted());
        return;
      }
      reject(error);
      // Whoever stood behind may be first now.
      for (let charge: Charge | undefined = wanted; charge !== undefined; charge = charge.next) pump(charge.account.root);
    });
    joinLines(waiter);
    watchWaiter(waiter, options.timeout, options.signal as SignalShape | undefined);
    startReclaim();
  });
}

/**
 * Takes `wanted` now, after winning room back if there is none, or throws BudgetExceededError. It cannot wait for its turn, so it
 * may overtake a line, by at most max(8, 2 %) of the capacity outstanding.
 */
export function admitSync(wanted: Charge, purpose: Purpose): void {
  if (!haveRoom(wanted)) reclaimSync(wanted);
  if (haveRoom(wanted)) {
    if (!mustQueue(wanted)) {
      take(wanted);
      return;
    }
    if (mayOvertake(wanted)) {
      take(wanted);
      for (let charge: Charge | undefined = wanted; charge !== undefined; charge = charge.next) {
        charge.ahead = true;
        charge.account.ahead += charge.amount;
      }
      return;
    }
    throw exceeded(wanted.account, wanted.amount, purpose, `promised to those in line: a synchronous acquire may overtake them by ${allowance(wanted.account)} outstanding, and has`);
  }
  const { account, amount } = lackingRoom(wanted) ?? wanted;
  throw exceeded(account, amount, purpose, 'full, and nothing could be won back');
}

function allowance(account: Account): number {
  return Math.max(8, Math.floor(account.capacity() * 0.02));
}

function mayOvertake(wanted: Charge): boolean {
  for (let charge: Charge | undefined = wanted; charge !== undefined; charge = charge.next) {
    if (charge.account.ahead + charge.amount > allowance(charge.account)) return false;
  }
  return true;
}

/** Rejects everyone in the tree of `root` who can never be served any more. */
export function rejectOversized(root: Account): void {
  for (const account of [...root.lines]) {
    for (let place = account.head; place !== undefined; ) {
      const { waiter } = place;
      place = place.after;
      for (let charge: Charge | undefined = waiter.wanted; charge !== undefined; charge = charge.next) {
        const taken = charge.account.admissible(charge.amount);
        if (taken === undefined) {
          settleWaiter(waiter, exceeded(charge.account, charge.amount, waiter.purpose, `more than the budget '${charge.account.name}' holds since it was resized`), false);
          break;
        }
        charge.amount = taken;
      }
    }
  }
}

/** What was asked for, in words. */
function nameOf({ kind = 'permit', label }: Purpose): string {
  return label === undefined ? kind : `${kind} '${label}'`;
}

export function exceeded(account: Account, amount: number, purpose: Purpose, why: string, info: ResourceErrorInfo = {}): BudgetExceededError {
  const numbers = numbersOf(account, amount);
  const place = why.startsWith('more than') ? why : `budget '${account.name}' is ${why}`;
  return new BudgetExceededError(`No room for a ${nameOf(purpose)}: ${place}. ${explain(numbers, account)}`, numbers, { kind: purpose.kind, label: purpose.label, ...info });
}

export function timedOut(charge: Charge | undefined, purpose: Purpose, phase: 'wait' | 'open', timeout: string): AcquireTimeoutError {
  if (charge === undefined) {
    const none = { budget: '', requested: 0, capacity: Number.POSITIVE_INFINITY, used: 0, waiting: 0, holders: [] };
    return new AcquireTimeoutError(`No ${nameOf(purpose)} ${timeout}: the time went by opening it.`, phase, none, purpose);
  }
  const { account, amount } = charge;
  const numbers = numbersOf(account, amount);
  const what = phase === 'wait' ? `waiting for budget '${account.name}'` : 'opening it';
  return new AcquireTimeoutError(`No ${nameOf(purpose)} ${timeout}: the time went by ${what}. ${explain(numbers, account)}`, phase, numbers, purpose);
}

onRefusal({
  late: (waiters) => reclaimOnce(waiters.map((waiter) => waiter.wanted)),
  error: (waiter) => {
    const { account, amount } = lackingRoom(waiter.wanted) ?? waiter.wanted;
    return timedOut(new Charge(account, amount, undefined), waiter.purpose, 'wait', waiter.deadline > 0 ? 'within its time-out' : 'within 30 s in which the budget granted nothing');
  },
});
