/**
 * The errors of Handback: one class a mistake, each with a stable `code`. A message names what was being done, on which kind and
 * label, where the resource was acquired, and what to do. `instanceof` holds across duplicate copies of the package, by a brand.
 */

const brand = Symbol.for('handback/error');

/** What an error knows about the resource or budget it speaks of. */
export interface ResourceErrorInfo {
  readonly kind?: string | undefined;
  readonly label?: string | undefined;
  /** The line of user code that acquired the resource, as `file:line:column (function)`. */
  readonly site?: string | undefined;
  readonly cause?: unknown;
}

/** Is the base of all errors of Handback; `code` tells them apart, in logs and across duplicate copies of the package. */
export class ResourceError extends Error {
  static readonly brand: string = 'ResourceError';
  readonly code: string = 'ERR_RESOURCE';
  readonly kind: string | undefined;
  readonly label: string | undefined;
  readonly site: string | undefined;

  constructor(message: string, info: ResourceErrorInfo = {}) {
    super(message, info.cause === undefined ? undefined : { cause: info.cause });
    this.kind = info.kind;
    this.label = info.label;
    this.site = info.site;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    if (Function.prototype[Symbol.hasInstance].call(this, value)) return true;
    // A class of the user's own has no brand: for it the ordinary rule above is all there is.
    if (!Object.hasOwn(this, 'brand') || typeof value !== 'object' || value === null) return false;
    const names = (value as { [key: symbol]: unknown })[brand];
    return Array.isArray(names) && names.includes(this.brand);
  }
}
/** The names of the classes that an error belongs to: what other copies of the package look at. */
Object.defineProperty(ResourceError.prototype, brand, {
  get(this: ResourceError): readonly string[] {
    const names: string[] = [];
    for (let type: unknown = this.constructor; typeof type === 'function'; type = Object.getPrototypeOf(type)) {
      if (Object.hasOwn(type, 'brand')) names.push((type as typeof ResourceError).brand);
    }
    return names;
  },
  configurable: true,
});
// On the prototype, not on each instance: `name` is data of the class, and a stack's first line reads it.
const named = (type: { readonly prototype: object }, name: string): void => {
  Object.defineProperty(type.prototype, 'name', { value: name, writable: true, configurable: true });
};
named(ResourceError, 'ResourceError');

/** Is thrown at a use of a handle that was disposed, or that is closing. */
export class DisposedError extends ResourceError {
  static override readonly brand: string = 'DisposedError';
  override readonly code: string = 'ERR_RESOURCE_DISPOSED';
}
named(DisposedError, 'DisposedError');

/** Is thrown at a use of a handle whose resource was moved to another handle, or detached. */
export class MovedError extends ResourceError {
  static override readonly brand: string = 'MovedError';
  override readonly code: string = 'ERR_RESOURCE_MOVED';
}
named(MovedError, 'MovedError');

/** Is thrown by `detach()` while the resource is in use, shared, or has children. */
export class InUseError extends ResourceError {
  static override readonly brand: string = 'InUseError';
  override readonly code: string = 'ERR_RESOURCE_IN_USE';
}
named(InUseError, 'InUseError');

/** Is thrown by what acquires from something that was closed: a budget or a pool. */
export class ClosedError extends ResourceError {
  static override readonly brand: string = 'ClosedError';
  override readonly code: string = 'ERR_CLOSED';
}
named(ClosedError, 'ClosedError');

/** One group of those who hold a budget's permits: by line where lines are known, else by kind and label. */
export interface Holder {
  readonly kind: string;
  readonly label: string | undefined;
  readonly site: string | undefined;
  /** How many resources or permits the group holds, and how much of the budget. */
  readonly count: number;
  readonly amount: number;
  /** Age of the oldest, in milliseconds. */
  readonly oldestMs: number;
}

/** The numbers of a full budget, as carried by BudgetExceededError and AcquireTimeoutError. */
export interface BudgetNumbers {
  readonly budget: string;
  readonly requested: number;
  readonly capacity: number;
  readonly used: number;
  readonly waiting: number;
  readonly holders: readonly Holder[];
  /** True where all that is in use is held by those that wait for more of it. Seen at the levels `trace` and `strict` alone. */
  readonly deadlock?: boolean | undefined;
}

/** Is thrown when a budget has no room and nothing can be won back; it names the numbers and who holds the permits. */
export class BudgetExceededError extends ResourceError implements BudgetNumbers {
  static override readonly brand: string = 'BudgetExceededError';
  override readonly code: string = 'ERR_BUDGET_EXCEEDED';
  readonly budget: string;
  readonly requested: number;
  readonly capacity: number;
  readonly used: number;
  readonly waiting: number;
  readonly holders: readonly Holder[];
  /** True where all that is in use is held by those that wait for more of it. Seen at the levels `trace` and `strict` alone. */
  readonly deadlock: boolean;

  constructor(message: string, numbers: BudgetNumbers, info: ResourceErrorInfo = {}) {
    super(message, info);
    this.budget = numbers.budget;
    this.requested = numbers.requested;
    this.capacity = numbers.capacity;
    this.used = numbers.used;
    this.waiting = numbers.waiting;
    this.holders = numbers.holders;
    this.deadlock = numbers.deadlock === true;
  }
}
named(BudgetExceededError, 'BudgetExceededError');

/** Where the time of a timed-out acquire was spent: in line, while opening, or while checking an idle resource. */
export type AcquirePhase = 'wait' | 'open' | 'check';

/** Is what an acquire rejects with when its time is over; `phase` tells where it was spent. */
export class AcquireTimeoutError extends ResourceError implements BudgetNumbers {
  static override readonly brand: string = 'AcquireTimeoutError';
  override readonly code: string = 'ERR_ACQUIRE_TIMEOUT';
  readonly phase: AcquirePhase;
  readonly budget: string;
  readonly requested: number;
  readonly capacity: number;
  readonly used: number;
  readonly waiting: number;
  readonly holders: readonly Holder[];
  /** True where all that is in use is held by those that wait for more of it. Seen at the levels `trace` and `strict` alone. */
  readonly deadlock: boolean;

  constructor(message: string, phase: AcquirePhase, numbers: BudgetNumbers, info: ResourceErrorInfo = {}) {
    super(message, info);
    this.phase = phase;
    this.budget = numbers.budget;
    this.requested = numbers.requested;
    this.capacity = numbers.capacity;
    this.used = numbers.used;
    this.waiting = numbers.waiting;
    this.holders = numbers.holders;
    this.deadlock = numbers.deadlock === true;
  }
}
named(AcquireTimeoutError, 'AcquireTimeoutError');
