/**
 * Who holds a budget: for the errors of a full one. Read only when such an error is made, from the records of every copy.
 */
import type { BudgetNumbers, Holder } from '../errors/index.ts';
import { forEachRecord, formatTrace } from '../leaks/ledger.ts';
import type { ResourceRecord } from '../leaks/record.ts';
import { formatAge, formatBytes, plural } from '../leaks/words.ts';
import { leakSettings } from '../leaks/levels.ts';
import { now } from '../runtime/host.ts';
import { shared } from '../runtime/protocol.ts';
import type { Account } from './account.ts';

/** What of `account` a record holds, in it or in accounts below it. */
export function heldBy(record: ResourceRecord, account: object): number {
  let amount = 0;
  for (let charge = record.details?.charge ?? record.kind.charge; charge !== undefined; charge = charge.next) {
    for (let at = charge.account as Account | undefined; at !== undefined; at = at.parent) {
      if (at === account) amount += charge.amount;
    }
  }
  return amount;
}

/** The holders of this copy, in groups by line, or by kind and label where lines are not known. */
export function holdersHere(account: object): Holder[] {
  const groups = new Map<string, Holder>();
  const time = now();
  forEachRecord((record) => {
    const amount = heldBy(record, account);
    if (amount === 0) return;
    formatTrace(record);
    const { kind } = record.kind;
    const label = record.details?.label;
    const site = record.details?.site?.text;
    const key = `${kind}\n${site ?? label ?? ''}`;
    const group = groups.get(key);
    const age = time - (record.details?.born ?? time);
    groups.set(key, {
      kind,
      label: group === undefined || group.label === label ? label : undefined,
      site,
      count: (group?.count ?? 0) + 1,
      amount: (group?.amount ?? 0) + amount,
      oldestMs: Math.max(group?.oldestMs ?? 0, age),
    });
  });
  return [...groups.values()];
}

let known: Map<object, unknown> | undefined;

/** Looks at each budget's holders but once while many errors are made together: there may be as many holders as there are errors. */
export function lookOnce(makeErrors: () => void): void {
  known = new Map();
  try {
    makeErrors();
  } finally {
    known = undefined;
  }
}

/** What was found for `key` while these errors are made, or is found now. */
export function lookedAt<T>(key: object, look: () => T): T {
  const found = (known?.get(key) as T | undefined) ?? look();
  known?.set(key, found);
  return found;
}

function holdersOf(account: Account): readonly Holder[] {
  return lookedAt(account, () => shared.copies.flatMap((copy) => copy.holders(account)).sort((a, b) => b.amount - a.amount));
}

/** The numbers of a budget that is full, its greatest holders first. */
export function numbersOf(account: Account, requested: number): BudgetNumbers {
  return {
    budget: account.name,
    requested,
    capacity: account.capacity(),
    used: account.total(),
    waiting: account.waiting,
    holders: holdersOf(account),
  };
}

const NAMED = 5;

/** Amounts of an account as a person says them. */
export function sizeIn(account: Account): (amount: number) => string {
  return (amount) => (account.unit === 'bytes' ? formatBytes(amount) : plural(amount, account.unit));
}

/** The numbers as a sentence. */
export function say(numbers: BudgetNumbers, account: Account): string {
  const size = sizeIn(account);
  const capacity = numbers.capacity === Number.POSITIVE_INFINITY ? 'unbounded' : size(numbers.capacity);
  return `${size(numbers.requested)} asked for, ${account.unit === 'bytes' ? size(numbers.used) : numbers.used} of ${capacity} in use, ${numbers.waiting} waiting.`;
}

/** How there may be more of it. */
export function adviceOf(account: Account): string {
  return account.advice ?? `raise the ${account.isPool ? 'max' : 'capacity'} of '${account.name}'`;
}

/** The numbers as a sentence, the top holders, and what to do. */
export function explain(numbers: BudgetNumbers, account: Account): string {
  const size = sizeIn(account);
  const lines = [say(numbers, account)];
  for (const holder of numbers.holders.slice(0, NAMED)) {
    const name = holder.label === undefined ? '' : ` '${holder.label}'`;
    const place = holder.site === undefined ? '' : ` at ${holder.site}`;
    lines.push(`  ${size(holder.amount)} held by ${plural(holder.count, holder.kind)}${name}${place} (oldest ${formatAge(holder.oldestMs)})`);
  }
  const rest = numbers.holders.slice(NAMED);
  if (rest.length > 0) lines.push(`  and ${plural(rest.length, 'more holder')} of ${size(rest.reduce((sum, holder) => sum + holder.amount, 0))}`);
  const threads = account.elsewhere();
  for (const { thread, borrowed, used } of threads)
    lines.push(`  ${size(borrowed)} borrowed by thread ${thread}, ${used === borrowed ? 'all' : size(used)} in use`);
  const elsewhere = threads.reduce((sum, { used }) => sum + used, 0);
  const known = elsewhere + numbers.holders.reduce((sum, holder) => sum + holder.amount, 0);
  if (numbers.used > known) lines.push(`  ${size(numbers.used - known)} reserved, or being opened`);
  const where = leakSettings.level === 'trace' || leakSettings.level === 'strict' ? '' : ' Set HANDBACK_LEAKS=trace to see every line.';
  lines.push(`Dispose what is held with \`using\`, or ${adviceOf(account)}.${where}`);
  return lines.join('\n');
}
