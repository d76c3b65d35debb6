/**
 * Disposals that do not end: `await handle.disposeAsync()` inside a use of the same handle, a parent that waits for a child nobody
 * disposes, a release that hangs. Where lines are recorded (in development and tests) such a one is told after ten seconds, with what
 * it waits for. It is never resolved falsely; and it keeps the process alive, which else would end in silence with code 0.
 */
import { emit } from '../leaks/events.ts';
import { formatTrace } from '../leaks/ledger.ts';
import { recording, warns } from '../leaks/levels.ts';
import { detailsOf, RELEASING, type ResourceRecord } from '../leaks/record.ts';
import { eventOf } from '../leaks/report.ts';
import { plural } from '../leaks/words.ts';
import { host } from '../runtime/host.ts';

const TICK = 1_000;
/** Ticks, not times, are counted: a loop that was blocked for a minute has not waited for a minute. */
const PATIENCE = 10;
const CODE = 'HANDBACK_DISPOSE_TIMEOUT';

/** Pending disposals, and the ticks they have seen. */
const pending = new Map<ResourceRecord, number>();
let isTicking = false;

/** Watches a disposal until `closing` has settled. */
export function watchDispose(record: ResourceRecord, closing: Promise<void>): void {
  if (recording !== 2) return;
  pending.set(record, 0);
  const forget = (): void => void pending.delete(record);
  closing.then(forget, forget);
  start();
}

function start(): void {
  if (isTicking) return;
  isTicking = true;
  host.setTimeout(tick, TICK);
}

function tick(): void {
  isTicking = false;
  for (const [record, ticks] of pending) {
    pending.set(record, ticks + 1);
    if (ticks + 1 === PATIENCE) tell(record);
  }
  if (pending.size > 0) start();
}

function tell(record: ResourceRecord): void {
  formatTrace(record);
  const { kind } = record.kind;
  const { label, site, children } = detailsOf(record);
  emit(eventOf(record, 'dispose-timeout', CODE, 'dispose'));
  if (!warns()) return;
  const name = label === undefined ? kind : `${kind} '${label}'`;
  const lines = [`  waits for ${reasonOf(record, children)}`];
  if (site !== undefined) lines.push(`  acquired  ${site.text}`);
  lines.push('  fix       let its uses end: no dispose is awaited inside a use of the same handle; dispose what was acquired under it');
  host.process?.emitWarning?.(`The dispose of ${name} has not ended after ${PATIENCE} s`, {
    type: 'DisposeTimeoutWarning',
    code: CODE,
    detail: lines.join('\n'),
  });
}

function reasonOf({ state, uses }: ResourceRecord, children: number): string {
  if (state === RELEASING) return 'its release, which has not settled';
  const reasons: string[] = [];
  if (uses > 0) reasons.push(`${plural(uses, 'use')} of it in flight`);
  if (children > 0) reasons.push(children === 1 ? '1 resource acquired under it' : `${children} resources acquired under it`);
  return reasons.join(' and ');
}
