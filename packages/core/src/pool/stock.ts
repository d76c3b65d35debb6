/** The stock of a pool: all that exists, what is idle of it, and how it goes. It knows no slots and no borrowers. */
import type { Account, Charge } from '../budget/account.ts';
import { heldBy } from '../budget/holders.ts';
import { addSource, isWaitedFor, nextStamp, offerIdle, withdrawIdle, type Eviction, type IdleSource } from '../budget/idle.ts';
import { recordOf, type AsyncHandle } from '../handle/async-handle.ts';
import { isThenable } from '../handle/lifecycle.ts';
import { reportFailure, type Failing } from '../leaks/failures.ts';
import { now } from '../runtime/host.ts';
import { BUSY, IDLE, LEASED, LEAVING, type Entry } from './entry.ts';
import type { Settings } from './options.ts';
import { List, Shelf } from './shelf.ts';

const NO_KEY = '';
const LET_GO = { what: 'release', after: 'its pool let it go' } as const;

export class Stock<T, Request> implements IdleSource {
  readonly name: string;
  readonly entries: Set<Entry<T>> = new Set();
  /** All idle, in the order in which they became so. */
  readonly idle: List<Entry<T>> = new List();
  /** The shelf of a pool without keys; its idle are those of the pool. */
  readonly #only: Shelf<T, Request> | undefined;
  readonly #shelves: Map<string, Shelf<T, Request>> = new Map();
  readonly #newestFirst: boolean;
  /** Checks ask how long one has been idle. */
  readonly #notesTime: boolean;
  /** Tells the pool that one has been released. */
  readonly #gone: () => void;
  readonly #accounts: Set<Account> = new Set();
  readonly #reference: WeakRef<IdleSource>;
  /** Of all that exist: the set's own size, where it is quick to read. */
  count = 0;
  /** Being released. */
  leaving = 0;
  released = 0;

  constructor({ name, newestFirst, checkAfter }: Settings, isKeyed: boolean, gone: () => void) {
    this.name = name;
    this.#notesTime = checkAfter > 0;
    this.#only = isKeyed ? undefined : new Shelf(NO_KEY);
    this.#newestFirst = newestFirst;
    this.#gone = gone;
    this.#reference = addSource(this);
  }

  /** What exists and is not on its way out. */
  get size(): number {
    return this.count - this.leaving;
  }

  /** Being checked or reset. */
  get busy(): number {
    let busy = 0;
    for (const { state } of this.entries) if (state === BUSY) busy++;
    return busy;
  }

  oldestOn(account: Account | undefined): number | undefined {
    return this.#oldestOn(account)?.stamp;
  }

  /** Resources of a kind may cost different budgets: one that gives nothing to this one would go in vain. */
  #oldestOn(account: Account | undefined): Entry<T> | undefined {
    let link = this.idle.first;
    if (account !== undefined) while (link !== undefined && this.#held(link.member, account) === 0) link = link.after;
    return link?.member;
  }

