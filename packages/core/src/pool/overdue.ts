/** Leases that are out for longer than their pool allows: told once with their line, and once more when they come back. */
import { emit } from '../leaks/events.ts';
import { formatTrace } from '../leaks/ledger.ts';
import { warns } from '../leaks/levels.ts';
import { detailsOf, type ResourceRecord } from '../leaks/record.ts';
import { eventOf } from '../leaks/report.ts';
import { formatAge } from '../leaks/words.ts';
import { host, now } from '../runtime/host.ts';

const counts = new Map<string, number>();
const MOST_LINES = 1_000;

/** Says that a lease is overdue: an event each, a warning at the first of a line and at powers of ten. */
export function reportOverdue(record: ResourceRecord, pool: string, allowed: number): void {
  say(record, 'overdue', `A ${record.kind.kind} of pool '${pool}' is out for ${age(record)}, longer than the ${formatAge(allowed)} it may be`, [
    '  fix       hold it with `using` in the smallest block, or raise `overdueAfter`',
  ]);
}

/** Says that an overdue lease came back after all. */
export function reportReturned(record: ResourceRecord, pool: string): void {
  say(record, 'returned', `A ${record.kind.kind} of pool '${pool}' that was overdue came back after ${age(record)}`, []);
}

function say(record: ResourceRecord, event: 'overdue' | 'returned', message: string, more: readonly string[]): void {
  formatTrace(record);
  const code = event === 'overdue' ? 'HANDBACK_OVERDUE' : 'HANDBACK_RETURNED';
  emit(eventOf(record, event, code, 'use'));
  const { site, label } = detailsOf(record);
  const key = `${event} ${record.kind.kind} ${site?.key ?? ''}`;
  const count = (counts.get(key) ?? 0) + 1;
  if (counts.size < MOST_LINES || counts.has(key)) counts.set(key, count);
  if (!/^10*$/.test(String(count)) || !warns()) return;
  const lines = [...more];
  if (site !== undefined) lines.unshift(`  acquired  ${site.text}`);
  if (label !== undefined) lines.unshift(`  label     ${label}`);
  if (count > 1) lines.push(`  same line ${count} in all`);
  host.process?.emitWarning?.(message, { type: 'OverdueLeaseWarning', code, detail: lines.join('\n') });
}

function age(record: ResourceRecord): string {
  return formatAge(now() - detailsOf(record).born);
}
