/**
 * What a synchronous acquire may do that cannot wait for its turn: block the thread for a moment, asleep, until others have given
 * back what they hold idle.
 */
import { now } from '../../runtime/host.ts';
import type { SharedAccount } from './account.ts';
import { lookForDead } from './deaths.ts';
import { wakeAt } from './memory.ts';
import { slotsInUse } from './thread.ts';

/** How long it blocks in all, and how long it sleeps before it looks whether the others still exist. */
const LONGEST_BLOCK = 50;
const NAP = 10;

/** Blocks until there is room for `amount` more; false where there is none still. */
export function blockFor(account: SharedAccount, amount: number): boolean {
  const { seat, needs } = account;
  const { ints } = seat.memory;
  if (slotsInUse(seat.memory).length === 1) return account.missing(amount) <= 0;
  const end = now() + LONGEST_BLOCK;
  const at = wakeAt(seat.slot);
  const lack = (): number => account.used + amount - account.lent;
  try {
    for (;;) {
      // Read first: whoever gives back from here on changes it, and then the nap does not begin.
      const seen = Atomics.load(ints, at);
      if (lack() <= 0 || account.borrow(lack(), true)) return true;
      needs.raise(lack());
      if (account.borrow(lack(), true)) return true;
      // Two threads that block with something idle would wait for each other.
      if (needs.isBehind() && account.giveIdle()) needs.raise(lack());
      const left = end - now();
      if (left <= 0) return false;
      const woken = nap(ints, at, seen, Math.min(left, NAP));
      if (woken === undefined) return false;
      if (woken === 'timed-out') lookForDead(seat, true);
    }
  } finally {
    if (account.lines.length === 0) needs.lower(false);
    else account.pumpSoon();
  }
}

/** Undefined where this thread may not block (a page's). */
function nap(ints: Int32Array, at: number, seen: number, time: number): 'ok' | 'not-equal' | 'timed-out' | undefined {
  try {
    return Atomics.wait(ints, at, seen, time);
  } catch {
    return undefined;
  }
}
