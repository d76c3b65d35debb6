/**
 * Reclaim: winning capacity back without the holder's doing, when a budget is full. The ladder, each step only if the one before
 * was not enough: evict what is idle, as much as all who wait lack → let due finalizers run (one turn) → a cheap collection and a
 * sweep → a full one, at most a sixth of the time → again after 1, 2, 4 … 256 ms, while someone waits. One ladder runs at a time,
 * shared by all who wait.
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
import type { Account, Charge } from './account.ts';
import { demandOn, type Wanted } from './demand.ts';
import { countReclaimed, evictions, idleEvictions, Round } from './evict.ts';
import { heldBy } from './holders.ts';
import { lackingRoom } from './line.ts';
import { anyoneWaits, everybody } from './wait.ts';

const LONGEST_PAUSE = 256;
const LONGEST_SEARCH_PAUSE = 1_024;
/** How long the promises of reclaimers are awaited, before the next ones are asked without waiting. */
const PATIENCE = 100;

/** True while a reclaimer's own code runs, on behalf of whichever copy: an acquire there never starts another reclaim. */
export function isReclaiming(): boolean {
  return shared.reclaiming;
}

/** Evicts idle things until `amount` fits. What reclaimers promise for later does not count. */
function evict(account: Account, amount: number): void {
  for (const promise of evictions(account, () => account.missing(amount))) void promise;
}

/**
 * The same for those who wait, as long as any of them lacks room there: with patience for each promise, or more would be evicted than
 * needed. True where something was given.
 */
async function evictFor(wanted: Wanted, account: Account, round: Round): Promise<boolean> {
  const { refunded, reclaimed } = account;
  let patience: Promise<void> | undefined;
  for (const promise of evictions(account, (enough) => demandOn(account, wanted.lines(), enough), round)) {
    await Promise.race([promise, (patience ??= pause(PATIENCE))]);
  }
  // Both: a reclaimer may say anything, and others give back too.
  return account.refunded > refunded && account.reclaimed > reclaimed;
}

/** Evicts everything idle, on whatever budget or on none: for pressure that no budget counts. */
export function evictIdle(): void {
  for (const promise of idleEvictions(undefined, () => Number.MAX_SAFE_INTEGER)) void promise;
  for (const account of shared.accounts.values()) for (const promise of evictions(account as Account, () => Number.MAX_SAFE_INTEGER)) void promise;
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
  // For all together who come within this job.
  running ??= Promise.resolve()
    .then(ladder)
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
  await evictForAll(wanted, new Round());
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
  const began = now();
  let wait = 1;
  let swept = Number.NEGATIVE_INFINITY;
  let round = new Round();
  while (anyoneWaits()) {
    const won = await evictForAll(everybody, round);
    if (!anyoneWaits()) return;
    const grants = grantsOf();
    await turn();
    if (!anyoneWaits()) return;
    if (won) {
      wait = 1;
      swept = Math.max(swept, began);
    }
    // A line that moves needs no collection, unless it has moved for long: then some of it may be forgotten all the same.
    const moves = (won || grantsOf() !== grants) && now() - swept < LONGEST_PAUSE;
    if (!moves) {
      swept = now();
      if (collectForAll(everybody)) wait = 1;
      await turn();
      if (!anyoneWaits()) return;
      whenStill();
    }
    // Who came meanwhile, or lacks something else by now, need not wait for a pause where something gives way.
    if (won) continue;
    await pause(wait);
    round.futile.clear();
    // What has not come for so long may never come.
    if (wait === LONGEST_PAUSE) round = new Round();
    wait = Math.min(2 * wait, LONGEST_PAUSE);
  }
}

/** The accounts that lack room for those who could be served next. */
function lacking(wanted: Wanted): Set<Account> {
  const accounts = new Set<Account>();
  for (const charge of wanted.first()) {
    const lack = lackingRoom(charge);
    if (lack !== undefined) accounts.add(lack.account);
  }
  return accounts;
}

/**
 * Evicts where room is lacking. Once a child has it, its parent may be what lacks it: so again, until all of them were asked. True where
 * something was given.
 */
async function evictForAll(wanted: Wanted, round: Round): Promise<boolean> {
  const asked = new Set<Account>();
  let won = false;
  for (;;) {
    const next = [...lacking(wanted)].filter((account) => !asked.has(account));
    if (next.length === 0) return won;
    for (const account of next) asked.add(account);
    const answers = await Promise.all(next.map((account) => evictFor(wanted, account, round)));
    won ||= answers.includes(true);
  }
}

function collectForAll(wanted: Wanted): boolean {
  let won = false;
  for (const account of lacking(wanted)) {
    if (collector() === undefined || !mayHaveLeaked(account)) continue;
    won = collect(account, 'minor') || won;
    // Half of a budget that is still in use is worth a look at the old; so is however little, where it is in the way of a large request.
    if ((account.used > account.share() / 2 || lacking(wanted).has(account)) && fullIsDue()) won = collect(account, 'full') || won;
  }
  return won;
}

function grantsOf(): number {
  let grants = 0;
  for (const account of lacking(everybody)) grants += account.grants;
  return grants;
}
