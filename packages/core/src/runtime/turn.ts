/**
 * Turns of the event loop. A finalizer that is due runs in a macrotask and in no microtask (facts: after `gc()`, 200 awaits ran
 * none and one `setImmediate` ran all), so reclaim and tests wait by turns.
 */
import { host, unref, type Timer } from './host.ts';

/** The longest delay of a timer. Hosts keep it in 32 bits, and fire at once where it is longer. */
export const LONGEST_DELAY: number = 2 ** 31 - 1;

/** Calls back in the next turn of the event loop; the process does not stay alive for it. */
export function afterTurn(callback: () => void): void {
  if (host.setImmediate !== undefined) unref(host.setImmediate(callback));
  else unref(host.setTimeout(callback, 0));
}

/** Resolves in the next turn of the event loop, and keeps the process alive until then. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    // Bun runs finalizers after a timer, not after an immediate.
    if (host.setImmediate !== undefined && host.Bun === undefined) host.setImmediate(resolve);
    else host.setTimeout(resolve, 0);
  });
}

/** Resolves after `delay` milliseconds, and keeps the process alive until then. */
export function pause(delay: number): Promise<void> {
  return new Promise((resolve) => void host.setTimeout(resolve, delay) satisfies Timer | undefined);
}

/** The same, without keeping the process alive. */
export function idlePause(delay: number): Promise<void> {
  return new Promise((resolve) => void unref(host.setTimeout(resolve, delay)));
}
