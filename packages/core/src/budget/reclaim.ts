/**
 * Reclaim: winning capacity back without the holder's doing, when a budget is full. The ladder, each step only if the one before
 * was not enough: evict what is idle → let due finalizers run (one turn) → a cheap collection and a sweep → a full one, at most a
 * sixth of the time → again after 1, 2, 4 … 256 ms, while someone waits. One ladder runs at a time, shared by all who wait.
 *
 * After Java's Bits.reserveMemory (the retries with growing sleeps), .NET's HandleCollector (collect on count, the cheap generation
 * first) and AddMemoryPressure (the duty limit).
 */
import { forEachRecord } from '../leaks/ledger.ts';
import { isOpen, type ResourceRecord } from '../leaks/record.ts';
import { sweep } from '../memory/collect.ts';
import { collector, fullIsDue } from '../runtime/collector.ts';
import { host, now } from '../runtime/host.ts';
import { shared } from '../runtime/protocol.ts';
import { idlePause, pause, turn } from '../runtime/turn.ts';
import type { Account, Charge, Reclaimer } from './account.ts';
import { heldBy } from './holders.ts';
import { leastRecent, type Eviction, type IdleSource } from './idle.ts';
import { lackingRoom } from './line.ts';
import { anyoneWaits, firstWaiting } from './wait.ts';

const LONGEST_PAUSE = 256;
const LONGEST_SEARCH_PAUSE = 1_024;
/** How long the promises of reclaimers are awaited, before the next ones are asked without waiting. */
const PATIENCE = 100;

/** True while a reclaimer's own code runs, on behalf of whichever copy: an acquire there never starts another reclaim. */
export function isReclaiming(): boolean {
  return shared.reclaiming;
}

/** Reclaimers whose promise has not settled: they are at it, and asking again would evict more than is needed. */
const busy = new WeakSet<Reclaimer>();

/** Evicts what is idle, then asks one reclaimer after the other, while something is missing; yields the promises of those that take their time. */
function* evictions(account: Account, missing: () => number): Generator<Promise<void>> {
  yield* idleEvictions(account, missing);
  for (const reclaimer of [...account.reclaimers]) {
    const amount = missing();
    if (amount <= 0) return;
    // One that was asked before may have disposed of this one.
    if (!account.reclaimers.has(reclaimer) || busy.has(reclaimer)) continue;
    const answer = ask(account, reclaimer, amount);
    if (answer !== undefined) yield answer;
  }
}

