/** Refusals of amounts that no budget can count: before anything is taken. */

/** A whole number from 1 up, or a RangeError that says what was expected. */
export function requireAmount(amount: unknown, what: string): number {
  if (typeof amount === 'number' && Number.isSafeInteger(amount) && amount > 0) return amount;
  throw new RangeError(`Expected \`${what}\` to be a whole number from 1 up, got ${show(amount)}`);
}

/** A whole number from 0 up: what a measurement may say. */
export function requireMeasure(amount: unknown, what: string): number {
  if (typeof amount === 'number' && Number.isSafeInteger(amount) && amount >= 0) return amount;
  throw new RangeError(`Expected \`${what}\` to be a whole number from 0 up, got ${show(amount)}`);
}

/** A whole number from 0 up, or Infinity. */
export function requireCapacity(capacity: unknown): number {
  if (capacity === Number.POSITIVE_INFINITY) return capacity as number;
  return requireMeasure(capacity, 'capacity');
}

/** Milliseconds from 0 up, or Infinity; undefined stays undefined. */
export function requireTimeout(timeout: unknown, what = 'timeout'): number | undefined {
  if (timeout === undefined || (typeof timeout === 'number' && timeout >= 0)) return timeout;
  throw new RangeError(`Expected \`${what}\` to be a number of milliseconds from 0 up (or Infinity), got ${show(timeout)}`);
}

/** A finite number; 0 where none was given. */
export function requirePriority(priority: unknown): number {
  if (priority === undefined) return 0;
  if (typeof priority === 'number' && Number.isFinite(priority)) return priority;
  throw new RangeError(`Expected \`priority\` to be a finite number, got ${show(priority)}`);
}

/** A value as an error message shows it. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  return typeof value === 'object' && value !== null ? Object.prototype.toString.call(value) : String(value);
}
