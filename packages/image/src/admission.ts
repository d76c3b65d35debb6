/** How much of a budget is asked for. */
import { BudgetExceededError, type Budget } from '@handback/core';
import { refused, show } from './pixels/shape.ts';
import { onAbort } from './signals.ts';

/** What becomes of an image that is larger than the whole budget. */
export interface OversizeOptions {
  /** `reject` (default): it is refused at once. `alone`: it waits until it has the whole budget for itself. */
  oversize?: 'reject' | 'alone' | undefined;
}

/**
 * Acquires what is needed, or all there is for what may run alone: a permit of that many bytes, or a handle whose cost is settled to
 * what it really takes.
 */
export function admitting<R>(bytes: number, budget: Budget, { oversize = 'reject' }: OversizeOptions, acquire: (bytes: number) => Promise<R>): Promise<R> {
  if (oversize !== 'reject' && oversize !== 'alone') throw refused(`expected \`oversize\` to be 'reject' or 'alone', got ${show(oversize)}`, undefined);
  const whole = Math.ceil(bytes);
  return oversize === 'reject' ? acquire(whole) : acquireAlone(Math.max(1, Math.min(whole, budget.stats().capacity)), acquire);
}

/** A budget above may be smaller, or be made smaller meanwhile. */
async function acquireAlone<R>(bytes: number, acquire: (bytes: number) => Promise<R>): Promise<R> {
  try {
    return await acquire(bytes);
  } catch (error) {
    if (!(error instanceof BudgetExceededError) || error.capacity < 1 || error.capacity >= bytes) throw error;
    return acquireAlone(error.capacity, acquire);
  }
}

/** Rejects with the signal's reason as soon as it fires; what runs ends by itself, and holds what it holds until then. */
export function untilAborted<R>(running: Promise<R>, signal: AbortSignal | undefined): Promise<R> {
  if (signal === undefined) return running;
  return new Promise((resolve, reject) => {
    const stop = onAbort(signal, () => reject(signal.reason as Error));
    void running.then(resolve, reject).finally(stop);
  });
}
