/**
 * Eviction, the first step of reclaim: what is idle goes, least recently used first, then the reclaimers are asked one after the other;
 * each for what is missing by then, so that no more goes than is needed.
 */
import { host } from '../runtime/host.ts';
import { shared } from '../runtime/protocol.ts';
import type { Account, Reclaimer } from './account.ts';
import { leastRecent, type Eviction, type IdleSource } from './idle.ts';

/** Reclaimers whose promise has not settled: they are at it, and asking again would evict more than is needed. */
const busy = new WeakSet<Reclaimer>();

/** How much is missing; once it is more than `enough`, it matters no more by how much. */
export type Missing = (enough: number) => number;

/** What is remembered from one eviction to the next. */
export class Round {
  /** What was evicted and has not come back yet, by the account that it was evicted for. */
  readonly coming: Map<Account | undefined, number> = new Map();
  /** Reclaimers that were asked, and gave nothing. */
  readonly futile: Set<Reclaimer> = new Set();
}

/** Evicts what is idle, then asks one reclaimer after the other, while something is missing; yields the promises of those that take their time. */
export function* evictions(account: Account, missing: Missing, round: Round = new Round()): Generator<Promise<unknown>> {
  yield* idleEvictions(account, missing, round);
  for (const reclaimer of [...account.reclaimers]) {
    if (missing(0) <= 0) return;
    // One that was asked before may have disposed of this one.
    if (!account.reclaimers.has(reclaimer) || busy.has(reclaimer) || round.futile.has(reclaimer)) continue;
    const answer = ask(account, reclaimer, missing, round);
    if (answer !== undefined) yield answer;
  }
}

/** Evicts one idle thing after the other. What is on its way counts here, or more would be evicted than needed. */
export function* idleEvictions(account: Account | undefined, missing: Missing, { coming }: Round = new Round()): Generator<Promise<unknown>> {
  const promised = (): number => coming.get(account) ?? 0;
  let keeps = false;
  while (!keeps) {
    const releases: Promise<unknown>[] = [];
    for (let source = leastRecent(account); source !== undefined && missing(promised()) > promised(); source = leastRecent(account)) {
      const oldest = source.oldestOn(account);
      const { amount, done } = evictOldest(account, source);
      if (done !== undefined) {
        coming.set(account, promised() + amount);
        releases.push(done.finally(() => coming.set(account, promised() - amount)));
      }
      // A source that keeps what it was to evict would be asked for ever.
      keeps = source.oldestOn(account) === oldest;
      if (keeps) break;
    }
    if (releases.length === 0) return;
    // All at once: each takes its time.
    yield Promise.all(releases);
  }
}

function evictOldest(account: Account | undefined, source: IdleSource): Eviction {
  shared.reclaiming = true;
  try {
    const eviction = source.evictOldest(account);
    if (account !== undefined) countReclaimed(account, eviction.amount);
    return eviction;
  } finally {
    shared.reclaiming = false;
  }
}

function ask(account: Account, reclaimer: Reclaimer, missing: Missing, round: Round): Promise<void> | undefined {
  shared.reclaiming = true;
  try {
    const idle = reclaimer.reclaimable();
    if (!(idle > 0)) return undefined;
    const amount = Math.min(missing(idle), idle);
    // To be looked at may have made it give way.
    if (amount <= 0) return undefined;
    const before = account.refunded;
    // Until it has given something.
    round.futile.add(reclaimer);
    const given = (): void => void (account.refunded > before && round.futile.delete(reclaimer));
    const answer = reclaimer.reclaim(amount) as number | PromiseLike<number> | undefined | null;
    if (typeof (answer as PromiseLike<number> | undefined | null)?.then !== 'function') {
      countReclaimed(account, answer as number);
      given();
      return undefined;
    }
    busy.add(reclaimer);
    return finished(account, reclaimer, answer as PromiseLike<number>).then(given);
  } catch (error) {
    complain(reclaimer, error);
    return undefined;
  } finally {
    shared.reclaiming = false;
  }
}

/** Never rejects. */
async function finished(account: Account, reclaimer: Reclaimer, answer: PromiseLike<number>): Promise<void> {
  try {
    countReclaimed(account, await answer);
  } catch (error) {
    complain(reclaimer, error);
  } finally {
    busy.delete(reclaimer);
  }
}

/** What is no amount (a reclaimer may answer anything) is not counted. */
export function countReclaimed(account: Account, given: number): void {
  if (Number.isFinite(given) && given > 0) account.reclaimed += given;
}

function complain(reclaimer: Reclaimer, error: unknown): void {
  host.process?.emitWarning?.(`The reclaimer '${reclaimer.name}' threw: ${String(error)}`, { type: 'HandbackWarning', code: 'HANDBACK_RECLAIMER' });
}
