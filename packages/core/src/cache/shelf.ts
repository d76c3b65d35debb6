/**
 * The shelf of a cache: its idle entries, least recently used first, as budgets see them. What stands here is held by nobody but the
 * cache, so a full budget, or a key that needs the room, may evict it.
 */
import type { Account, Charge } from '../budget/account.ts';
import { heldBy } from '../budget/holders.ts';
import { addSource, isWaitedFor, nextStamp, offerIdle, withdrawIdle, type Eviction, type IdleSource } from '../budget/idle.ts';
import type { AsyncHandle } from '../handle/async-handle.ts';
import type { ResourceRecord } from '../leaks/record.ts';
import type { Count } from './count.ts';
import type { Entry } from './entry.ts';
import type { Releases } from './releases.ts';
import { Ticks } from './ticks.ts';

const NOTHING: Eviction = { amount: 0, done: undefined };

export class Shelf<H extends AsyncHandle<unknown>> implements IdleSource {
  readonly name: string;
  size = 0;
  #first: Entry<H> | undefined = undefined;
  #last: Entry<H> | undefined = undefined;
  readonly #count: Count;
  readonly #releases: Releases;
  readonly #evict: (entry: Entry<H>) => Promise<void> | undefined;
  readonly #ticks: Ticks | undefined;
  readonly #keepsNothing: boolean;
  readonly #reference: WeakRef<IdleSource>;
  /** The accounts that were offered what is here. */
  readonly #offered = new Set<Account>();

  constructor(count: Count, releases: Releases, idleTimeout: number, evict: (entry: Entry<H>) => Promise<void> | undefined) {
    this.name = count.name;
    this.#count = count;
    this.#releases = releases;
    this.#evict = evict;
    this.#keepsNothing = idleTimeout === 0;
    this.#ticks = idleTimeout > 0 && idleTimeout < Number.POSITIVE_INFINITY ? new Ticks(idleTimeout, () => this.#evictExpired()) : undefined;
    this.#reference = addSource(this);
  }

  oldestOn(account: Account | undefined): number | undefined {
    return this.#oldestOn(account)?.stamp;
  }

  /** Entries of a kind may cost different budgets: one that gives nothing to this one would go in vain. */
  #oldestOn(account: Account | undefined): Entry<H> | undefined {
    let entry = this.#first;
    if (account !== undefined) while (entry?.own !== undefined && heldBy(entry.own.record, account) === 0) entry = entry.after;
    return entry;
  }

  /** Puts an open entry here that nobody uses, or evicts it at once where somebody waits for what it holds. */
  put(entry: Entry<H>): void {
    const { record } = entry.own as { record: ResourceRecord };
    entry.stamp = nextStamp();
    entry.before = this.#last;
    if (this.#last === undefined) this.#first = entry;
    else this.#last.after = entry;
    this.#last = entry;
    this.size++;
    for (let charge = record.details?.charge as Charge | undefined; charge !== undefined; charge = charge.next) this.#offer(charge.account);
    if (this.#keepsNothing || this.#isWaitedFor(record)) void this.#evict(entry);
    else if (this.#ticks !== undefined) {
      entry.tick = this.#ticks.count;
      this.#ticks.start();
    }
  }

  /** Takes an entry away from here, if it is here. */
  take(entry: Entry<H>): void {
    const { before, after } = entry;
    if (before === undefined && this.#first !== entry) return;
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    entry.before = entry.after = undefined;
    this.size--;
  }

  evictOldest(account: Account | undefined): Eviction {
    // The line of `max` knows exactly how many it needs, and which are on their way.
    if (account === this.#count && account.waiting > 0 && this.#missingFor(account, account.waiting) <= 0) return NOTHING;
    const entry = this.#oldestOn(account);
    if (entry?.own === undefined) return NOTHING;
    const amount = account === undefined ? 0 : heldBy(entry.own.record, account);
    return { amount, done: this.#evict(entry) };
  }

  /** Makes room for those who wait for `max`, by what is idle here: as many as are needed. */
  evictForLine(): void {
    const count = this.#count;
    while (this.#first !== undefined && count.waiting > 0 && this.#missingFor(count, count.waiting) > 0) void this.#evict(this.#first);
  }

  /** Is no source any more. */
  close(): void {
    this.#ticks?.stop();
    withdrawIdle(undefined, this.#reference);
    for (const account of this.#offered) withdrawIdle(account, this.#reference);
    this.#offered.clear();
  }

  #offer(account: Account): void {
    this.#offered.add(account);
    offerIdle(account, this.#reference);
  }

  #isWaitedFor(record: ResourceRecord): boolean {
    return isWaitedFor(record, (account, amount) => this.#missingFor(account, account === this.#count ? account.waiting : amount));
  }

  #missingFor(account: Account, amount: number): number {
    return account.missing(amount) - this.#releases.promisedTo(account);
  }

  #evictExpired(): boolean {
    const ticks = this.#ticks as Ticks;
    while (this.#first !== undefined && ticks.havePassedSince(this.#first.tick)) void this.#evict(this.#first);
    return this.#first !== undefined;
  }
}
