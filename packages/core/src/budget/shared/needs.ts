/**
 * Needs: the line of threads. A thread that lacks room takes a ticket, says how much it lacks, and wakes those that hold something.
 * While a thread waits, no later one borrows; what is given back gathers until it is enough for the first. Inside a thread its own
 * line decides who is served (line.ts); a thread has one ticket a budget, however long its line.
 */
import { now } from '../../runtime/host.ts';
import { freeOf } from './ledger.ts';
import { borrowedAt, HIGH, lackAt, needsAt, servedAt, ticketAt, ticketsAt, type Memory } from './memory.ts';
import { wake, type Seat } from './thread.ts';

/** A thread that could have what it lacks, and has not taken it for so long, is kept busy by a long job: it holds up nobody any more. */
const BUSY = 25;

/** The needs of all threads for one budget, as one thread sees them. */
export class Needs {
  readonly memory: Memory;
  readonly slot: number;
  readonly budget: number;
  readonly needsAt: number;
  readonly ints: Int32Array;
  /** This thread's ticket; 0 while it needs nothing. */
  ticket = 0n;
  /** How many of all needs are this thread's own: 0 or 1. */
  own = 0;
  /** Threads that were found able to take what they lack: their tickets, and when. */
  readonly able: Map<number, { ticket: bigint; since: number }> = new Map();

  constructor({ memory, slot }: Seat, budget: number) {
    this.memory = memory;
    this.slot = slot;
    this.budget = budget;
    this.needsAt = needsAt(budget);
    this.ints = memory.ints;
  }

  /**
   * True while a thread other than this one waits. A plain read, since every release asks, and `Atomics.load` is a call that costs
   * a third of a permit: what it sees late, this thread is woken for (raise), and the next release sees.
   */
  anyElsewhere(): boolean {
    return (this.ints[this.needsAt] as number) > this.own;
  }

  /** Says what this thread lacks; with a ticket if it has none yet, and then all that hold something are woken. */
  raise(lack: number): void {
    const { bigs, ints } = this.memory;
    const big = BigInt(lack);
    const grown = Atomics.exchange(bigs, lackAt(this.slot, this.budget), big) < big;
    const at = ticketAt(this.slot, this.budget);
    const isNew = this.ticket === 0n;
    if (isNew) {
      const ticket = Atomics.add(bigs, ticketsAt(this.budget), 1n) + 1n;
      this.ticket = ticket;
      this.own = 1;
      // Side by side (ledger.ts): who buries this thread takes back both or none.
      Atomics.store(bigs, at, ticket);
      Atomics.add(ints, this.needsAt, 1);
    }
    if (isNew || grown) this.wakeHolders();
  }

  /** Takes the need back: it was met, or nobody waits any more. The next in the line of threads may be served now. */
  lower(met: boolean): void {
    if (this.ticket === 0n) return;
    this.ticket = 0n;
    this.own = 0;
    if (met) Atomics.add(this.memory.ints, servedAt(this.budget), 1);
    clearNeed(this.memory, this.slot, this.budget);
    this.wakeFirst();
  }

  /** The thread that is first in line, but for this one: its slot, ticket and what it lacks. */
  firstElsewhere(): Need | undefined {
    return firstNeed(this.memory, this.budget, this.slot);
  }

  /** True when another thread is to be served before this one. */
  isBehind(): boolean {
    const { bigs, ints } = this.memory;
    const high = Atomics.load(ints, HIGH);
    const free = freeOf(this.memory, this.budget);
    for (let slot = 0; slot < high; slot++) {
      if (slot === this.slot) continue;
      const ticket = Atomics.load(bigs, ticketAt(slot, this.budget));
      if (ticket === 0n || (this.ticket !== 0n && ticket > this.ticket)) continue;
      if (Atomics.load(bigs, lackAt(slot, this.budget)) > free || !this.isBusy(slot, ticket)) return true;
    }
    return false;
  }

  isBusy(slot: number, ticket: bigint): boolean {
    const time = now();
    const known = this.able.get(slot);
    if (known?.ticket === ticket) return time - known.since > BUSY;
    this.able.set(slot, { ticket, since: time });
    return false;
  }

  wakeFirst(): void {
    wakeFirst(this.memory, this.budget);
  }

  /** Wakes the threads that have borrowed something: some of it may be idle. */
  wakeHolders(): void {
    const { bigs, ints } = this.memory;
    const high = Atomics.load(ints, HIGH);
    for (let slot = 0; slot < high; slot++) {
      if (slot !== this.slot && Atomics.load(bigs, borrowedAt(slot, this.budget)) > 0n) wake(this.memory, slot);
    }
  }
}

/** A thread in line. */
export interface Need {
  readonly slot: number;
  readonly ticket: bigint;
  readonly lack: bigint;
}

function firstNeed({ bigs, ints }: Memory, budget: number, except: number): Need | undefined {
  const high = Atomics.load(ints, HIGH);
  let first: Need | undefined;
  for (let slot = 0; slot < high; slot++) {
    if (slot === except) continue;
    const ticket = Atomics.load(bigs, ticketAt(slot, budget));
    if (ticket !== 0n && (first === undefined || ticket < first.ticket)) first = { slot, ticket, lack: Atomics.load(bigs, lackAt(slot, budget)) };
  }
  return first;
}

/** Wakes the thread that is first in line, once it can have what it lacks; it wakes the next. */
export function wakeFirst(memory: Memory, budget: number): void {
  if (Atomics.load(memory.ints, needsAt(budget)) === 0) return;
  const first = firstNeed(memory, budget, -1);
  if (first !== undefined && freeOf(memory, budget) >= first.lack) wake(memory, first.slot);
}

/** Takes a thread out of the line of threads; once, whoever does it. */
export function clearNeed({ bigs, ints }: Memory, slot: number, budget: number): void {
  const [ticket, needs] = [ticketAt(slot, budget), needsAt(budget)];
  if (Atomics.exchange(bigs, ticket, 0n) !== 0n) Atomics.sub(ints, needs, 1);
  Atomics.store(bigs, lackAt(slot, budget), 0n);
}
