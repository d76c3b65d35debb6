/**
 * What a worker held when it ended, was terminated, or threw, is given back by the thread that started it, which Node tells of the
 * end; with it what its own workers held, who cannot outlive it. Where that thread does not share budgets, nobody is told: then a
 * thread that finds no room, or no slot, looks whether the others still exist, where the system says so (Linux).
 */
import { builtin, host, now } from '../../runtime/host.ts';
import { inherit, ledgerOf } from './ledger.ts';
import { alone } from './lock.ts';
import { COUNT, idAt, parentAt, systemIdAt, usedAt, type Memory } from './memory.ts';
import { clearNeed, wakeFirst } from './needs.ts';
import { slotOf, slotsInUse, type Seat } from './thread.ts';

/** How often those who find no room look for the dead. */
const LOOK = 200;

/** What core asks of a Worker. */
interface StartedWorker {
  readonly threadId: number;
  once(event: 'exit', listener: () => void): unknown;
}

/** Gives back for workers that this thread starts from now on. Not a signal: the event tells of Workers alone. */
export function watchDeaths(seat: Seat): void {
  host.process?.on?.('worker', (worker: StartedWorker) => {
    // A worker that has ended does not know its id any more.
    const { threadId } = worker;
    worker.once('exit', () => bury(seat, threadId));
  });
}

/** Gives back what a dead thread held, and what the threads below it did. */
export function bury(seat: Seat, thread: number): void {
  const { memory } = seat;
  if (family(memory, thread).length === 0) return;
  alone(
    memory,
    seat.slot,
    // By now another thread may have been first, and a new one stand in the slot.
    (slot) => family(memory, thread).includes(slot),
    () => {
      for (const slot of family(memory, thread)) empty(memory, slot);
    },
  );
  const count = Atomics.load(memory.ints, COUNT);
  for (let budget = 0; budget < count; budget++) wakeFirst(memory, budget);
}

/** The slots of a thread and of all that it has started, itself or through others. */
function family(memory: Memory, thread: number): number[] {
  const slot = slotOf(memory, thread);
  const below = slotsInUse(memory).filter((other) => Atomics.load(memory.ints, parentAt(other)) === thread + 1);
  const slots = below.flatMap((other) => family(memory, Atomics.load(memory.ints, idAt(other)) - 1));
  return slot === undefined ? slots : [slot, ...slots];
}

/** Again, should whoever did it be ended in the middle, it gives back the rest: the slot is free in the last step. */
function empty(memory: Memory, slot: number): void {
  const count = Atomics.load(memory.ints, COUNT);
  for (let budget = 0; budget < count; budget++) {
    memory.doubles[usedAt(slot, budget)] = 0;
    inherit(ledgerOf({ memory, slot }, budget));
    clearNeed(memory, slot, budget);
  }
  Atomics.store(memory.ints, parentAt(slot), 0);
  Atomics.store(memory.ints, systemIdAt(slot), 0);
  Atomics.store(memory.ints, idAt(slot), 0);
}

let looked = Number.NEGATIVE_INFINITY;

/** Looks for threads that have ended untold, and gives back for them; now and then, or at once where it is `urgent`. True where it found some. */
export function lookForDead(seat: Seat, urgent = false): boolean {
  const time = now();
  if (!urgent && time - looked < LOOK) return false;
  looked = time;
  const { memory } = seat;
  // Before the system is asked: a thread that takes a slot meanwhile is not in its answer.
  const known = slotsInUse(memory).map((slot) => ({
    slot,
    thread: Atomics.load(memory.ints, idAt(slot)) - 1,
    id: Atomics.load(memory.ints, systemIdAt(slot)),
  }));
  const alive = systemThreads();
  if (alive === undefined) return false;
  const dead = known.filter(({ slot, thread, id }) => slot !== seat.slot && thread >= 0 && id !== 0 && !alive.has(String(id)));
  for (const { thread } of dead) bury(seat, thread);
  return dead.length > 0;
}

function systemThreads(): ReadonlySet<string> | undefined {
  try {
    const names = builtin<{ readdirSync(path: string): string[] }>('node:fs')?.readdirSync('/proc/self/task');
    return names && new Set(names);
  } catch {
    // No descriptor may be left to read it by.
    return undefined;
  }
}
