/**
 * What ends a wait besides a grant: a signal, a deadline, or a line that has stalled. One listener a signal, one timer for all
 * deadlines and one tick for all lines: a timer for each waiter would cost forty times the permit it waits for.
 *
 * A waiting acquire keeps the process alive: the tick is the one timer here that is not let go of.
 */
import { host, now, type Timer } from '../runtime/host.ts';
import { LONGEST_DELAY, turn } from '../runtime/turn.ts';
import type { Account, Charge } from './account.ts';
import type { Wanted } from './demand.ts';
import { Heap } from './heap.ts';
import { lookOnce } from './holders.ts';
import { eachPlaceIn, endWaits, extrasOf, firstIn, lackingRoom, placesIn, Waiter, type Deadline, type Place } from './line.ts';

/** The signal of an AbortController: the host's own type where there is one. */
export type Signal = typeof globalThis extends { AbortSignal: { prototype: infer S } } ? S : SignalShape;

/** The least that is asked of a signal. */
export interface SignalShape {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** Seconds without any grant after which a waiter with no time-out of its own gives up. */
export const DEFAULT_PATIENCE = 30;
const TICK = 1_000;
/** A timer this late, in ms, says that the event loop was blocked: releases that are due get one more turn. */
const LATE = 50;

/** How a waiter that must give up learns its error. */
type Refusal = (waiter: Waiter) => unknown;

// ── signals ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

const signals = new WeakMap<SignalShape, { readonly waiters: Set<Waiter>; readonly listener: () => void }>();

export function watchSignal(waiter: Waiter, signal: SignalShape): void {
  let watch = signals.get(signal);
  if (watch === undefined) {
    const waiters = new Set<Waiter>();
    watch = {
      waiters,
      listener: () => {
        endWaits([...waiters], () => signal.reason);
      },
    };
    signals.set(signal, watch);
    signal.addEventListener('abort', watch.listener);
  }
  watch.waiters.add(waiter);
  extrasOf(waiter).signal = signal;
}

function forgetSignal(waiter: Waiter): void {
  const signal = waiter.extras?.signal as SignalShape;
  const watch = signals.get(signal);
  watch?.waiters.delete(waiter);
  if (watch?.waiters.size !== 0) return;
  signals.delete(signal);
  signal.removeEventListener('abort', watch.listener);
}

// ── deadlines: in a heap, so that one timer serves all and a waiter that is served leaves at once ───────────────────────────

const deadlines = new Heap<Deadline>((a, b) => a.time < b.time);
let timer: Timer | undefined;
let timerAt = Number.POSITIVE_INFINITY;
let refuse: { late: (waiters: readonly Waiter[]) => Promise<void>; error: Refusal };

/** Names what builds the errors, and what is tried once more when a deadline's timer came late. */
export function onRefusal(handlers: typeof refuse): void {
  refuse = handlers;
}

function watchDeadline(waiter: Waiter, timeout: number): void {
  const deadline = { waiter, time: now() + timeout, timeout, index: -1 };
  extrasOf(waiter).deadline = deadline;
  deadlines.add(deadline);
  startTimer();
}

function forgetDeadline(deadline: Deadline): void {
  deadlines.remove(deadline);
  if (deadlines.first !== undefined) return;
  host.clearTimeout(timer);
  timer = undefined;
  timerAt = Number.POSITIVE_INFINITY;
}

function startTimer(): void {
  const next = deadlines.first?.time ?? Number.POSITIVE_INFINITY;
  if (next >= timerAt) return;
  host.clearTimeout(timer);
  timerAt = next;
  timer = host.setTimeout(expire, Math.min(Math.max(1, Math.ceil(next - now())), LONGEST_DELAY));
}

function expire(): void {
  timer = undefined;
  timerAt = Number.POSITIVE_INFINITY;
  const time = now();
  const due: Waiter[] = [];
  let late = false;
  for (let { first } = deadlines; first !== undefined && first.time <= time; { first } = deadlines) {
    late ||= time - first.time > LATE;
    forgetDeadline(first);
    due.push(first.waiter);
  }
  startTimer();
  if (due.length > 0) void giveUp(due, late);
}

async function giveUp(due: readonly Waiter[], late: boolean): Promise<void> {
  try {
    if (!late) return;
    await turn();
    await refuse.late(due);
  } finally {
    // One by one: what a large request has waited for may be enough for those behind it.
    lookOnce(() => {
      for (const waiter of due) endWaits([waiter], refuse.error);
    });
  }
}

// ── the tick: keeps the process alive, and ends default waits in lines that have stalled ───────────────────────────────────

let count = 0;
/** Accounts whose lines hold waiters of ours; looked through, and pruned, once a tick. */
const lined = new Set<Account>();
const stalls = new WeakMap<Account, Stall>();
let tick: Timer | undefined;

function onTick(): void {
  if (count === 0) {
    tick = undefined;
    lined.clear();
    return;
  }
  tick = host.setTimeout(onTick, TICK);
  for (const account of lined) {
    if (account.waiting === 0) lined.delete(account);
    else ageLine(account);
  }
}

/** How long a line has waited for the same account, while it granted nothing. */
interface Stall {
  readonly of: Account;
  readonly grants: number;
  ticks: number;
}

/** Ticks, not times, are counted: a loop that was blocked for a minute has not waited for a minute. */
function ageLine(account: Account): void {
  const { ticks } = stallOf(account);
  lookOnce(() => {
    for (const waiter of placesIn(account).filter(isOurs)) {
      if (waiter.patience === 0 || --waiter.patience > 0) continue;
      if (ticks >= DEFAULT_PATIENCE) endWaits([waiter], refuse.error);
      else waiter.patience = DEFAULT_PATIENCE - ticks;
    }
  });
}

/** A line moves when the budget that it waits for does: for that of a child this is the parent, where the parent is what lacks room. */
function stallOf(account: Account): Stall {
  const wanted = firstIn(account)?.waiter.wanted;
  const of = (wanted && lackingRoom(wanted))?.account ?? account.root;
  const known = stalls.get(account);
  const stall = known?.of === of && known.grants === of.grants ? known : { of, grants: of.grants, ticks: -1 };
  stalls.set(account, stall);
  stall.ticks++;
  return stall;
}

/** A line may hold waiters of another copy of the package: that copy watches them. And each is watched in the first of its lines alone. */
function isOurs(place: Place): place is Waiter {
  return place instanceof Waiter;
}

// ── together ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Watches a waiter that has just joined its lines. `timeout` in ms; undefined for the default, Infinity to wait for ever. */
export function watchWaiter(waiter: Waiter, timeout: number | undefined, signal: SignalShape | undefined): void {
  if (timeout === undefined) waiter.patience = DEFAULT_PATIENCE + 1;
  else if (timeout !== Number.POSITIVE_INFINITY) watchDeadline(waiter, timeout);
  if (signal !== undefined) watchSignal(waiter, signal);
  const { account } = waiter.wanted;
  if (account.waiting === 1 || !lined.has(account)) lined.add(account);
  if (count++ > 0) return;
  // One timer that is held or let go of: starting one for each wait would cost more than the wait.
  if (tick === undefined) tick = host.setTimeout(onTick, TICK);
  else if (typeof tick === 'object') tick.ref?.();
}

/** Ends all watches on a waiter that has left its lines. */
export function unwatchWaiter(waiter: Waiter): void {
  const { extras } = waiter;
  if (extras !== undefined) {
    if (extras.deadline !== undefined && extras.deadline.index >= 0) forgetDeadline(extras.deadline);
    if (extras.signal !== undefined) forgetSignal(waiter);
  }
  if (--count === 0 && typeof tick === 'object') tick.unref?.();
}

/** True while anyone waits, in any line of this copy. */
export function anyoneWaits(): boolean {
  return count > 0;
}

/** All who wait in lines of this copy, each once. */
export function* waiters(): Generator<Waiter> {
  for (const account of lined) for (const place of placesIn(account)) if (isOurs(place)) yield place;
}

/** All who wait in lines of this copy. */
export const everybody: Wanted = {
  first() {
    const wanted: Charge[] = [];
    for (const account of lined) {
      const first = firstIn(account);
      if (first !== undefined && isOurs(first)) wanted.push(first.wanted);
    }
    return wanted;
  },
  lines: () => Array.from(lined, (account) => ({ account, places: eachPlaceIn(account) })),
};