  #held(entry: Entry<T>, account: Account): number {
    const record = recordOf(entry.handle);
    return record === undefined ? 0 : heldBy(record, account);
  }

  /** Releases the idle one that has waited for longest, for a budget that is full. */
  evictOldest(account: Account | undefined): Eviction {
    const entry = this.#oldestOn(account);
    if (entry === undefined) return { amount: 0, done: undefined };
    const amount = account === undefined ? 0 : this.#held(entry, account);
    const done = this.release(entry);
    return { amount, done: done === undefined ? undefined : Promise.resolve(done) };
  }

  /** The shelf of a key, made if there is none. */
  shelf(key: string | undefined): Shelf<T, Request> {
    if (this.#only !== undefined) return this.#only;
    const name = key as string;
    let shelf = this.#shelves.get(name);
    if (shelf === undefined) this.#shelves.set(name, (shelf = new Shelf(name)));
    return shelf;
  }

  get shelves(): Iterable<Shelf<T, Request>> {
    return this.#only === undefined ? this.#shelves.values() : [this.#only];
  }

  /** Forgets the shelf of a key that nothing is on and nobody waits at. */
  tidy(shelf: Shelf<T, Request>): void {
    if (shelf !== this.#only && shelf.isEmpty) this.#shelves.delete(shelf.key);
  }

  add(entry: Entry<T>): void {
    this.entries.add(entry);
    this.count++;
    const charges = recordOf(entry.handle)?.details?.charge as Charge | undefined;
    for (let charge = charges; charge !== undefined; charge = charge.next) {
      if (this.#accounts.has(charge.account)) continue;
      this.#accounts.add(charge.account);
      offerIdle(charge.account, this.#reference);
    }
  }

  /** Takes an idle one off the shelf of a key, to be lent. */
  take(key: string | undefined): Entry<T> | undefined {
    // Looked up here, not by a function: each lease comes this way.
    const list = this.#only === undefined ? this.#shelves.get(key as string)?.idle : this.idle;
    if (list === undefined) return undefined;
    const entry = (this.#newestFirst ? list.last : list.first)?.member;
    if (entry !== undefined) this.#unshelve(entry, LEASED);
    return entry;
  }

  /** The same, of those that suit. */
  takeOne(key: string | undefined, suits: (entry: Entry<T>) => boolean): Entry<T> | undefined {
    const list = this.#only === undefined ? this.#shelves.get(key as string)?.idle : this.idle;
    const step = this.#newestFirst ? 'before' : 'after';
    for (let link = this.#newestFirst ? list?.last : list?.first; link !== undefined; link = link[step]) {
      if (!suits(link.member)) continue;
      this.#unshelve(link.member, LEASED);
      return link.member;
    }
    return undefined;
  }

  /** Puts one on its shelf. */
  put(entry: Entry<T>): void {
    entry.state = IDLE;
    entry.stamp = nextStamp();
    if (this.#notesTime) entry.idleAt = now();
    this.idle.add(entry.byAge);
    if (this.#only === undefined) this.shelf(entry.key).idle.add(entry.byKey);
    // Of those on their way out, some may be what is waited for: then the budgets ask again themselves.
    if (this.#accounts.size > 0 && this.leaving === 0 && this.#isWaitedFor(entry)) void this.release(entry);
  }

  #isWaitedFor({ handle }: Entry<T>): boolean {
    const record = recordOf(handle);
    return record !== undefined && isWaitedFor(record, (account, amount) => account.missing(amount));
  }

  #unshelve(entry: Entry<T>, state: typeof LEASED | typeof LEAVING): void {
    entry.state = state;
    this.idle.remove(entry.byAge);
    if (this.#only !== undefined) return;
    const shelf = this.shelf(entry.key);
    shelf.idle.remove(entry.byKey);
    this.tidy(shelf);
  }

  /** Releases one, idle or not: a promise where that takes its time. What it throws is reported; it never rejects. */
  release(entry: Entry<T>): Promise<void> | undefined {
    if (entry.state === IDLE) this.#unshelve(entry, LEAVING);
    else entry.state = LEAVING;
    this.leaving++;
    let pending: PromiseLike<unknown> | undefined;
    const { handle } = entry;
    try {
      const result = disposalOf(handle);
      if (isThenable(result)) pending = result;
    } catch (error) {
      this.report(handle, error);
    }
    if (pending === undefined) {
      this.forget(entry);
      this.#gone();
      return undefined;
    }
    return Promise.resolve(pending)
      .catch((error: unknown) => this.report(handle, error))
      .then(() => {
        this.forget(entry);
        this.#gone();
      });
  }

  /** Counts one no more that has left. */
  forget(entry: Entry<T>): void {
    if (entry.state === LEAVING) this.leaving--;
    entry.state = LEAVING;
    this.entries.delete(entry);
    this.count--;
    this.released++;
  }

  /** Tells of what a release, or a reset, threw. */
  report(handle: AsyncHandle<T>, error: unknown, failing: Failing = LET_GO): void {
    const record = recordOf(handle);
    if (record !== undefined) reportFailure(record, error, failing);
  }

  /** Is no longer to be found by budgets: the pool is closed, and nothing is in it. */
  withdraw(): void {
    withdrawIdle(undefined, this.#reference);
    for (const account of this.#accounts) withdrawIdle(account, this.#reference);
  }
}

/** Disposes a handle, within the call where it can be: by the methods that its class may have of its own. */
export function disposalOf(handle: AsyncHandle<unknown>): unknown {
  return 'dispose' in handle ? (handle as unknown as { dispose(): unknown }).dispose() : handle.disposeAsync();
}
