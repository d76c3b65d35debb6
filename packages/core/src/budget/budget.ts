/**
 * A budget: a counted capacity, handed out in fair order. When it is full it evicts what is idle, collects what was forgotten,
 * lets acquires wait in line, and at last says who holds it.
 */
import { ClosedError } from '../errors/index.ts';
import { followed, handOver, startFollowing } from '../leaks/following.ts';
import { recording } from '../leaks/levels.ts';
import { Details } from '../leaks/record.ts';
import { shared, shareKey } from '../runtime/protocol.ts';
import { Account, Charge, type Oversize, type Reclaimer } from './account.ts';
import { admitSync, chargeFor, checkWait, closeAccount, grantOf, resize, tryAdmit, waitInLine, type WaitOptions } from './admit.ts';
import { requireAmount, requireCapacity, show } from './amounts.ts';
import { NO_PURPOSE } from './line.ts';
import { detailsFor, Permit } from './permit.ts';

/** Options of a Budget. */
export interface BudgetOptions {
  /** Said in messages. */
  name: string;
  /** A whole number from 0 up, or Infinity. */
  capacity: number;
  /** What is counted, in the singular (`descriptor`); `bytes` is shown in KiB, MiB …. Default `permit`. */
  unit?: string | undefined;
  /** What becomes of a request larger than the capacity: `reject` (default) refuses it at once, `alone` lets it wait for the whole capacity and run alone. */
  oversize?: Oversize | undefined;
  /** How there may be more of it, as the errors of a full budget say after "or": `raise \`ulimit -n\``. Default: to raise the capacity. */
  advice?: string | undefined;
}

/** The counts of a Budget. */
export interface BudgetStats {
  readonly capacity: number;
  readonly used: number;
  /** `capacity - used`; below 0 after `reserve`, `settle` or `resize`. */
  readonly available: number;
  /** Acquires in line. */
  readonly waiting: number;
  /** The most ever used at once. */
  readonly peak: number;
  /** What reclaim has won back so far. */
  readonly reclaimed: number;
}

/** What a permit is for. */
export interface LabelOptions {
  /** A name for messages. */
  label?: string | undefined;
}

const NOTHING: WaitOptions = {};

const grantPermit = grantOf(({ wanted, extras }) => handOver(new Permit(wanted.account, wanted.amount, extras?.details), extras?.details));

/** Counts a capacity (descriptors, bytes) and hands out permits for parts of it, first in first out. */
export class Budget implements Disposable {
  readonly #account: Account;

  /** Throws TypeError or RangeError for options that make no budget. */
  constructor(options: BudgetOptions) {
    this.#account = isAccount(options) ? options : makeAccount(options, undefined);
  }

  /** @internal The plain account: what copies of the package share. */
  get [shareKey as unknown as typeof accountKey](): Account {
    return this.#account;
  }

  get name(): string {
    return this.#account.name;
  }

  get unit(): string {
    return this.#account.unit;
  }

