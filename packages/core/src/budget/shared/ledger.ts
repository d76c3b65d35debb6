/**
 * What each thread has borrowed, and what all have together. What is free is never written down: it is the capacity less that, so a
 * capacity changes in one step. A worker may be terminated between any two steps of its own, but the engine strikes only where a
 * function is entered or a loop goes back (and in a wait): so the two steps of each movement stand side by side, with no call of a
 * function and no loop between them. Should it strike all the same, permits are lost, never lent twice.
 */
import { borrowedAt, capacityAt, lentAt, type Memory } from './memory.ts';
import { countOf } from './names.ts';
import type { Seat } from './thread.ts';

/** Where the amounts of one budget stand, for one thread. */
export interface Ledger {
  readonly memory: Memory;
  readonly budget: number;
  readonly bigs: BigInt64Array;
  readonly lent: number;
  readonly borrowed: number;
}

export function ledgerOf({ memory, slot }: Seat, budget: number): Ledger {
  return { memory, budget, bigs: memory.bigs, lent: lentAt(budget), borrowed: borrowedAt(slot, budget) };
}

/** What nobody has borrowed; below 0 where more is out than there is. */
export function freeOf({ bigs, doubles }: Memory, budget: number): bigint {
  return countOf(doubles[capacityAt(budget)] as number) - Atomics.load(bigs, lentAt(budget));
}

/** Borrows from `least` up to `most`; answers how much it was, 0 where less than the least is free. */
export function borrow({ memory, budget, bigs, lent, borrowed }: Ledger, least: number, most: number): number {
  const [low, high] = [BigInt(least), BigInt(most)];
  for (;;) {
    const known = Atomics.load(bigs, lent);
    const free = countOf(memory.doubles[capacityAt(budget)] as number) - known;
    if (free < low) return 0;
    const amount = free < high ? free : high;
    const more = known + amount;
    if (Atomics.compareExchange(bigs, lent, known, more) === known) {
      Atomics.add(bigs, borrowed, amount);
      return Number(amount);
    }
  }
}

/** Borrows what exists already, whether it is free or not. */
export function force({ bigs, lent, borrowed }: Ledger, amount: number): void {
  const big = BigInt(amount);
  Atomics.add(bigs, lent, big);
  Atomics.add(bigs, borrowed, big);
}

/** Gives back. */
export function giveBack({ bigs, lent, borrowed }: Ledger, amount: number): void {
  const big = BigInt(amount);
  Atomics.sub(bigs, borrowed, big);
  Atomics.sub(bigs, lent, big);
}

/** Gives back all that a dead thread had borrowed. */
export function inherit({ bigs, lent, borrowed }: Ledger): void {
  const all = Atomics.exchange(bigs, borrowed, 0n);
  Atomics.sub(bigs, lent, all);
}