/** Evicts one idle thing after the other. What is on its way counts here, or more would be evicted than needed. */
function* idleEvictions(account: Account | undefined, missing: () => number): Generator<Promise<void>> {
  let promised = 0;
  for (let source = leastRecent(account); source !== undefined && missing() > promised; source = leastRecent(account)) {
    const oldest = source.oldestOn(account);
    const { amount, done } = evictOldest(account, source);
    if (done !== undefined) {
      promised += amount;
      yield done.finally(() => (promised -= amount));
    }
    // A source that keeps what it was to evict would be asked for ever.
    if (source.oldestOn(account) === oldest) return;
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

/** Evicts idle things until `amount` fits. What reclaimers promise for later does not count. */
function evict(account: Account, amount: number): void {
  for (const promise of evictions(account, () => account.missing(amount))) void promise;
}

/** The same for those who wait, as long as any of them lacks room there: with patience for each promise, or more would be evicted than needed. */
async function evictFor(wanted: Wanted, account: Account): Promise<void> {
  const missing = (): number => {
    const amount = lacks(wanted()).get(account);
    return amount === undefined ? 0 : account.missing(amount);
  };
  let patience: Promise<void> | undefined;
  for (const promise of evictions(account, missing)) await Promise.race([promise, (patience ??= pause(PATIENCE))]);
}

/** Evicts everything idle, on whatever budget or on none: for pressure that no budget counts. */
export function evictIdle(): void {
  for (const promise of idleEvictions(undefined, () => Number.MAX_SAFE_INTEGER)) void promise;
  for (const account of shared.accounts.values()) for (const promise of evictions(account as Account, () => Number.MAX_SAFE_INTEGER)) void promise;
}

function ask(account: Account, reclaimer: Reclaimer, missing: number): Promise<void> | undefined {
  shared.reclaiming = true;
  try {
    const idle = reclaimer.reclaimable();
    if (!(idle > 0)) return undefined;
    const answer = reclaimer.reclaim(Math.min(missing, idle)) as number | PromiseLike<number> | undefined | null;
    if (typeof (answer as PromiseLike<number> | undefined | null)?.then !== 'function') {
      countReclaimed(account, answer as number);
      return undefined;
    }
    busy.add(reclaimer);
    return finished(account, reclaimer, answer as PromiseLike<number>);
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
function countReclaimed(account: Account, given: number): void {
  if (Number.isFinite(given) && given > 0) account.reclaimed += given;
}

function complain(reclaimer: Reclaimer, error: unknown): void {
  host.process?.emitWarning?.(`The reclaimer '${reclaimer.name}' threw: ${String(error)}`, { type: 'HandbackWarning', code: 'HANDBACK_RECLAIMER' });
}

/** True when something on the account could have been forgotten: what is in use, or still opening, could not. */
function mayHaveLeaked(account: Account): boolean {
  let possible = false;
  forEachRecord((record) => {
    if (!possible && isOpen(record) && record.uses === 0 && heldInAll(record, account) > 0) possible = true;
  });
  return possible || shared.copies.length > 1;
}

/** What a record and those it was acquired under hold: a parent that was disposed waits for a child, which may be what was forgotten. */
function heldInAll(record: ResourceRecord, account: Account): number {
  let amount = 0;
  for (let at: ResourceRecord | undefined = record; at !== undefined; at = at.details?.parent) amount += heldBy(at, account);
  return amount;
}

/** Collects and sweeps; what was won is counted for the account. Answers whether anything was found within the job. */
function collect(account: Account, depth: 'minor' | 'full'): boolean {
  const before = account.refunded;
  const released = sweep(depth) ?? 0;
  countReclaimed(account, account.refunded - before);
  if (depth === 'full') shared.collection.freed = released > 0;
  return released > 0;
}

/** True when a synchronous full collection is worth its price: skipped only if the last one, just now, found nothing. */
function fullIsWorthwhile(): boolean {
  return shared.collection.freed || fullIsDue();
}

/**
 * Wins room for `wanted` within this job: evict, collect, sweep. It cannot wait, so what reclaimers promise for later does not
 * count, and what the calling function still holds stays.
 */
export function reclaimSync(wanted: Charge): void {
  if (shared.reclaiming) return;
  // Each pass clears one account that lacks room; a request may touch several.
  for (let passes = 0; passes < 8; passes++) {
    const lack = lackingRoom(wanted);
    if (lack === undefined) return;
    const { account, amount } = lack;
    evict(account, amount);
    if (account.missing(amount) <= 0) continue;
    if (collector() === undefined || !mayHaveLeaked(account)) return;
    collect(account, 'minor');
    // Less than half won back: what survived two cheap collections is old, and without a full one the next acquire is here again.
    const { used } = account;
    if (account.missing(amount) > 0 ? fullIsWorthwhile() : used > account.share() / 2 && fullIsDue()) collect(account, 'full');
    // What a cache had lent out, and was found to be forgotten, is idle now.
    for (const promise of idleEvictions(account, () => account.missing(amount))) void promise;
    if (account.missing(amount) > 0) return;
  }
}

/**
 * Wins room for another thread that lacks it: idle things go, and, where a depth is given, what was forgotten here is collected.
 * What reclaimers promise for later comes by itself.
 */
export function reclaimForOthers(account: Account, missing: () => number, depth: 'minor' | 'full' | undefined): void {
  if (shared.reclaiming) return;
  for (const promise of evictions(account, missing)) void promise;
  if (depth === undefined || missing() <= 0 || collector() === undefined || !mayHaveLeaked(account)) return;
  if (depth === 'minor' || fullIsDue()) collect(account, depth);
}

/**
 * The platform has run out although the budget has room: others take from it too. Idle things go, a handful more than is needed,
 * and what was forgotten is collected; the harder, the more attempts have failed.
 */
export function reclaimHarderSync(charge: Charge | undefined, attempt: number): void {
  if (shared.reclaiming) return;
  for (let each = charge; each !== undefined; each = each.next) {
    const { account, amount } = each;
    const target = account.reclaimed + amount * 4;
    for (const promise of evictions(account, () => target - account.reclaimed)) void promise;
  }
  sweep(attempt === 1 ? 'minor' : 'full');
}

/** The same, with time for releases that are due: one turn, then 1, 2, 4 … 256 ms. */
export async function reclaimHarder(charge: Charge | undefined, attempt: number): Promise<void> {
  await turn();
  if (attempt <= 2 || fullIsDue()) reclaimHarderSync(charge, attempt);
  await (attempt <= 2 ? turn() : pause(Math.min(2 ** (attempt - 3), LONGEST_PAUSE)));
}

let whenStill: () => void;

/** Names what looks at lines that a pass of reclaim has not moved. */
export function onStillLines(look: typeof whenStill): void {
  whenStill = look;
}

let running: Promise<void> | undefined;

/** Starts the ladder for all who wait, unless it runs already. */
export function startReclaim(): void {
  if (shared.reclaiming) return;
  running ??= ladder()
    .catch(async (error: unknown) => {
      host.process?.emitWarning?.(`Reclaim failed: ${String(error)}`, { type: 'HandbackWarning', code: 'HANDBACK_RECLAIM' });
      // Not at once again: those who wait would wait for ever in a loop of microtasks.
      await pause(LONGEST_PAUSE);
    })
    .finally(() => {
      running = undefined;
      // Somebody may have come between the last look and the end.
      if (anyoneWaits()) startReclaim();
    });
}

/** One reclaim for some waiters together, now: the last try before their time-out. */
export async function reclaimOnce(wanted: Wanted): Promise<void> {
  await evictForAll(wanted);
  collectForAll(wanted);
}

/** Searches for what was forgotten of an account, while somebody waits for the last of it to come back. */
export async function collectWhile(account: Account, isWanted: () => boolean): Promise<void> {
  let wait = 1;
  await turn();
  while (account.used > 0 && isWanted()) {
    if (collector() !== undefined && mayHaveLeaked(account)) {
      collect(account, 'minor');
      if (account.used > 0 && fullIsDue()) collect(account, 'full');
    }
    // For some seconds; after that it searches on for as long as something else keeps the process.
    await (wait < LONGEST_SEARCH_PAUSE ? pause(wait) : idlePause(wait));
    wait = Math.min(2 * wait, LONGEST_SEARCH_PAUSE);
  }
}

async function ladder(): Promise<void> {
  let wait = 1;
  let swept = Number.NEGATIVE_INFINITY;
  while (anyoneWaits()) {
    await evictForAll(firstWaiting);
    if (!anyoneWaits()) return;
    const grants = grantsOf();
    await turn();
    if (!anyoneWaits()) return;
    // A line that moves needs no collection, unless it has moved for long: then some of it may be forgotten all the same.
    const moves = grantsOf() !== grants && now() - swept < LONGEST_PAUSE;
    if (!moves) {
      swept = now();
      if (collectForAll(firstWaiting)) wait = 1;
      await turn();
      if (!anyoneWaits()) return;
      whenStill();
    }
    await pause(wait);
    wait = Math.min(2 * wait, LONGEST_PAUSE);
  }
}

/** What is wanted by those who still wait. */
type Wanted = () => Iterable<Charge>;

/** The accounts that lack room for what is wanted, and the most that is wanted of each at once. */
function lacks(wanted: Iterable<Charge>): Map<Account, number> {
  const amounts = new Map<Account, number>();
  for (const charge of wanted) {
    const lack = lackingRoom(charge);
    if (lack !== undefined) amounts.set(lack.account, Math.max(lack.amount, amounts.get(lack.account) ?? 0));
  }
  return amounts;
}

/** Evicts where room is lacking. Once a child has it, its parent may be what lacks it: so again, until all of them were asked. */
async function evictForAll(wanted: Wanted): Promise<void> {
  const asked = new Set<Account>();
  for (;;) {
    const next = [...lacks(wanted()).keys()].filter((account) => !asked.has(account));
    if (next.length === 0) return;
    for (const account of next) asked.add(account);
    await Promise.all(next.map((account) => evictFor(wanted, account)));
  }
}

function collectForAll(wanted: Wanted): boolean {
  let won = false;
  for (const [account, amount] of lacks(wanted())) {
    if (collector() === undefined || !mayHaveLeaked(account)) continue;
    won = collect(account, 'minor') || won;
    // Half of a budget that is still in use is worth a look at the old; so is however little, where it is in the way of a large request.
    if ((account.used > account.share() / 2 || account.missing(amount) > 0) && fullIsDue()) won = collect(account, 'full') || won;
  }
  return won;
}

function grantsOf(): number {
  let grants = 0;
  for (const account of lacks(firstWaiting()).keys()) grants += account.grants;
  return grants;
}
