/**
 * Operations under way on a budget. Who encodes an image holds it meanwhile: were such operations to wait behind others, in a budget
 * that is full of images whose holders all wait to encode them, none would ever end. So they go before all that begin with a file,
 * and where nothing runs any more that could make room for them, the first is counted on top of the budget, which may go below zero.
 */
import type { Budget, Permit, WaitOptions } from '@handback/core';
import { forwarding } from './signals.ts';

/** Far above what a waiter's age can make up for. */
const FIRST = 1e9;

/** A budget that is full, with nothing running on it: so many milliseconds are left to evictions and collections. */
const PATIENCE = 20;

/** Where a budget has room, and one above it lacks it, whatever runs may make that: so many times it is waited for that nothing does. */
const LOOKS = 50;

/** Operations on any budget. */
let runningAnywhere = 0;

/** Says to a waiter of ours that it is not to wait any longer. */
const GO_ON = new Error('not to wait any longer');

class Operations {
  readonly #budget: Budget;
  /** What each wants, in bytes. */
  readonly #waiting: Map<AbortController, number> = new Map();
  #running = 0;
  #looks = 0;
  #timer: ReturnType<typeof setTimeout> | undefined = undefined;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  enter(): void {
    this.#running++;
    runningAnywhere++;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  leave(): void {
    this.#running--;
    runningAnywhere--;
    this.#look();
  }

  /** A permit for an operation on an image that is held: in line, but before all others, and not for ever. */
  admit(bytes: number, options: WaitOptions): Promise<Permit> {
    const { signal, priority = 0 } = options;
    return forwarding(signal as AbortSignal | undefined, async (own) => {
      this.#waiting.set(own, bytes);
      this.#look();
      try {
        return await this.#budget.acquire(bytes, { ...options, signal: own.signal, priority: priority + FIRST });
      } catch (error) {
        if (error !== GO_ON) throw error;
        return this.#budget.reserve(bytes, { label: options.label });
      } finally {
        this.#waiting.delete(own);
      }
    });
  }

  /** Where some wait and nothing runs, the first goes on after a while, and those that are left after another one. */
  #look(): void {
    if (this.#running > 0 || this.#waiting.size === 0 || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      for (const [first, bytes] of this.#waiting) {
        if (this.#isForOthers(bytes)) return this.#look();
        this.#looks = 0;
        first.abort(GO_ON);
        break;
      }
    }, PATIENCE);
  }

  /** What lacks is room above, for which others, of a budget beside this one, may have something running. */
  #isForOthers(bytes: number): boolean {
    return runningAnywhere > 0 && this.#budget.stats().available >= bytes && this.#looks++ < LOOKS;
  }
}

const all = new WeakMap<Budget, Operations>();

function operationsOn(budget: Budget): Operations {
  let operations = all.get(budget);
  if (operations === undefined) all.set(budget, (operations = new Operations(budget)));
  return operations;
}

/** Runs what holds a permit of a budget already, and gives that back. */
export async function holding<R>(permit: Permit, budget: Budget, operation: () => Promise<R>): Promise<R> {
  const operations = operationsOn(budget);
  operations.enter();
  try {
    return await operation();
  } finally {
    permit.dispose();
    operations.leave();
  }
}

/** Runs what a kind opens: its permit is settled when it has ended. */
export async function opening<R>(budget: Budget, operation: () => Promise<R>): Promise<R> {
  const operations = operationsOn(budget);
  operations.enter();
  try {
    return await operation();
  } finally {
    // A turn later that has been done.
    setTimeout(() => operations.leave(), 0);
  }
}

/** A permit for an operation on an image that is held. */
export function admitHeld(budget: Budget, bytes: number, options: WaitOptions): Promise<Permit> {
  return operationsOn(budget).admit(bytes, options);
}
