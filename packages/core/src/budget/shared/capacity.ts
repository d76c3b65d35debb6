/** The capacity of a shared budget: one for all threads, changed by any. */
import { alone } from './lock.ts';
import { capacityAt, fixedAt } from './memory.ts';
import { slotsInUse, wake, type Seat } from './thread.ts';

/** True once somebody has set it: what was to be looked up is looked up no more. */
export function isFixed({ memory }: Seat, budget: number): boolean {
  return Atomics.load(memory.ints, fixedAt(budget)) === 1;
}

/** Puts a capacity in force, and wakes all threads to fit their lines to it; unless it was found, and somebody has set one. */
export function setCapacity(seat: Seat, budget: number, capacity: number, fixed: boolean): void {
  const { memory, slot } = seat;
  const { ints, doubles } = memory;
  const at = capacityAt(budget);
  const change = (): boolean => {
    const known = doubles[at] as number;
    if (!fixed && (known === capacity || isFixed(seat, budget))) return false;
    if (fixed) Atomics.store(ints, fixedAt(budget), 1);
    doubles[at] = capacity;
    return true;
  };
  if (!alone(memory, slot, () => false, change)) return;
  for (const other of slotsInUse(memory)) wake(memory, other);
}
