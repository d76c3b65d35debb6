/** What an error says of a deadlock: who holds, where each of them waits, and what to do. */
import type { BudgetNumbers } from '../errors/index.ts';
import { formatTrace } from '../leaks/ledger.ts';
import { siteOf } from '../leaks/site.ts';
import { plural } from '../leaks/words.ts';
import type { Account } from './account.ts';
import type { Deadlock, StuckHolder, Wait } from './deadlock.ts';
import { adviceOf, say, sizeIn } from './holders.ts';

const NAMED = 5;

interface Group {
  readonly kind: string;
  readonly from: string;
  readonly waits: string;
  count: number;
  amount: number;
}

/** Takes the place of the list of holders: it names them too. */
export function explainDeadlock({ holders, bound }: Deadlock, numbers: BudgetNumbers, account: Account): string {
  const size = sizeIn(account);
  const groups = groupsOf(holders);
  const lines = [
    bound
      ? `Deadlock: all of ${account.title} that is in use is held by those that wait for more.`
      : `Probably a deadlock: all of ${account.title} that is in use was acquired by those that now wait for more. (It is none where they have handed it on to somebody who still works.)`,
    say(numbers, account),
  ];
  for (const { kind, from, waits, count, amount } of groups.slice(0, NAMED)) {
    lines.push(`  ${size(amount)} held by ${plural(count, kind)}${from}, ${count === 1 ? 'which waits' : 'which wait'} for ${waits}`);
  }
  const rest = groups.slice(NAMED);
  if (rest.length > 0) lines.push(`  and ${plural(rest.length, 'more holder')} of ${size(rest.reduce((sum, { amount }) => sum + amount, 0))}`);
  lines.push(`Acquire together what is needed together (one acquire of the sum, or acquireAll), give back before acquiring again, or ${adviceOf(account)}.`);
  return lines.join('\n');
}

function groupsOf(holders: readonly StuckHolder[]): Group[] {
  const groups = new Map<string, Group>();
  for (const { record, amount, wait } of holders) {
    formatTrace(record);
    const { kind } = record.kind;
    const { label, site } = record.details ?? {};
    const from = `${label === undefined ? '' : ` '${label}'`}${site === undefined ? '' : ` at ${site.text}`}`;
    const waits = `${wait.account.title}${placeOf(wait)}`;
    const key = `${kind}\n${from}\n${waits}`;
    const group = groups.get(key) ?? { kind, from, waits, count: 0, amount: 0 };
    group.count++;
    group.amount += amount;
    groups.set(key, group);
  }
  return [...groups.values()].sort((a, b) => b.amount - a.amount);
}

/** Where a wait began. The capture stays: the record to come is to have it too. */
function placeOf({ waiter }: Wait): string {
  if (waiter === undefined) return ' here';
  const trace = waiter.extras?.details?.trace;
  const site = trace && siteOf(waiter.purpose.kind ?? 'permit', trace);
  return site === undefined ? '' : ` at ${site.text}`;
}
