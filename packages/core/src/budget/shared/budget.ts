/** The budget that all threads of a process share. */
import { host } from '../../runtime/host.ts';
import { shared } from '../../runtime/protocol.ts';
import { Account, type Oversize } from '../account.ts';
import type { WaitOptions } from '../admit.ts';
import { requireCapacity } from '../amounts.ts';
import { Budget, requireOptions, type BudgetOptions, type LabelOptions } from '../budget.ts';
import { Permit } from '../permit.ts';
import { SharedAccount, type FindCapacity, type SharedAccountOptions } from './account.ts';
import { lookForDead, watchDeaths } from './deaths.ts';
import type { Memory } from './memory.ts';
import { requireSame, UNKNOWN } from './names.ts';
import { serve } from './serve.ts';
import { takeSeat } from './thread.ts';

/** Options of a SharedBudget. */
export interface SharedBudgetOptions {
  /** Names it within the process: the same name is the same count, in all threads and for all copies of the package. */
  name: string;
  /** A whole number from 0 up, or Infinity; or how to find it at the first use, told what is in use already. */
  capacity: number | FindCapacity;
  /** What is counted, in the singular (`descriptor`); `bytes` is shown in KiB, MiB …. Default `permit`. */
  unit?: string | undefined;
  /** What becomes of a request larger than the capacity: `reject` (default) refuses it at once, `alone` lets it wait for the whole capacity and run alone. */
  oversize?: Oversize | undefined;
  /** How there may be more of it, as the errors of a full budget say after "or". Default: to raise the capacity. */
  advice?: string | undefined;
}

/**
 * Counts what belongs to the process (descriptors, native bytes) once for all its threads. Each thread borrows in chunks and gives
 * back what is idle as soon as another waits; what a worker held when it ended comes back.
 *
 * A worker finds it when it was started after a thread above it had made a shared budget (to import `@handback/fs` does). `capacity`, `used` and `available` of
 * `stats()` are those of all threads; `waiting`, `peak` and `reclaimed` are this thread's. Priorities order the waiters of a thread;
 * between threads the order is that of arrival. Where threads cannot share (browsers), each counts alone.
 */
export class SharedBudget extends Budget {
  readonly #account: SharedAccount | undefined;
  // For hosts where this thread counts alone.
  readonly #find: FindCapacity | undefined;
  #wasSet = false;

  /** Throws TypeError or RangeError for options that make no budget, and RangeError for a capacity that differs from the one declared first. */
  constructor(options: SharedBudgetOptions) {
    const account = accountFor(options);
    super(account as unknown as BudgetOptions);
    this.#account = isShared(account) ? account : undefined;
    this.#find = typeof options.capacity === 'function' ? options.capacity : undefined;
  }

  override acquire(amount = 1, options?: WaitOptions): Promise<Permit> {
    const account = this.#account;
    if (options === undefined && account?.takeCalmly(amount) === true) return Promise.resolve(new Permit(account, amount, undefined));
    return super.acquire(amount, options);
  }

  override tryAcquire(amount = 1): Permit | undefined {
    const account = this.#account;
    if (account?.takeCalmly(amount) === true) return new Permit(account, amount, undefined);
    return super.tryAcquire(amount);
  }

  /** Takes a permit within this job, or throws BudgetExceededError. It may block up to 50 ms, for other threads to give back what is idle. */
  override acquireSync(amount = 1, options?: LabelOptions): Permit {
    const account = this.#account;
    if (options === undefined && account?.takeCalmly(amount) === true) return new Permit(account, amount, undefined);
    return super.acquireSync(amount, options);
  }

  /** Looks the capacity up again where it was given by a function, unless `resize` has set another; answers what is in force. */
  refresh(): number {
    const account = this.#account;
    if (account !== undefined) return account.lookAgain();
    if (this.#find !== undefined && !this.#wasSet) super.resize(requireCapacity(this.#find(this.stats().used)));
    return this.stats().capacity;
  }

  override resize(capacity: number): void {
    super.resize(capacity);
    this.#wasSet = true;
  }

  /** Closes it for this thread: those who wait here, and later acquires, get ClosedError; other threads keep it. */
  override dispose(): void {
    super.dispose();
    if (this.#account === undefined) return;
    this.#account.calm = -1;
    this.#account.giveIdle();
  }
}

function accountFor(options: SharedBudgetOptions): Account {
  const required = requireOptions(options);
  const { name } = required;
  const { capacity } = options;
  const declared = typeof capacity === 'function' ? capacity : requireCapacity(capacity);
  let account = shared.accounts.get(name) as Account | undefined;
  if (account === undefined) {
    account = makeAccount({ ...required, capacity: declared });
    shared.accounts.set(name, account);
  } else if (isShared(account)) {
    requireSame(account.seat.memory, account.budget, name, typeof declared === 'number' ? declared : UNKNOWN);
  }
  return account;
}

let watches = false;

function makeAccount(options: SharedAccountOptions): Account {
  const seat = takeSeat((claimant) => lookForDead(claimant, true));
  const { capacity } = options;
  if (seat === undefined)
    return new Account({ ...options, parent: undefined, capacity: typeof capacity === 'number' ? capacity : () => requireCapacity(capacity(0)) });
  if (typeof capacity === 'number') warnIfApart(seat.memory, options.name);
  if (!watches) watchDeaths(seat);
  watches = true;
  const account = new SharedAccount(options, seat);
  serve(account, seat);
  return account;
}

/** A worker that inherited nothing has no others to share with, whatever they do. */
function warnIfApart({ thread, parent }: Memory, name: string): void {
  if (thread === 0 || parent >= 0) return;
  host.process?.emitWarning?.(
    `Budget '${name}' counts in worker ${thread} alone: the thread that started it had made no SharedBudget before. Make it there first.`,
    { type: 'HandbackWarning', code: 'HANDBACK_THREADS' },
  );
}

/** Of whichever copy of the package. */
function isShared(account: Account): account is SharedAccount {
  return typeof (account as SharedAccount).takeCalmly === 'function';
}
