/**
 * Deadlocks: all that is in use of a budget is held by those that wait for more, of it or of another budget that is stuck in the same
 * way. Looked for only when an error is made, or when a line has stalled; known only where flows are (runtime/flow.ts), at the levels
 * that record every line. What was acquired in ways that are not followed (`acquireSync`, `tryAcquire`, `reserve`), moved or shared
 * counts as held by somebody who works: a deadlock that is missed costs a line in a message, a false one a working program.
 */
import { isHandedOn } from '../leaks/following.ts';
import { forEachRecord } from '../leaks/ledger.ts';
import { recording } from '../leaks/levels.ts';
import { isOpen, type ResourceRecord } from '../leaks/record.ts';
import { currentFlow, type Flow } from '../runtime/flow.ts';
import { now } from '../runtime/host.ts';
import type { Account } from './account.ts';
import { heldBy, lookedAt } from './holders.ts';
import { firstIn, lackingRoom, type Waiter } from './line.ts';
import { waiters } from './wait.ts';

/** A wait of a flow, or what an acquire that cannot wait would have to wait for. */
export interface Wait {
  readonly waiter: Waiter | undefined;
  readonly account: Account;
}

/** A holder of a stuck account, and a wait of its flow. */
export interface StuckHolder {
  readonly record: ResourceRecord;
  readonly amount: number;
  readonly wait: Wait;
}

export interface Deadlock {
  readonly holders: readonly StuckHolder[];
  /** All of it was bound by `using`: nobody else can give it back. What was not may have been handed on. */
  readonly bound: boolean;
  /** And none of the waits of those that hold it ends by itself. */
  readonly lasts: boolean;
}

type Waits = ReadonlyMap<Flow, readonly Wait[]>;

/** The waits of each flow: a wait keeps all that was acquired on the way to it. */
function waitsByFlow(wouldWait: Account | undefined): Waits {
  const waits = new Map<Flow, Wait[]>();
  const note = (from: Flow | undefined, wait: Wait): void => {
    for (let flow = from; flow !== undefined; flow = flow.parent) {
      const known = waits.get(flow);
      if (known === undefined) waits.set(flow, [wait]);
      else known.push(wait);
    }
  };
  for (const waiter of waiters()) {
    const flow = waiter.extras?.details?.flow?.parent;
    const account = flow && lacking(waiter);
    if (account !== undefined) note(flow, { waiter, account });
  }
  if (wouldWait !== undefined) note(currentFlow(), { waiter: undefined, account: wouldWait });
  return waits;
}

/** What a waiter lacks; where it has room but not its turn, what the first in its line lacks. */
function lacking({ wanted }: Waiter): Account | undefined {
  const first = firstIn(wanted.account)?.waiter.wanted;
  return (lackingRoom(wanted) ?? (first && lackingRoom(first)))?.account;
}

/** The accounts that are stuck. All that is waited for may be, until a holder is found that may go on, and with it whoever waits for that. */
function stuckAccounts(waits: Waits): Map<Account, Deadlock> {
  const stuck = new Map<Account, Deadlock>();
  if (waits.size === 0) return stuck;
  const accounts = new Set([...waits.values()].flat().map(({ account }) => account));
  const records: ResourceRecord[] = [];
  forEachRecord((record) => void ((record.details?.charge ?? record.kind.charge) !== undefined && records.push(record)));
  for (let size = -1; size !== accounts.size;) {
    ({ size } = accounts);
    for (const account of accounts) {
      const deadlock = deadlockOn(account, records, waits, accounts);
      if (deadlock === undefined) accounts.delete(account);
      else stuck.set(account, deadlock);
    }
  }
  for (const account of stuck.keys()) if (!accounts.has(account)) stuck.delete(account);
  return stuck;
}

/** It ends by itself, at its time-out or when its signal fires. Then its flow goes on. */
function hasEnd({ waiter }: Wait): boolean {
  return waiter?.extras?.deadline !== undefined || waiter?.extras?.signal !== undefined;
}

/** Nobody awaits it yet: its flow does something else. */
function isOnlyBegun({ waiter }: Wait): boolean {
  return waiter?.extras?.details?.flow?.awaited === false;
}

function deadlockOn(account: Account, records: readonly ResourceRecord[], waits: Waits, stuck: ReadonlySet<Account>): Deadlock | undefined {
  // What other threads hold is held by somebody who works, as far as this one knows.
  if (account.elsewhere().length > 0) return undefined;
  const holders: StuckHolder[] = [];
  let known = 0;
  let bound = true;
  let lasts = true;
  for (const record of records) {
    const amount = heldBy(record, account);
    if (amount === 0) continue;
    const flow = record.details?.flow;
    const own = flow && waits.get(flow);
    // Closing, it comes back by itself. And of several waits any that may end lets its flow go on.
    if (!isOpen(record) || own === undefined || isHandedOn(record) || !own.every((wait) => stuck.has(wait.account) && !isOnlyBegun(wait))) return undefined;
    holders.push({ record, amount, wait: own[0] as Wait });
    known += amount;
    bound &&= flow?.bound === true;
    lasts &&= !own.some(hasEnd);
  }
  // The rest is reserved, is being opened, or is held through another copy of the package.
  return known > 0 && known === account.used ? { holders, bound, lasts: bound && lasts } : undefined;
}

const everyStuck = {};

/** The deadlock that `account` is in. `wouldWait`: the running code, which cannot wait, wants it too. */
export function deadlockOf(account: Account, wouldWait = false): Deadlock | undefined {
  if (recording !== 2) return undefined;
  if (wouldWait) return currentFlow() === undefined ? undefined : stuckAccounts(waitsByFlow(account)).get(account);
  return lookedAt(everyStuck, () => stuckAccounts(waitsByFlow(undefined))).get(account);
}

/** How long a line must have stood still, in ms: who holds may go on without having waited for what it started. */
const PATIENCE = 2_000;

interface Stillness {
  readonly since: number;
  readonly grants: number;
  readonly refunded: number;
}
const stillness = new WeakMap<Account, Stillness>();

function isStill(account: Account): boolean {
  const { grants, refunded } = account;
  const known = stillness.get(account);
  if (known?.grants === grants && known.refunded === refunded) return now() - known.since >= PATIENCE;
  stillness.set(account, { since: now(), grants, refunded });
  return false;
}

/** The waiter that closed a circle nobody can leave: the last to join it, where all that it and the others hold is bound, and no wait in it ends by itself. */
export function closerOfCircle(): Waiter | undefined {
  const stuck = [...stuckAccounts(waitsByFlow(undefined))];
  let last: Waiter | undefined;
  for (const [account, { holders }] of stuck) {
    if (!isStill(account)) continue;
    for (const { wait } of holders) {
      const { waiter } = wait;
      if (waiter !== undefined && (last === undefined || waiter.ticket > last.ticket)) last = waiter;
    }
  }
  // Accounts that wait for each other are stuck together: one that may have been handed on, or whose holder will give up, may free them all.
  return stuck.every(([, { lasts }]) => lasts) ? last : undefined;
}
