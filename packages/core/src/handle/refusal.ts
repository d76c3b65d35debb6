/** The errors of a handle that may not be used, worded for the one who used it; and, at level `strict`, the notes of its last uses. */
import { DisposedError, InUseError, MovedError } from '../errors/index.ts';
import { emit, isHeard } from '../leaks/events.ts';
import { formatTrace } from '../leaks/ledger.ts';
import { leakSettings, recording } from '../leaks/levels.ts';
import { detailsOf, MOVED, type ResourceRecord } from '../leaks/record.ts';
import { eventOf } from '../leaks/report.ts';
import { capture, siteOf } from '../leaks/site.ts';

interface Subject {
  readonly kind: string;
  readonly label: string | undefined;
  readonly site: string | undefined;
  /** `file 'log.txt'` */
  readonly name: string;
  /** Where it was acquired, as a sentence, or how to see it. */
  readonly origin: string;
}

function subjectOf(record: ResourceRecord): Subject {
  formatTrace(record);
  const { kind } = record.kind;
  const label = record.details?.label;
  const site = record.details?.site?.text;
  return {
    kind,
    label,
    site,
    name: label === undefined ? `this ${kind}` : `${kind} '${label}'`,
    origin: site === undefined ? (recording === 2 ? '' : ' Set HANDBACK_LEAKS=trace to see where it was acquired.') : ` It was acquired at ${site}.`,
  };
}

/** Throws for a use of a record that is not open. `what` completes "Cannot …". */
export function refuse(record: ResourceRecord, what: string): never {
  const subject = subjectOf(record);
  const error = record.state === MOVED ? movedError(what, subject) : disposedError(what, subject, record.details?.disposedAt);
  if (isHeard('use-after-dispose')) emit(eventOf(record, 'use-after-dispose', 'HANDBACK_USE_AFTER_DISPOSE', 'use', error));
  throw error;
}

function movedError(what: string, subject: Subject): MovedError {
  return new MovedError(
    `Cannot ${what} ${subject.name}: its resource was moved or detached, and this handle owns nothing.${subject.origin} Use the handle that move() answered, or the raw that detach() did.`,
    subject,
  );
}

function disposedError(what: string, subject: Subject, disposedAt: string | undefined): DisposedError {
  const where = disposedAt === undefined ? '' : ` at ${disposedAt}`;
  return new DisposedError(
    `Cannot ${what} ${subject.name}: it was disposed${where}.${subject.origin} Keep it open for as long as it is used: move the use into the block of its \`using\`, or hand the resource on with move().`,
    subject,
  );
}

/** Throws for a detach of what somebody else still relies on. */
export function refuseInUse(record: ResourceRecord, why: string): never {
  const subject = subjectOf(record);
  throw new InUseError(`Cannot detach ${subject.name}: ${why}.${subject.origin} Detach it when it has one owner and no use in flight.`, subject);
}

let touched = 0;

/** Level `strict`: notes the line of a use; the more there are, the fewer are kept, the last one always. */
export function noteUse(record: ResourceRecord, below: Function): void {
  const details = detailsOf(record);
  const touches = (details.touches ??= []);
  const line = siteOf(record.kind.kind, capture(below))?.text;
  if (line === undefined || leakSettings.touch === 0) return;
  // The newest stands first and replaces the one before it, but once in 2ⁿ uses, for n kept: so the first ones survive too.
  if (touches.length > 0 && ++touched % 2 ** Math.min(touches.length, 16) !== 0) touches[0] = line;
  else touches.unshift(line);
  if (touches.length > leakSettings.touch) touches.splice(1, 1);
}

/** Level `strict`: notes where a record was disposed. */
export function noteDisposal(record: ResourceRecord, below: Function): void {
  const line = siteOf(record.kind.kind, capture(below))?.text;
  if (line !== undefined) detailsOf(record).disposedAt = line;
}
