/**
 * This thread among the others: its slot in the shared memory, and what it sleeps on. A thread that shares a budget can always be
 * woken, unless it is kept busy; a wake-up that is awaited does not keep its event loop alive, which is right for one that only
 * holds something idle. Who waits in line is kept alive by the line (wait.ts).
 */
import { builtin, host, unref } from '../../runtime/host.ts';
import { HIGH, idAt, parentAt, sharedMemory, systemIdAt, THREADS, wakeAt, type Memory } from './memory.ts';

/** How often a thread looks by itself where the runtime has no `Atomics.waitAsync`. */
const LOOK = 20;

/** A thread's place in the shared memory. */
export interface Seat {
  readonly memory: Memory;
  readonly slot: number;
}

let seat: Seat | undefined;

/** This thread's seat, taken at the first call; undefined where threads cannot share. `makeRoom` gives back for the dead, if all are taken. */
export function takeSeat(makeRoom: (seat: Seat) => void): Seat | undefined {
  const memory = sharedMemory();
  if (memory === undefined) return undefined;
  seat ??= { memory, slot: claimSlot(memory, makeRoom) };
  return seat;
}

function claimSlot(memory: Memory, makeRoom: (seat: Seat) => void): number {
  const { thread } = memory;
  // Another copy of the package in this thread may have one already.
  let slot = slotOf(memory, thread) ?? claimFree(memory);
  if (slot !== undefined) return slot;
  // It stands in no slot yet: a number that is nobody's.
  makeRoom({ memory, slot: THREADS + thread });
  slot = claimFree(memory);
  if (slot !== undefined) return slot;
  throw new RangeError(`No shared budget for thread ${thread}: ${THREADS} threads share budgets already, and that is the most. Run fewer workers at a time.`);
}

function claimFree({ ints, thread, parent }: Memory): number | undefined {
  for (let slot = 0; slot < THREADS; slot++) {
    if (Atomics.compareExchange(ints, idAt(slot), 0, thread + 1) !== 0) continue;
    Atomics.store(ints, parentAt(slot), parent + 1);
    Atomics.store(ints, systemIdAt(slot), systemId());
    for (let high = Atomics.load(ints, HIGH); high <= slot; high = Atomics.load(ints, HIGH)) Atomics.compareExchange(ints, HIGH, high, slot + 1);
    return slot;
  }
  return undefined;
}

/** The number by which the system knows this thread; 0 where it does not tell. */
function systemId(): number {
  try {
    const path = builtin<{ readlinkSync(path: string): string }>('node:fs')?.readlinkSync('/proc/thread-self');
    return Number(path?.slice(path.lastIndexOf('/') + 1)) || 0;
  } catch {
    return 0;
  }
}

/** The slot of a thread that has one. */
export function slotOf(memory: Memory, thread: number): number | undefined {
  return slotsInUse(memory).find((slot) => Atomics.load(memory.ints, idAt(slot)) === thread + 1);
}

/** All slots that a thread has taken. */
export function slotsInUse({ ints }: Memory): number[] {
  const slots: number[] = [];
  const high = Atomics.load(ints, HIGH);
  for (let slot = 0; slot < high; slot++) if (Atomics.load(ints, idAt(slot)) !== 0) slots.push(slot);
  return slots;
}

/** The id of the thread in a slot. */
export function threadIn({ ints }: Memory, slot: number): number {
  return Atomics.load(ints, idAt(slot)) - 1;
}

/** Wakes a thread, asleep in a synchronous call or in its event loop. */
export function wake({ ints }: Memory, slot: number): void {
  Atomics.add(ints, wakeAt(slot), 1);
  Atomics.notify(ints, wakeAt(slot));
}

type WaitAsync = (ints: Int32Array, index: number, value: number) => { async: false } | { async: true; value: Promise<unknown> };

/** Calls `onWake` each time that this thread is woken from now on. */
export function listen({ memory: { ints }, slot }: Seat, onWake: () => void): void {
  const at = wakeAt(slot);
  const waitAsync = (Atomics as unknown as { waitAsync?: WaitAsync }).waitAsync;
  let seen = Atomics.load(ints, at);
  const look = (): void => {
    const value = Atomics.load(ints, at);
    if (value === seen) return;
    seen = value;
    onWake();
  };
  if (waitAsync === undefined) {
    const later = (): void => {
      look();
      unref(host.setTimeout(later, LOOK));
    };
    later();
    return;
  }
  const arm = (): void => {
    const wait = waitAsync(ints, at, seen);
    // Woken between the last look and now: in a microtask, so that whoever wakes without end ends no job of ours.
    const woken = wait.async ? wait.value : Promise.resolve();
    void woken.then(() => {
      try {
        look();
      } finally {
        arm();
      }
    });
  };
  arm();
}
