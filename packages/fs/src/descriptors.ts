/**
 * The descriptor budget of this process. Descriptors belong to the process, so its capacity is the real limit, less what is open
 * already, less a reserve that is never lent: sockets, children, the runtime's own files need some, and an error must still be said.
 */
import { processBudget, type Budget } from '@handback/core';
import { descriptorLimit, openDescriptors } from './limits.ts';

/** What Node holds of its own when nothing is known of it. */
const TYPICAL = 24;

/** The reserve: 32, or a twentieth of the limit where that is more, but never more than a quarter of it. */
function reserveOf(limit: number): number {
  return Math.min(Math.max(32, Math.floor(limit / 20)), Math.floor(limit / 4));
}

/** Descriptors that are open though nobody took a permit for them, as of the last look. */
let foreign = 0;

function capacityFor(used: number): number {
  const limit = descriptorLimit();
  foreign = Math.max(0, (openDescriptors() ?? used + TYPICAL) - used);
  return Math.max(1, limit - reserveOf(limit) - foreign);
}

/**
 * Is the budget of descriptors of this process. Everything in this package takes its permits from it; `descriptors.reserve(n)` counts
 * what others opened (sockets, children). The limit is read at the first use, and again whenever the system says EMFILE.
 */
export const descriptors: Budget = processBudget({ name: 'descriptors', unit: 'descriptor', capacity: () => capacityFor(0) });

/** True for the system's word that no descriptor is left; then the limit and the foreign ones are counted anew. */
export function isExhausted(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  if (code !== 'EMFILE' && code !== 'ENFILE') return false;
  // ENFILE is the whole system's table: nothing of ours has changed.
  if (code === 'EMFILE') descriptors.resize(capacityFor(descriptors.stats().used));
  return true;
}
