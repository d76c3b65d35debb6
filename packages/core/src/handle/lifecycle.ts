/**
 * The life of a record after it was acquired: open → closing → closed, or moved. Closing starts at once and refuses new uses; the
 * release runs when the last use in flight has ended and the last child is gone; then permits are refunded, in that order.
 *
 * The state changes before any code of the kind's author runs, so that a dispose inside a release finds nothing to do.
 */
import { refundCharges, type Charge } from '../budget/account.ts';
import { channel, emit } from '../leaks/events.ts';
import { untrack } from '../leaks/ledger.ts';
import { leakSettings } from '../leaks/levels.ts';
import { CLOSED, CLOSING, detailsOf, isOpen, RELEASING, type Details, type RecordKind, type ResourceRecord } from '../leaks/record.ts';
import { codeOf } from '../leaks/report.ts';
import { adjustExternalMemory } from '../memory/gauge.ts';
import { host, now } from '../runtime/host.ts';

/** What the life of a record needs of its kind. */
export interface LiveKind extends RecordKind {
  readonly releasesAsync: boolean;
  release(raw: unknown): unknown;
}

const disposals = channel('dispose');

/**
 * Starts to close an open record, and releases it now if nothing holds it. Throws what a release that ran within the call threw;
 * by then the record is closed and refunded all the same.
 */
export function close(record: ResourceRecord): void {
  record.state = CLOSING;
  if (record.uses === 0 && (record.details === undefined || record.details.children === 0)) finish(record);
}

/** The last step of a use: the release runs now if it waited for this one. Never throws. */
export function endUse(record: ResourceRecord): void {
  if (--record.uses > 0) return;
  if (record.details !== undefined) record.details.pinned = undefined;
  finishIfDue(record);
}

function finishIfDue(record: ResourceRecord): void {
  if (record.state !== CLOSING || record.uses > 0 || (record.details?.children ?? 0) > 0) return;
  try {
    finish(record);
  } catch (error) {
    tell(record, error);
  }
}

function finish(record: ResourceRecord): void {
  untrack(record);
  const { details } = record;
  if (details !== undefined) {
    const source = details.source ?? record;
    // Another handle shares the resource: the last one out releases it.
    if (--detailsOf(source).owners > 0) {
      settle(record, details);
      return;
    }
    release(record, source, details);
    return;
  }
  release(record, record, undefined);
}

/** Releases the raw of `source` on behalf of `record`, the last of its owners. */
function release(record: ResourceRecord, source: ResourceRecord, details: Details | undefined): void {
  const kind = source.kind as LiveKind;
  const { raw } = source;
  record.state = kind.releasesAsync ? RELEASING : CLOSED;
  source.raw = undefined;
  record.raw = undefined;
  let result: unknown;
  try {
    const { release: releaseRaw } = kind;
    result = releaseRaw(raw);
  } catch (error) {
    released(record, source, details);
    throw error;
  }
  if (!isThenable(result)) {
    released(record, source, details);
    return;
  }
  if (kind.releasesAsync) {
    result.then(
      () => released(record, source, details),
      (error: unknown) => {
        // The promise of `disposeAsync` rejects: told first, so that `released` finds it settled.
        tell(record, error);
        released(record, source, details);
      },
    );
    return;
  }
  released(record, source, details);
  refusePromise(kind, result);
}

/** Releases the raw of a plain handle: nothing else was held. Throws what the release threw. */
export function releasePlain(kind: LiveKind, raw: unknown): void {
  const { release } = kind;
  const result = release(raw);
  if (disposals !== undefined && disposals.hasSubscribers) disposals.publish({ kind: kind.kind, label: undefined });
  if (isThenable(result)) refusePromise(kind, result);
}

function refusePromise(kind: LiveKind, result: PromiseLike<unknown>): never {
  // Its rejection must not end the process: the mistake itself is told.
  result.then(undefined, () => {});
  throw new TypeError(`The release of kind '${kind.kind}' returned a promise, which nobody awaits. Define the kind with defineAsyncResource.`);
}

/** Gives back what the resource held, and lets a waiting parent go on. */
function released(record: ResourceRecord, source: ResourceRecord, details: Details | undefined): void {
  const { details: held } = source;
  if (held !== undefined) {
    if (held.bytes > 0) adjustExternalMemory(-held.bytes);
    const { charge } = held;
    held.charge = undefined;
    if (charge !== undefined) refundCharges(charge as Charge);
  }
  settle(record, details);
  if (held?.parent !== undefined) releaseChild(held.parent);
}

/** One child of `parent` is gone, or never came to be. */
export function releaseChild(parent: ResourceRecord): void {
  detailsOf(parent).children--;
  finishIfDue(parent);
}

function settle(record: ResourceRecord, details: Details | undefined): void {
  record.state = CLOSED;
  details?.closing?.resolve();
  if (disposals !== undefined && disposals.hasSubscribers) disposals.publish({ kind: record.kind.kind, label: details?.label });
}

/** Tells of a release that failed: whoever asked for `disposeAsync`, else the subscribers. Never an unhandled rejection. */
function tell(record: ResourceRecord, error: unknown): void {
  const { details } = record;
  if (details?.closing !== undefined) details.closing.reject(error);
  else emitFailure(record, error, 'dispose');
}

function emitFailure(record: ResourceRecord, error: unknown, how: 'dispose' | 'finalizer'): void {
  const details = detailsOf(record);
  const { kind } = record.kind;
  emit({
    v: 1,
    event: 'release-error',
    kind,
    code: codeOf(kind),
    id: details.id,
    label: details.label,
    site: details.site && { key: details.site.key, frames: details.site.frames },
    touches: details.touches,
    disposedAt: details.disposedAt,
    bytes: details.bytes,
    ageMs: now() - details.born,
    count: { new: 1, total: 1 },
    how,
    level: leakSettings.level,
    parentId: details.parent?.details?.id,
    pid: host.process?.pid,
    error,
  });
}

/** Releases what has leaked: the fallback's closer. Never throws. */
export function reclaimLeaked(record: ResourceRecord): void {
  if (!isOpen(record)) return;
  try {
    close(record);
  } catch (error) {
    emitFailure(record, error, 'finalizer');
  }
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return value !== null && (typeof value === 'object' || typeof value === 'function') && typeof (value as { then?: unknown }).then === 'function';
}
