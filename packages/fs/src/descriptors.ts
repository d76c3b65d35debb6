/**
 * The descriptor budget of this process. Descriptors belong to the process, so its capacity is the real limit, less what is open
 * already, less a reserve that is never lent: sockets, children, the runtime's own files need some, and an error must still be said.
 * All threads count together.
 */
import { SharedBudget, type Budget, type Permit } from '@handback/core';
import { descriptorLimit, openDescriptors } from './limits.ts';
import { watchWorkers } from './workers.ts';

/** What Node holds of its own when nothing is known of it. */
const TYPICAL = 24;

/** The reserve: 32, or a twentieth of the limit where that is more, but never more than a third of it. */
function reserveOf(limit: number): number {
  return Math.min(Math.max(32, Math.floor(limit / 20)), Math.floor(limit / 3));
}

/**
 * Acquires under way, of all threads: each may have its permit already and no descriptor yet, because it is about to open, or met
 * EMFILE. A budget, so that those of a worker that ends are taken back.
 */
const openings = new SharedBudget({ name: 'descriptors being opened', unit: 'descriptor', capacity: Number.POSITIVE_INFINITY });
let opening = 0;
let held: Permit | undefined;

/** Counts openings that have begun, or (below 0) ended. Each begins before its permit is asked for. */
export function countOpening(delta: number): void {
  opening += delta;
  if (opening === 0) {
    held?.dispose();
    held = undefined;
  } else if (held === undefined) held = openings.reserve(opening);
  else held.settle(opening);
}

/** Counts the openings of an acquire for as long as it is under way. */
export function whileOpening<R>(acquired: Promise<R>, amount = 1): Promise<R> {
  countOpening(amount);
  const end = (): void => countOpening(-amount);
  acquired.then(end, end);
  return acquired;
}

/** Open, though nobody took a permit for them: the runtime's own, sockets, other libraries' files. Undefined before the first look of this thread. */
let foreign: number | undefined;
/** Of what is in use, reserved for workers that are up by now: the kernel counts their descriptors, and the permit is about to go. */
let arrived = 0;

function capacityFor(inUse: number): number {
  const used = inUse - arrived;
  const limit = descriptorLimit();
  const open = openDescriptors() ?? used + TYPICAL;
  // Of those being opened, any number may be open already. What was believed stands for as long as it is possible: were a permit
  // taken for an open descriptor when it has none yet, another's descriptor would seem to have gone, and the reserve be lent.
  const least = Math.max(0, open - used);
  const most = Math.max(0, open - Math.max(0, used - openings.stats().used));
  foreign = Math.min(Math.max(foreign ?? 0, least), most);
  return Math.max(1, limit - reserveOf(limit) - foreign);
}

const budget = new SharedBudget({
  name: 'descriptors',
  unit: 'descriptor',
  capacity: capacityFor,
  advice: 'raise the limit of descriptors (`ulimit -n`). A FileCache holds many files on few; openAll takes together what is needed together',
});

/**
 * Is the budget of descriptors of this process, one for all its threads. Everything in this package takes its permits from it;
 * `descriptors.reserve(n)` counts what others opened (sockets, children). The limit, and what others hold, are read at the first
 * use, again whenever the budget is full, and when the system says EMFILE; a capacity set by `resize` is left alone.
 */
export const descriptors: Budget = budget;

/** Reads the limit and what others hold anew, and serves who waits if there is more room than was thought. */
export function lookAgain(): void {
  const { capacity } = budget.stats();
  // Another thread has looked before: what it believes stands behind the capacity that it found.
  if (foreign === undefined) {
    const limit = descriptorLimit();
    foreign = Math.max(0, limit - reserveOf(limit) - capacity);
  }
  budget.refresh();
}

/** How many acquires between two looks at what others hold: less than the smallest reserve that matters, which has room for them meanwhile. */
const EVERY = 16;
let acquires = 0;

/** Others may have taken many since the last look: seen while the reserve has room, not at EMFILE. A stat each time, 2–3 µs. */
export function glance(): void {
  if (++acquires % EVERY !== 0 || foreign === undefined) return;
  const open = openDescriptors();
  if (open !== undefined && open - budget.stats().used - foreign > EVERY / 2) lookAgain();
}

let refusals = 0;

/** For who makes room for himself in a full budget, as a cache does: he would never hear that others have let go. */
export function listenForRoom(): void {
  if (++refusals % EVERY !== 0 || foreign === undefined) return;
  const open = openDescriptors();
  if (open !== undefined && open - budget.stats().used < foreign) lookAgain();
}

// A reclaimer that gives nothing back but looks again: others may have closed theirs, or the limit may have been raised.
descriptors.addReclaimer({
  name: 'the limit of descriptors, read again',
  reclaimable: () => {
    lookAgain();
    return 0;
  },
  reclaim: () => 0,
});

// A worker takes its descriptors some milliseconds after it was made: until then they are reserved, then they are counted as foreign,
// with no moment between in which they are free.
watchWorkers({
  reserve: (amount, label) => {
    const permit = budget.reserve(amount, { label });
    countOpening(amount);
    return permit;
  },
  arrive: (permit) => {
    countOpening(-permit.amount);
    arrived += permit.amount;
    lookAgain();
    arrived -= permit.amount;
    permit.dispose();
  },
  leave: (permit) => {
    countOpening(-permit.amount);
    permit.dispose();
    lookAgain();
  },
});

/** True for the system's word that no descriptor is left; then the limit and what others hold are read anew. */
export function isExhausted(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  if (code !== 'EMFILE' && code !== 'ENFILE') return false;
  // ENFILE is the whole system's table: nothing of ours has changed.
  if (code === 'EMFILE') lookAgain();
  return true;
}
