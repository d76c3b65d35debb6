/**
 * What ends a wait besides a grant: a signal, a deadline, or a line that has stalled. One listener a signal, one timer for all
 * deadlines and one tick for all lines: a timer for each waiter would cost forty times the permit it waits for.
 *
 * A waiting acquire keeps the process alive: the tick is the one timer here that is not let go of.
 */
import { host, now, type Timer } from '../runtime/host.ts';
import { turn } from '../runtime/turn.ts';
import type { Account } from './account.ts';
import { settleWaiter, Waiter } from './line.ts';

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
        for (const each of [...waiters]) settleWaiter(each, signal.reason, false);
      },
    };
    signals.set(signal, watch);
    signal.addEventListener('abort', watch.listener);
  }
  watch.waiters.add(waiter);
  waiter.signal = signal;
}

function forgetSignal(waiter: Waiter): void {
  const signal = waiter.signal as SignalShape;
  const watch = signals.get(signal);
  watch?.waiters.delete(waiter);
  if (watch?.waiters.size !== 0) return;
  signals.delete(signal);
  signal.removeEventListener('abort', watch.listener);
}

// ── deadlines: a binary heap, so that one timer serves all and a waiter that is served leaves at once ──────────────────────

const heap: Waiter[] = [];
let timer: Timer | undefined;
let timerAt = Number.POSITIVE_INFINITY;
let refuse: { late: (waiters: readonly Waiter[]) => Promise<void>; error: Refusal };

/** Names what builds the errors, and what is tried once more when a deadline's timer came late. */
export function onRefusal(handlers: typeof refuse): void {
  refuse = handlers;
}

function put(waiter: Waiter, index: number): void {
  heap[index] = waiter;
  waiter.index = index;
}

function rise(waiter: Waiter, from: number): void {
  let index = from;
  while (index > 0) {
    const above = (index - 1) >> 1;
    const other = heap[above] as Waiter;
    if (other.deadline <= waiter.deadline) break;
    put(other, index);
    index = above;
  }
  put(waiter, index);
}

function sink(waiter: Waiter, from: number): void {
  let index = from;
  for (;;) {
    let below = 2 * index + 1;
    if (below >= heap.length) break;
    if (below + 1 < heap.length && (heap[below + 1] as Waiter).deadline < (heap[below] as Waiter).deadline) below++;
    const other = heap[below] as Waiter;
    if (other.deadline >= waiter.deadline) break;
    put(other, index);
    index = below;
  }
  put(waiter, index);
}

function forgetDeadline(waiter: Waiter): void {
  const { index } = waiter;
  waiter.index = -1;
  const last = heap.pop() as Waiter;
  if (last !== waiter) {
    if (last.deadline < waiter.deadline) rise(last, index);
    else sink(last, index);
  }
  if (heap.length === 0) stopTimer();
}

function stopTimer(): void {
  host.clearTimeout(timer);
  timer = undefined;
  timerAt = Number.POSITIVE_INFINITY;
}

function watchDeadline(waiter: Waiter, timeout: number): void {
  waiter.deadline = now() + timeout;
  heap.push(waiter);
  rise(waiter, heap.length - 1);
  startTimer();
}

function startTimer(): void {
  const next = heap[0]?.deadline ?? Number.POSITIVE_INFINITY;
  if (next >= timerAt) return;
  host.clearTimeout(timer);
  timerAt = next;
  timer = host.setTimeout(expire, Math.max(1, Math.ceil(next - now())));
}

function expire(): void {
  timer = undefined;
  timerAt = Number.POSITIVE_INFINITY;
  const time = now();
  const due: Waiter[] = [];
  while (heap.length > 0 && (heap[0] as Waiter).deadline <= time) {
    const waiter = heap[0] as Waiter;
    forgetDeadline(waiter);
    due.push(waiter);
  }
  if (heap.length > 0) startTimer();
  if (due.length > 0) void giveUp(due, time - (due[0] as Waiter).deadline > LATE);
}

async function giveUp(due: readonly Waiter[], late: boolean): Promise<void> {
  if (late) {
    await turn();
    await refuse.late(due.filter((waiter) => waiter.settle !== undefined));
  }
  for (const waiter of due) if (waiter.settle !== undefined) settleWaiter(waiter, refuse.error(waiter), false);
}

// ── the tick: keeps the process alive, and ends default waits in lines that have stalled ───────────────────────────────────

let count = 0;
/** Accounts whose lines hold waiters of ours; looked through, and pruned, once a tick. */
const lined = new Set<Account>();
const stalls = new WeakMap<Account, { grants: number; ticks: number }>();
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

/** Ticks, not times, are counted: a loop that was blocked for a minute has not waited for a minute. */
function ageLine(account: Account): void {
  let stall = stalls.get(account);
  if (stall === undefined || stall.grants !== account.grants) stalls.set(account, (stall = { grants: account.grants, ticks: 0 }));
  else stall.ticks++;
  for (const waiter of waitersOf(account)) {
    if (waiter.patience === 0 || --waiter.patience > 0) continue;
    if (stall.ticks >= DEFAULT_PATIENCE) settleWaiter(waiter, refuse.error(waiter), false);
    else waiter.patience = DEFAULT_PATIENCE - stall.ticks;
  }
}

function waitersOf(account: Account): Waiter[] {
  const waiters: Waiter[] = [];
  for (let place = account.head; place !== undefined; place = place.after) {
    // A line may hold waiters of another copy of the package: that copy watches them.
    if (place.waiter instanceof Waiter && place === place.waiter) waiters.push(place.waiter);
  }
  return waiters;
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
  if (waiter.index >= 0) forgetDeadline(waiter);
  if (waiter.signal !== undefined) forgetSignal(waiter);
  if (--count === 0 && typeof tick === 'object') tick.unref?.();
}

/** True while anyone waits, in any line of this copy. */
export function anyoneWaits(): boolean {
  return count > 0;
}

/** Everyone of this copy who waits. */
export function allWaiting(): Waiter[] {
  return [...lined].flatMap(waitersOf);
}
