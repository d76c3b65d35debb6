/**
 * Idle things that hold permits: what a full budget takes back first, least recently used first, across all pools and caches on it.
 * A source is known by a weak reference: a pool that was forgotten is found by what it holds, like anything else.
 */
import type { ResourceRecord } from '../leaks/record.ts';
import type { Account, Charge } from './account.ts';
import { heldBy } from './holders.ts';
import { firstIn, lackingRoom } from './line.ts';

/** A pool or a cache, as a full budget sees it. */
export interface IdleSource {
  readonly name: string;
  /** The stamp of what has been idle for longest, of what holds something of an account; undefined where nothing does. Without an account: of all. */
  oldestOn(account: Account | undefined): number | undefined;
  /** Releases that. */
  evictOldest(account: Account | undefined): Eviction;
}

/** What an eviction gives back to the account that asked for it: now, or once `done` has resolved (it never rejects). */
export interface Eviction {
  readonly amount: number;
  readonly done: Promise<void> | undefined;
}

let last = 0;

/** One order over all sources of this copy: the higher, the later it became idle. */
export function nextStamp(): number {
  return ++last;
}

/** All sources, also those whose things cost nothing that a budget counts. */
const sources = new Set<WeakRef<IdleSource>>();

/** Makes a source known, and answers the reference by which it goes. */
export function addSource(source: IdleSource): WeakRef<IdleSource> {
  const reference = new WeakRef(source);
  sources.add(reference);
  return reference;
}

/** Lets a full `account`, or one above it, evict what is idle in a source. Again: nothing. */
export function offerIdle(account: Account, reference: WeakRef<IdleSource>): void {
  for (let at: Account | undefined = account; at !== undefined; at = at.parent) at.idle.add(reference);
}

/** Takes a source back from an account and those above it, or, without one, from all that evicts everything. */
export function withdrawIdle(account: Account | undefined, reference: WeakRef<IdleSource>): void {
  if (account === undefined) sources.delete(reference);
  for (let at = account; at !== undefined; at = at.parent) at.idle.delete(reference);
}

/** The source of what has been idle for longest on an account; without one, of all there is. */
export function leastRecent(account: Account | undefined): IdleSource | undefined {
  const references = account === undefined ? sources : (account.idle as Set<WeakRef<IdleSource>>);
  let first: IdleSource | undefined;
  let stamp = Number.POSITIVE_INFINITY;
  for (const reference of references) {
    const source = reference.deref();
    if (source === undefined) references.delete(reference);
    const oldest = source?.oldestOn(account);
    if (oldest === undefined || oldest >= stamp) continue;
    first = source;
    stamp = oldest;
  }
  return first;
}

/** True when somebody in line lacks room that a record holds, where `missing` says that more is missing than is on its way. */
export function isWaitedFor(record: ResourceRecord, missing: (account: Account, amount: number) => number): boolean {
  for (let charge = record.details?.charge as Charge | undefined; charge !== undefined; charge = charge.next) {
    const { root } = charge.account;
    for (const line of root.lines) {
      const wanted = firstIn(line)?.waiter.wanted;
      const lack = wanted === undefined ? undefined : lackingRoom(wanted);
      if (lack !== undefined && heldBy(record, lack.account) > 0 && missing(lack.account, lack.amount) > 0) return true;
    }
  }
  return false;
}
