/**
 * The memory that the threads of a process share: one block, inherited by every worker through its environment data, also by those
 * that others start. It holds a table of named budgets, a slot for each thread, and for each thread what it holds of each budget.
 * Only counts cross threads.
 *
 * A thread's cells stand together, and what is read on every release stands apart from what every borrowing writes: threads that
 * write near each other would slow each other down.
 */
import { builtin, host } from '../../runtime/host.ts';
import { PROTOCOL } from '../../runtime/protocol.ts';

/** How many budgets can be shared, how long their names may be, and how many threads may share them at a time. */
export const BUDGETS = 64;
export const LONGEST_NAME = 120;
export const THREADS = 512;

const HEADER = 64;
const BUDGET = 384;
const THREAD = 64;
const ROW = BUDGETS * 8;
const NAME = 128;
const BUDGETS_AT = HEADER;
const THREADS_AT = BUDGETS_AT + BUDGETS * BUDGET;
const CELLS_AT = THREADS_AT + THREADS * THREAD;
const SIZE = CELLS_AT + THREADS * 4 * ROW;

/** What core asks of `node:worker_threads`. */
interface WorkerThreads {
  readonly threadId: number;
  getEnvironmentData(key: string): unknown;
  setEnvironmentData(key: string, value: unknown): void;
}

/** What a worker inherits. */
interface Inheritance {
  readonly memory: SharedArrayBuffer;
  /** The nearest thread above that shares budgets: when it ends, so has the heir. */
  readonly parent: number;
}

/** Views on the shared block. Indices come from the functions below. */
export interface Memory {
  readonly ints: Int32Array;
  readonly bigs: BigInt64Array;
  readonly doubles: Float64Array;
  readonly letters: Uint16Array;
  readonly thread: number;
  /** The id of the nearest thread above that shares budgets, or -1. */
  readonly parent: number;
}

// Indices into `ints`, for the whole process.
/** Who registers a name or buries a thread: its slot + 1, or 0. */
export const LOCK = 0;
/** How often it was taken. */
export const TURNS = 3;
/** How many budgets are registered: none is seen before all of it was written. */
export const COUNT = 1;
/** One more than the highest slot that was ever taken. */
export const HIGH = 2;

// Into `ints`, of a thread: its id + 1 (0: the slot is free), its parent's id + 1, its number in the system, and what it sleeps on.
export const idAt = (slot: number): number => (THREADS_AT + slot * THREAD) / 4;
export const parentAt = (slot: number): number => idAt(slot) + 1;
export const systemIdAt = (slot: number): number => idAt(slot) + 2;
export const wakeAt = (slot: number): number => idAt(slot) + 3;

// Into `ints`, of a budget: how many threads wait, whether its capacity was set by `resize`, how often a waiting thread was served.
export const needsAt = (budget: number): number => (BUDGETS_AT + budget * BUDGET) / 4;
export const fixedAt = (budget: number): number => needsAt(budget) + 1;
export const servedAt = (budget: number): number => needsAt(budget) + 20;
// Into `doubles`: the capacity in force (-1: not looked up yet), and the one it was first declared with (-1: a function).
export const capacityAt = (budget: number): number => (BUDGETS_AT + budget * BUDGET) / 8 + 1;
export const declaredAt = (budget: number): number => capacityAt(budget) + 1;
// Into `bigs`: what all threads have borrowed together, and the last ticket given to a waiting thread.
export const lentAt = (budget: number): number => (BUDGETS_AT + budget * BUDGET) / 8 + 8;
export const ticketsAt = (budget: number): number => lentAt(budget) + 1;
/** Into `letters`: the length of the name, then the name. */
export const nameAt = (budget: number): number => (BUDGETS_AT + budget * BUDGET + NAME) / 2;

// Into `bigs`, of a thread and a budget: what it has borrowed, since when it waits (a ticket; 0: it does not), what it lacks.
export const borrowedAt = (slot: number, budget: number): number => (CELLS_AT + slot * 4 * ROW) / 8 + budget;
export const ticketAt = (slot: number, budget: number): number => borrowedAt(slot, budget) + BUDGETS;
export const lackAt = (slot: number, budget: number): number => borrowedAt(slot, budget) + 2 * BUDGETS;
/** Into `doubles`: what of it is in use. Written plainly, by its thread alone. */
export const usedAt = (slot: number, budget: number): number => borrowedAt(slot, budget) + 3 * BUDGETS;

const KEY = `handback/${PROTOCOL}`;
let known: Memory | undefined;
let sought = false;

/** The shared memory, made if this thread is the first; undefined where threads cannot share (browsers): then each counts alone. */
export function sharedMemory(): Memory | undefined {
  if (!sought) {
    sought = true;
    known = find();
  }
  return known;
}

function find(): Memory | undefined {
  const threads = builtin<WorkerThreads>('node:worker_threads');
  const Block = (host as unknown as { SharedArrayBuffer?: SharedArrayBufferConstructor }).SharedArrayBuffer;
  if (typeof threads?.getEnvironmentData !== 'function' || typeof Block !== 'function') return undefined;
  const { threadId: thread } = threads;
  const inherited = threads.getEnvironmentData(KEY) as Inheritance | undefined;
  const memory = inherited?.memory ?? new Block(SIZE);
  // What this thread was told is what its workers inherit: they are to know it as their parent, unless a copy of ours came first.
  const parent = inherited === undefined ? -1 : inherited.parent;
  if (parent !== thread) threads.setEnvironmentData(KEY, { memory, parent: thread } satisfies Inheritance);
  return {
    ints: new Int32Array(memory),
    bigs: new BigInt64Array(memory),
    doubles: new Float64Array(memory),
    letters: new Uint16Array(memory),
    thread,
    parent,
  };
}
