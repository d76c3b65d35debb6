/**
 * Reclaim: winning capacity back without the holder's doing, when a budget is full. The ladder, each step only if the one before
 * was not enough: evict what is idle → let due finalizers run (one turn) → a cheap collection and a sweep → a full one, at most a
 * sixth of the time → again after 1, 2, 4 … 256 ms, while someone waits. One ladder runs at a time, shared by all who wait.
 *
 * After Java's Bits.reserveMemory (the retries with growing sleeps), .NET's HandleCollector (collect on count, the cheap generation
 * first) and AddMemoryPressure (the duty limit).
 */
import { forEachRecord } from '../leaks/ledger.ts';
import { isOpen } from '../leaks/record.ts';
import { sweep } from '../memory/collect.ts';
import { collector, fullIsDue } from '../runtime/collector.ts';
import { host, now } from '../runtime/host.ts';
import { shared } from '../runtime/protocol.ts';
import { pause, turn } from '../runtime/turn.ts';
import type { Account, Charge, Reclaimer } from './account.ts';
import { heldBy } from './holders.ts';
import { allWaiting, anyoneWaits } from './wait.ts';

const LONGEST_PAUSE = 256;
/** How long a reclaimer's promise is awaited. */
const PATIENCE = 100;

let insideReclaimer = false;

/** True while a reclaimer's own code runs: an acquire there never starts another reclaim. */
export function isReclaiming(): boolean {
  return insideReclaimer;
}

/** The lowest account on the way up that lacks room for a charge: its subtree is where room must be won. */
export function lackingRoom(wanted: Charge): { account: Account; amount: number } | undefined {
  for (let charge: Charge | undefined = wanted; charge !== undefined; charge = charge.next) {
    for (let account: Account | undefined = charge.account; account !== undefined; account = account.parent) {
      if (account.used + charge.amount > account.capacity()) return { account, amount: charge.amount };
    }
  }
  return undefined;
}

/** Evicts idle things until `amount` fits; answers the promises of reclaimers that take their time. */
function evict(account: Account, amount: number): Promise<number>[] {
  const pending: Promise<number>[] = [];
  // A copy: a reclaimer that is disposed while it runs leaves the set.
  for (const reclaimer of [...account.reclaimers]) {
    const missing = account.used + amount - account.capacity();
    if (missing <= 0) break;
    const answer = ask(reclaimer, missing);
    if (typeof answer === 'number') countReclaimed(account, answer);
    else if (answer !== undefined) {
      pending.push(
        answer.then(
          (given) => countReclaimed(account, given),
          (error: unknown) => complain(reclaimer, error),
        ),
      );
    }
  }
  return pending;
}

/** Evicts everything idle on an account: for pressure that no budget counts. */
export function evictIdle(account: Account): void {
  for (const reclaimer of [...account.reclaimers]) {
    const answer = ask(reclaimer, Number.MAX_SAFE_INTEGER);
    if (typeof answer === 'number') countReclaimed(account, answer);
    else void answer?.catch((error: unknown) => complain(reclaimer, error));
  }
}

function ask(reclaimer: Reclaimer, missing: number): number | Promise<number> | undefined {
  const outer = insideReclaimer;
  insideReclaimer = true;
  try {
    const idle = reclaimer.reclaimable();
    return idle > 0 ? reclaimer.reclaim(Math.min(missing, idle)) : undefined;
  } catch (error) {
    complain(reclaimer, error);
    return undefined;
  } finally {
    insideReclaimer = outer;
  }
}

function countReclaimed(account: Account, given: number): number {
  if (Number.isFinite(given)) account.reclaimed += given;
  return given;
}

function complain(reclaimer: Reclaimer, error: unknown): number {
  host.process?.emitWarning?.(`The reclaimer '${reclaimer.name}' threw: ${String(error)}`, { type: 'HandbackWarning', code: 'HANDBACK_RECLAIMER' });
  return 0;
}

/** True when something on the account could have been forgotten: what is in use, or still opening, could not. */
function mayHaveLeaked(account: Account): boolean {
  let possible = false;
  forEachRecord((record) => {
    if (!possible && isOpen(record) && record.uses === 0 && heldBy(record, account) > 0) possible = true;
  });
  return possible || shared.copies.length > 1;
}

