/** How much of a budget is asked for. */
import { nativeMemory, type Budget } from '@handback/core';
import { imageMemory } from './memory.ts';
import { refused, show } from './pixels/shape.ts';
import { onAbort } from './signals.ts';

/** What becomes of an image that is larger than the whole budget. */
export interface OversizeOptions {
  /** `reject` (default): it is refused at once. `alone`: it waits until it has the whole budget for itself. */
  oversize?: 'reject' | 'alone' | undefined;
}

/** The bytes to wait for: what is needed, or all there is for what may run alone. Taken in full later, when it is settled. */
export function admitted(bytes: number, budget: Budget, { oversize = 'reject' }: OversizeOptions): number {
  if (oversize !== 'reject' && oversize !== 'alone') throw refused(`expected \`oversize\` to be 'reject' or 'alone', got ${show(oversize)}`, undefined);
  const whole = Math.ceil(bytes);
  if (oversize === 'reject') return whole;
  const { capacity } = budget.stats();
  return Math.max(1, Math.min(whole, capacity, budget === imageMemory ? nativeMemory.stats().capacity : capacity));
}

/** Rejects with the signal's reason as soon as it fires; what runs ends by itself, and holds what it holds until then. */
export function untilAborted<R>(running: Promise<R>, signal: AbortSignal | undefined): Promise<R> {
  if (signal === undefined) return running;
  return new Promise((resolve, reject) => {
    const stop = onAbort(signal, () => reject(signal.reason as Error));
    void running.then(resolve, reject).finally(stop);
  });
}
