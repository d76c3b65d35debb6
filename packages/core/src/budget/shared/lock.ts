/**
 * The one lock of the shared memory: for what happens once a name or a thread (names, resizes, burials), never for an acquire. Who
 * holds it may be ended in the middle, so what is written under it is seen by others in its last step alone.
 */
import { now } from '../../runtime/host.ts';
import { LOCK, TURNS, type Memory } from './memory.ts';

/** Held for microseconds. Who holds it longer was ended, by a thread that is kept from telling. */
const LONGEST_HOLD = 250;

/** Runs `act` alone among all threads. `isDead` tells slots whose thread has ended: they hold nothing any more. */
export function alone<R>(memory: Memory, slot: number, isDead: (slot: number) => boolean, act: () => R): R {
  const { ints } = memory;
  const mine = slot + 1;
  let end = 0;
  let seen = -1;
  for (;;) {
    const holder = Atomics.compareExchange(ints, LOCK, 0, mine);
    if (holder === 0) break;
    // Time runs for one hold: others may have taken it, and given it back, all the while.
    const turns = Atomics.load(ints, TURNS);
    if (turns !== seen) end = now() + LONGEST_HOLD;
    seen = turns;
    if ((isDead(holder - 1) || now() > end) && Atomics.compareExchange(ints, LOCK, holder, mine) === holder) break;
    Atomics.wait(ints, LOCK, holder, 1);
  }
  Atomics.add(ints, TURNS, 1);
  try {
    return act();
  } finally {
    Atomics.compareExchange(ints, LOCK, mine, 0);
    Atomics.notify(ints, LOCK);
  }
}
