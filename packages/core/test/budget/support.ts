// What the tests of budgets share: promises looked at without waiting for them, and a clock that the test moves.
import { afterEach, beforeEach, expect, vi } from 'vitest';
import { Budget, leaks, type BudgetOptions, type Permit } from '@handback/core';

/** What has become of a promise so far. */
export interface Outcome<T> {
  state: 'waiting' | 'granted' | 'refused';
  value: T | undefined;
  error: unknown;
}

// What a test forgets would be collected, and given back, in the middle of it; and what it leaves behind is nobody's fault.
const kept: object[] = [];
afterEach(() => {
  kept.length = 0;
});
leaks.configure({ warn: false });

/** Looks at a promise without waiting for it; what it brings is kept for the length of the test. */
export function outcomeOf<T>(promise: PromiseLike<T>): Outcome<T> {
  const outcome: Outcome<T> = { state: 'waiting', value: undefined, error: undefined };
  kept.push(outcome);
  promise.then(
    (value) => {
      outcome.state = 'granted';
      outcome.value = value;
    },
    (error: unknown) => {
      outcome.state = 'refused';
      outcome.error = error;
    },
  );
  return outcome;
}

/** Lets everything that is due in microtasks happen; no timer runs meanwhile. */
export async function settled(): Promise<void> {
  for (let round = 0; round < 50; round++) await undefined;
}

/** A budget that a test can do without naming. */
export function budgetOf(capacity: number, options: Partial<BudgetOptions> = {}): Budget {
  return new Budget({ name: 'seats', unit: 'seat', capacity, ...options });
}

/** Acquires of these amounts at once; `order` fills with their indices as they are granted. */
export function queue(
  budget: Budget,
  amounts: readonly number[],
  options: (index: number) => object = () => ({}),
): { order: number[]; outcomes: Outcome<Permit>[] } {
  const order: number[] = [];
  const outcomes = amounts.map((amount, index) => {
    const acquire = budget.acquire(amount, options(index));
    acquire.then(
      () => order.push(index),
      () => {},
    );
    return outcomeOf(acquire);
  });
  return { order, outcomes };
}

/** The error that `act` throws. */
export function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}

const CLOCK = ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance'] as const;

/** Time stands still unless the test moves it; with `freeTurns` the event loop turns all the same. After each test nobody waits, and so no timer is left. */
export function useFakeClock(freeTurns = false): void {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: CLOCK.filter((name) => !freeTurns || !name.endsWith('Immediate')) });
  });
  afterEach(async () => {
    try {
      // The tick of the lines ends in the second after the last wait has ended.
      await pass(2_000);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
}

/** Nothing is forgotten in a test file that calls this first, and collections would take most of its time. */
export function withoutCollections(): void {
  (globalThis as { gc?: () => void }).gc = () => {};
}

/** Moves the clock, with everything that is due on the way. */
export async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}

/** Lets the event loop turn, where it is free to, while the clock stands still. */
export async function turns(count = 50): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise<void>((resolve) => void setImmediate(resolve));
}

/** Moves such a clock, millisecond by millisecond. */
export async function passInTurns(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed++) {
    await pass(1);
    await turns(5);
  }
}

/** Takes a permit, and keeps it for the length of the test. */
export function hold(budget: Budget, amount = 1): Permit {
  const permit = budget.acquireSync(amount);
  kept.push(permit);
  return permit;
}

/** Takes a budget's whole capacity. */
export function fill(budget: Budget): Permit {
  return hold(budget, budget.stats().capacity);
}

/** Gives a permit back, then those that are granted, one at a time in the order of their grants, until nobody is served any more. */
export async function handOn(held: Permit, { order, outcomes }: ReturnType<typeof queue>): Promise<void> {
  held.dispose();
  await settled();
  for (let given = 0; given < order.length; given++) {
    outcomes[order[given] as number]?.value?.dispose();
    await settled();
  }
}

/** Forgets the collections so far: how long ago the last one was, and what it found, decides whether the next one is worth its price. */
export function forgetCollections(): void {
  const { collection } = (globalThis as unknown as Record<symbol, { collection: object }>)[Symbol.for('handback/1')] as { collection: object };
  Object.assign(collection, { end: Number.NEGATIVE_INFINITY, duration: 0, freed: true });
}