  /** Makes a budget within this one: its permits are paid by both, and by all above, or by none. */
  child(options: BudgetOptions): Budget {
    this.#account.requireOpen();
    return new Budget(makeAccount(options, this.#account) as unknown as BudgetOptions);
  }

  /**
   * Takes a permit for `amount` in order of arrival; a large request is never overtaken by small ones. A full budget reclaims first:
   * idle things are evicted, what was forgotten is collected. Rejects with BudgetExceededError (larger than the capacity),
   * AcquireTimeoutError, ClosedError, the signal's reason, or RangeError for what is no amount.
   */
  acquire(amount = 1, options: WaitOptions = NOTHING): Promise<Permit> {
    const account = this.#account;
    try {
      if (options === NOTHING && takeCalmly(account, amount)) return Promise.resolve(new Permit(account, amount, undefined));
      requireAmount(amount, 'amount');
      checkWait(options);
      const details = this.#detailsFor(options.label, Budget.prototype.acquire);
      const purpose = options.label === undefined ? NO_PURPOSE : { kind: undefined, label: options.label };
      const wanted = chargeFor(account, amount, undefined, purpose);
      const charge = wanted.amount === 1 && wanted.asked === 1 ? account.one : wanted;
      if (recording === 2 && details !== undefined) startFollowing(details);
      const granted = tryAdmit(charge)
        ? Promise.resolve(handOver(new Permit(account, charge.amount, details), details))
        : waitInLine(charge, options, purpose, grantPermit, details);
      return followed(granted, details);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Takes a permit if it can be had at once without overtaking anybody, else undefined. Throws RangeError for what is no amount, ClosedError. */
  tryAcquire(amount = 1): Permit | undefined {
    const account = this.#account;
    if (takeCalmly(account, amount)) return new Permit(account, amount, undefined);
    return this.#tryAcquire(amount);
  }

  #tryAcquire(amount: number): Permit | undefined {
    const account = this.#account;
    requireAmount(amount, 'amount');
    account.requireOpen();
    const taken = account.admissible(amount, undefined);
    if (typeof taken !== 'number') return undefined;
    const charge = new Charge(account, taken, undefined);
    return tryAdmit(charge) ? new Permit(account, taken, this.#detailsFor(undefined, Budget.prototype.tryAcquire)) : undefined;
  }

  /**
   * Takes a permit within this job, reclaiming if the budget is full, or throws BudgetExceededError. It cannot wait for its turn:
   * it may overtake a line, by at most max(8, 2 %) of the capacity outstanding.
   */
  acquireSync(amount = 1, options: LabelOptions = NOTHING): Permit {
    const account = this.#account;
    if (options === NOTHING && takeCalmly(account, amount)) return new Permit(account, amount, undefined);
    requireAmount(amount, 'amount');
    const details = this.#detailsFor(options.label, Budget.prototype.acquireSync);
    const purpose = { kind: undefined, label: options.label };
    const charge = chargeFor(account, amount, undefined, purpose);
    admitSync(charge, purpose);
    // Taken ahead of a line, it must say so when it comes back: the record keeps the charge as it is.
    const kept = charge.ahead ? (details ?? new Details()) : details;
    if (kept !== undefined) kept.charge = charge;
    return new Permit(account, charge.amount, kept);
  }

  /** Counts what exists already: never waits, never fails for want of room, and may leave `available` negative. Throws RangeError for what is no amount. */
  reserve(amount: number, options: LabelOptions = NOTHING): Permit {
    requireAmount(amount, 'amount');
    this.#account.requireOpen();
    this.#account.take(amount);
    return new Permit(this.#account, amount, this.#detailsFor(options.label, Budget.prototype.reserve));
  }

  /** Changes the capacity. Nothing is revoked: `available` may be negative until permits come back. Waiters that no longer fit are rejected. */
  resize(capacity: number): void {
    resize(this.#account, requireCapacity(capacity));
  }

  /** Names something that can give capacity back when the budget, or one above it, is full; until the registration is disposed. */
  addReclaimer(reclaimer: Reclaimer): Disposable {
    if (typeof reclaimer?.reclaimable !== 'function' || typeof reclaimer.reclaim !== 'function') {
      throw new TypeError(`Expected a reclaimer with \`name\`, \`reclaimable()\` and \`reclaim(amount)\`, got ${show(reclaimer)}`);
    }
    const entry: Reclaimer = { name: String(reclaimer.name), reclaimable: () => reclaimer.reclaimable(), reclaim: (amount) => reclaimer.reclaim(amount) };
    const each = (visit: (account: Account) => void): void => {
      for (let account: Account | undefined = this.#account; account !== undefined; account = account.parent) visit(account);
    };
    each((account) => account.reclaimers.add(entry));
    return { [Symbol.dispose]: () => each((account) => account.reclaimers.delete(entry)) };
  }

  stats(): BudgetStats {
    const { waiting, peak, reclaimed } = this.#account;
    const capacity = this.#account.capacity();
    const used = this.#account.total();
    return { capacity, used, available: capacity - used, waiting, peak, reclaimed };
  }

  /** Closes it: those who wait, and later acquires, get ClosedError; permits that are held can still be given back. */
  dispose(): void {
    const account = this.#account;
    if (account.closed) return;
    closeAccount(account, () => new ClosedError(`Budget '${account.name}' was disposed while this acquire waited in line.`));
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #detailsFor(label: string | undefined, below: Function): Details | undefined {
    return detailsFor(label, below, this.#account.used >= this.#account.calm);
  }
}

/** Stands in for the shared symbol where a type needs a name for it. */
declare const accountKey: unique symbol;

/** The account of a budget, of whichever copy of the package. Throws TypeError for what is no budget. */
export function accountOf(budget: Budget): Account {
  const account: unknown = (budget as unknown as { [key: symbol]: unknown } | undefined)?.[shareKey];
  if (isAccount(account)) return account;
  throw new TypeError(`Expected \`budget\` to be a Budget, got ${show(budget)}`);
}

function isAccount(value: unknown): value is Account {
  return typeof (value as Account | undefined)?.refund === 'function' && typeof (value as Account).admissible === 'function';
}

function makeAccount(options: BudgetOptions, parent: Account | undefined): Account {
  return new Account({ ...requireOptions(options), parent, capacity: requireCapacity(options.capacity) });
}

/** The options that all sorts of budgets have, or a TypeError that says what was expected. */
export function requireOptions(options: Omit<BudgetOptions, 'capacity'>): { name: string; unit: string; oversize: Oversize; advice: string | undefined } {
  const { name, unit = 'permit', oversize = 'reject', advice } = options ?? {};
  if (typeof name !== 'string' || name === '') throw new TypeError(`Expected \`name\` to be a text that names the budget, got ${show(name)}`);
  if (oversize !== 'reject' && oversize !== 'alone') throw new TypeError(`Expected \`oversize\` to be 'reject' or 'alone', got ${show(oversize)}`);
  return { name, unit, oversize, advice };
}

/** The fast path: a root budget with nobody in line, far from full, where no line is to be recorded. */
function takeCalmly(account: Account, amount: number): boolean {
  if (!Number.isSafeInteger(amount) || amount <= 0) return false;
  const used = account.used + amount;
  if (used > account.calm || !account.quiet || recording !== 0) return false;
  account.used = used;
  if (used > account.peak) account.peak = used;
  return true;
}

/** Options of a budget that belongs to the process. */
export interface ProcessBudgetOptions {
  /** Names it within the process: the same name is the same count, for all copies of the package. */
  name: string;
  unit?: string | undefined;
  oversize?: Oversize | undefined;
  /** The budget that pays too, as that of a child does. */
  parent?: Budget | undefined;
  /** Looked up at the first use, not at import. */
  capacity: () => number;
}

/**
 * The process-wide budget of a name: what it counts belongs to the process, so duplicate copies of a package share one count. The
 * first to name it decides its capacity, which is looked up at the first use.
 */
export function processBudget(options: ProcessBudgetOptions): Budget {
  let account = shared.accounts.get(options.name);
  if (account === undefined) {
    const find = (): number => requireCapacity(options.capacity());
    const { name, unit = 'permit', oversize = 'reject' } = options;
    const parent = options.parent === undefined ? undefined : accountOf(options.parent);
    account = new Account({ name, unit, oversize, parent, capacity: find });
    shared.accounts.set(options.name, account);
  }
  return new Budget(account as unknown as BudgetOptions);
}
