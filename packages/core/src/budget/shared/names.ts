/** The table of shared budgets: the first thread to name one writes it down, with the capacity that it declares. */
import { alone } from './lock.ts';
import { BUDGETS, capacityAt, COUNT, declaredAt, LONGEST_NAME, nameAt, type Memory } from './memory.ts';
import type { Seat } from './thread.ts';

/** Stands for a capacity that is looked up at the first use. */
export const UNKNOWN = -1;
/** Stands for no capacity at all: far above any count, far below the end of 64 bits. */
const ENDLESS = 2n ** 61n;

/** A capacity as the ledger counts it. */
export function countOf(capacity: number): bigint {
  if (capacity === UNKNOWN) return 0n;
  return capacity === Number.POSITIVE_INFINITY ? ENDLESS : BigInt(capacity);
}

/** The place of a budget in the table, found or written now. `declared` is its capacity, or UNKNOWN. Throws RangeError where that differs, or there is no place. */
export function register(seat: Seat, name: string, declared: number): number {
  if (name.length > LONGEST_NAME) {
    throw new RangeError(`Expected \`name\` of a shared budget to have ${LONGEST_NAME} characters at most, got ${name.length}: ${JSON.stringify(name)}`);
  }
  const { memory } = seat;
  const known =
    find(memory, name) ??
    alone(
      memory,
      seat.slot,
      () => false,
      () => find(memory, name) ?? write(memory, name, declared),
    );
  requireSame(memory, known, name, declared);
  return known;
}

function find(memory: Memory, name: string): number | undefined {
  const count = Atomics.load(memory.ints, COUNT);
  for (let budget = 0; budget < count; budget++) if (readName(memory, budget) === name) return budget;
  return undefined;
}

function readName({ letters }: Memory, budget: number): string {
  const at = nameAt(budget);
  return String.fromCharCode(...letters.subarray(at + 1, at + 1 + (letters[at] as number)));
}

function write({ ints, doubles, letters }: Memory, name: string, declared: number): number {
  const budget = Atomics.load(ints, COUNT);
  if (budget === BUDGETS) {
    throw new RangeError(
      `No place for the shared budget '${name}': ${BUDGETS} names are shared already, and that is the most. Share fewer, and make budgets within them with \`child\`.`,
    );
  }
  const at = nameAt(budget);
  letters[at] = name.length;
  for (let index = 0; index < name.length; index++) letters[at + 1 + index] = name.charCodeAt(index);
  doubles[capacityAt(budget)] = declared;
  doubles[declaredAt(budget)] = declared;
  // Seen from here on, with all of the above.
  Atomics.store(ints, COUNT, budget + 1);
  return budget;
}

/** Throws RangeError where a capacity differs from the one that the budget was first declared with. */
export function requireSame({ doubles }: Memory, budget: number, name: string, declared: number): void {
  if (declared === UNKNOWN) return;
  const first = doubles[declaredAt(budget)] as number;
  // Named first by a function: what it has found is what is meant.
  const known = first === UNKNOWN ? (doubles[capacityAt(budget)] as number) : first;
  if (known === declared || known === UNKNOWN) return;
  throw new RangeError(
    `Expected \`capacity\` of the shared budget '${name}' to be ${known}, as it was first declared in this process, got ${declared}. One name has one capacity in all threads: change it with \`resize\`.`,
  );
}