/** Collects and sweeps; what was won is counted for the account. Answers whether anything was found within the job. */
function collect(account: Account, depth: 'minor' | 'full'): boolean {
  const before = account.used;
  const released = sweep(depth) ?? 0;
  countReclaimed(account, Math.max(0, before - account.used));
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
  if (insideReclaimer) return;
  // Each pass clears one account that lacks room; a request may touch several.
  for (let passes = 0; passes < 8; passes++) {
    const lack = lackingRoom(wanted);
    if (lack === undefined) return;
    const { account, amount } = lack;
    for (const promise of evict(account, amount)) void promise;
    if (account.used + amount <= account.capacity()) continue;
    if (collector() === undefined || !mayHaveLeaked(account)) return;
    collect(account, 'minor');
    // Less than half won back: what survived two cheap collections is old, and without a full one the next acquire is here again.
    const { used } = account;
    if (used + amount > account.capacity() ? fullIsWorthwhile() : used > account.capacity() / 2 && fullIsDue()) collect(account, 'full');
    if (account.used + amount > account.capacity()) return;
  }
}

/**
 * The platform has run out although the budget has room: others take from it too. Idle things go, a handful more than is needed,
 * and what was forgotten is collected; the harder, the more attempts have failed.
 */
export function reclaimHarderSync(charge: Charge | undefined, attempt: number): void {
  if (insideReclaimer) return;
  for (let each = charge; each !== undefined; each = each.next) {
    let missing = each.amount * 4;
    for (const reclaimer of [...each.account.reclaimers]) {
      if (missing <= 0) break;
      const answer = ask(reclaimer, missing);
      if (typeof answer === 'number') missing -= countReclaimed(each.account, answer);
      else void answer?.catch((error: unknown) => complain(reclaimer, error));
    }
  }
  sweep(attempt === 1 ? 'minor' : 'full');
}

/** The same, with time for releases that are due: one turn, then 1, 2, 4 … 128 ms. */
export async function reclaimHarder(charge: Charge | undefined, attempt: number): Promise<void> {
  await turn();
  if (attempt <= 2 || fullIsDue()) reclaimHarderSync(charge, attempt);
  await (attempt <= 2 ? turn() : pause(2 ** (attempt - 3)));
}

let running: Promise<void> | undefined;

/** Starts the ladder for all who wait, unless it runs already. */
export function startReclaim(): void {
  if (insideReclaimer) return;
  running ??= ladder().finally(() => {
    running = undefined;
    // Somebody may have come between the last look and the end.
    if (anyoneWaits()) startReclaim();
  });
}

/** One reclaim for these waiters, now: the last try before their time-out. */
export async function reclaimOnce(wanted: readonly Charge[]): Promise<void> {
  for (const charge of wanted) {
    const lack = lackingRoom(charge);
    if (lack !== undefined) await settled(evict(lack.account, lack.amount));
  }
  for (const charge of wanted) reclaimSync(charge);
}

async function ladder(): Promise<void> {
  let wait = 1;
  let swept = Number.NEGATIVE_INFINITY;
  while (anyoneWaits()) {
    await evictForAll();
    if (!anyoneWaits()) return;
    const grants = grantsOf();
    await turn();
    if (!anyoneWaits()) return;
    // A line that moves needs no collection, unless it has moved for long: then some of it may be forgotten all the same.
    const moves = grantsOf() !== grants && now() - swept < LONGEST_PAUSE;
    if (!moves) {
      swept = now();
      if (collectForAll()) wait = 1;
      await turn();
      if (!anyoneWaits()) return;
    }
    await pause(wait);
    wait = Math.min(2 * wait, LONGEST_PAUSE);
  }
}

function lacks(): Map<Account, number> {
  const amounts = new Map<Account, number>();
  for (const waiter of allWaiting()) {
    // The head of each line is the one to win room for: those behind it come later.
    if (waiter.wanted.account.head?.waiter !== waiter) continue;
    const lack = lackingRoom(waiter.wanted);
    if (lack !== undefined) amounts.set(lack.account, Math.max(lack.amount, amounts.get(lack.account) ?? 0));
  }
  return amounts;
}

async function evictForAll(): Promise<void> {
  const pending: Promise<number>[] = [];
  for (const [account, amount] of lacks()) pending.push(...evict(account, amount));
  await settled(pending);
}

/** Waits for reclaimers that promised something, for as long as their patience lasts. */
async function settled(pending: readonly Promise<number>[]): Promise<void> {
  if (pending.length > 0) await Promise.race([Promise.all(pending), pause(PATIENCE)]);
}

function collectForAll(): boolean {
  let won = false;
  for (const [account] of lacks()) {
    if (collector() === undefined || !mayHaveLeaked(account)) continue;
    won = collect(account, 'minor') || won;
    if (account.used > account.capacity() / 2 && fullIsDue()) won = collect(account, 'full') || won;
  }
  return won;
}

function grantsOf(): number {
  let grants = 0;
  for (const [account] of lacks()) grants += account.grants;
  return grants;
}
