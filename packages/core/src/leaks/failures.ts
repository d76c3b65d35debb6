/** Releases and resets that failed when nobody was there to catch: told by an event and by a warning, never by an unhandled rejection. */
import { host } from '../runtime/host.ts';
import { emit, textOf } from './events.ts';
import { warns } from './levels.ts';
import { detailsOf, type ResourceRecord } from './record.ts';
import { eventOf } from './report.ts';

const failures = new Map<string, number>();

/** What failed, and when. */
export interface Failing {
  readonly what: 'release' | 'reset';
  readonly after: string;
}

const RELEASE: Failing = { what: 'release', after: 'its dispose had returned: uses in flight, or children, held the release back' };

/** Tells of a release that threw when nobody could catch it: by an event, and by a warning at the first of a kind and at powers of ten. */
export function reportFailure(record: ResourceRecord, error: unknown, failing: Failing = RELEASE): void {
  const details = detailsOf(record);
  const { what, after } = failing;
  const code = what === 'reset' ? 'HANDBACK_RESET_ERROR' : 'HANDBACK_RELEASE_ERROR';
  emit(eventOf(record, `${what}-error`, code, details.leaked ?? 'dispose', error));
  const { kind } = record.kind;
  const count = (failures.get(`${what} ${kind}`) ?? 0) + 1;
  failures.set(`${what} ${kind}`, count);
  if (!/^10*$/.test(String(count)) || !warns()) return;
  const name = details.label === undefined ? withArticle(kind) : `${kind} '${details.label}'`;
  const lines = details.leaked === undefined ? [`  after     ${after}`] : ['  after     it was found to be forgotten'];
  if (details.site !== undefined) lines.push(`  acquired  ${details.site.text}`);
  if (count > 1) lines.push(`  same kind ${count} in all`);
  lines.push(
    details.leaked === undefined && failing === RELEASE
      ? '  fix       await disposeAsync(), which rejects; or listen by leaks.subscribe(…)'
      : '  more      leaks.subscribe(…) hears of each',
  );
  const warning = { type: what === 'reset' ? 'ResourceResetWarning' : 'ResourceReleaseWarning', code, detail: lines.join('\n') };
  host.process?.emitWarning?.(`The ${what} of ${name} failed: ${textOf(error)}`, warning);
}

function withArticle(kind: string): string {
  return `${/^[aeiou]/i.test(kind) ? 'an' : 'a'} ${kind}`;
}
