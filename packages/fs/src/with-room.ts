/**
 * Calls of Node's that open and close within themselves. Most need a permit for so short a time that the reserve has room for them;
 * where the system has none all the same, since others took it, room is made in the budget, and the call is made again.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { BudgetExceededError, type Permit } from '@handback/core';
import { countOpening, descriptors, isExhausted } from './descriptors.ts';

const TRIES = 12;
const LONGEST_PAUSE = 256;

/** How a call is made again. */
export interface Room {
  /** For messages. */
  readonly label: string;
  /** Descriptors that it stands in line for at first; 0 where the reserve will do. */
  readonly first: number;
  /** Whether what failed half-way can be done once more. */
  readonly repeatable: boolean;
}

/** Makes a call, again with twice the room where the system has no descriptor for it. */
export async function withRoom<R>({ label, first, repeatable }: Room, call: () => Promise<R>): Promise<R> {
  let amount = first;
  for (let tries = 1; ; tries++) {
    // From here to its end: what it opens comes and goes.
    countOpening(amount);
    try {
      using _room = amount === 0 ? undefined : await permitFor(amount, label);
      return await call();
    } catch (error) {
      if (!isExhausted(error) || !repeatable) throw error;
      if (tries === TRIES) throw exhausted(error as NodeJS.ErrnoException, amount, label);
    } finally {
      countOpening(-amount);
    }
    amount = Math.max(2, amount * 2);
    // The budget may have permits where the system has no descriptor: then it is others who have to let go.
    if (tries > 1) await delay(Math.min(2 ** tries, LONGEST_PAUSE));
  }
}

/** A permit for so many, or for the whole budget. Others may take from that meanwhile: then what is asked for is what is left. */
async function permitFor(most: number, label: string): Promise<Permit> {
  for (;;) {
    const amount = Math.min(most, descriptors.stats().capacity);
    try {
      return await descriptors.acquire(amount, { label });
    } catch (error) {
      if (!(error instanceof BudgetExceededError) || amount <= descriptors.stats().capacity || amount === 1) throw error;
    }
  }
}

function exhausted(error: NodeJS.ErrnoException, requested: number, label: string): BudgetExceededError {
  const { capacity, used, waiting } = descriptors.stats();
  const message =
    `No room for ${label}: budget 'descriptors' is not full, but the platform is (${error.code}), and nothing could be won back. ` +
    `${used} of ${capacity} descriptors in use, ${waiting} waiting. Others hold the rest: count them with descriptors.reserve(n), have them close theirs, or raise the limit (ulimit -n).`;
  return new BudgetExceededError(message, { budget: 'descriptors', requested, capacity, used, waiting, holders: [] }, { kind: 'permit', label, cause: error });
}
