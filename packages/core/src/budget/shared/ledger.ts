/**
 * What nobody has borrowed, and what each thread has. A worker may be terminated between any two steps of its own, but the engine
 * strikes only where a function is entered or a loop goes back (and in a wait): so the two steps of each movement stand side by
 * side, with no call of a function and no loop between them. Should it strike all the same, permits are lost, never lent twice.
 */
import { borrowedAt, freeAt } from './memory.ts';
import type { Seat } from './thread.ts';

/** Where the amounts of one budget stand, for one thread. */
export interface Ledger {
  readonly bigs: BigInt64Array;
  readonly free: number;
  readonly borrowed: number;
}

export function ledgerOf({ memory, slot }: Seat, budget: number): Ledger {
  return { bigs: memory.bigs, free: freeAt(budget), borrowed: borrowedAt(slot, budget) };
}

/** Borrows from `least` up to `most`; answers how much it was, 0 where less than the least is free. */
export function borrow({ bigs, free, borrowed }: Ledger, least: number, most: number): number {
  const [low, high] = [BigInt(least), BigInt(most)];
  for (;;) {
    const known = Atomics.load(bigs, free);
    if (known < low) return 0;
    const amount = known < high ? known : high;
    const rest = known - amount;
    if (Atomics.compareExchange(bigs, free, known, rest) === known) {
      Atomics.add(bigs, borrowed, amount);
      return Number(amount);
    }
  }
}

/** Borrows what exists already, whether it is free or not. */
export function force({ bigs, free, borrowed }: Ledger, amount: number): void {
  const big = BigInt(amount);
  Atomics.sub(bigs, free, big);
  Atomics.add(bigs, borrowed, big);
}

/** Gives back. */
export function giveBack({ bigs, free, borrowed }: Ledger, amount: number): void {
  const big = BigInt(amount);
  Atomics.sub(bigs, borrowed, big);
  Atomics.add(bigs, free, big);
}

/** Gives back all that a dead thread had borrowed. */
export function inherit({ bigs, free, borrowed }: Ledger): void {
  const all = Atomics.exchange(bigs, borrowed, 0n);
  Atomics.add(bigs, free, all);
}
