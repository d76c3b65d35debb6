/**
 * The life of a record after it was acquired: open → closing → closed, or moved. Closing starts at once and refuses new uses; the
 * release runs when the last use in flight has ended and the last child is gone; then permits are refunded, in that order.
 *
 * The state changes before any code of the kind's author runs, so that a dispose inside a release finds nothing to do.
 */
import { refundCharges, type Charge } from '../budget/account.ts';
import { channel } from '../leaks/events.ts';
import { leaveFlow } from '../leaks/following.ts';
import { untrack } from '../leaks/ledger.ts';
import { CLOSED, CLOSING, detailsOf, isOpen, RELEASING, type Details, type MOVED, type RecordKind, type ResourceRecord } from '../leaks/record.ts';
import { reportFailure } from '../leaks/failures.ts';
import { adjustExternalMemory } from '../memory/gauge.ts';

/** What the life of a record needs of its kind. */
export interface LiveKind extends RecordKind {
  readonly releasesAsync: boolean;
  /** Gives the raw back, by the code of the kind's author. */
  releaseRaw(raw: unknown): unknown;
}

const acquisitions = channel('acquire');
const disposals = channel('dispose');

/** True while somebody listens to acquisitions: then each resource has details of its own. */
export function announces(): boolean {
  return acquisitions !== undefined && acquisitions.hasSubscribers;
}

/** Tells the channel that a resource has come; `end` tells that it has gone. */
export function announce(record: ResourceRecord): void {
  if (announces()) acquisitions?.publish({ kind: record.kind.kind, label: record.details?.label, id: record.details?.id });
}

/**
 * Starts to close an open record, and releases it now if nothing holds it. Throws what a release that ran within the call threw;
 * by then the record is closed and refunded all the same.
 */
export function close(record: ResourceRecord): void {
  record.state = CLOSING;
  if (record.uses === 0 && (record.details === undefined || record.details.children === 0)) finish(record);
}

/** The same where nobody stands by to catch: what the release threw is told. Never throws. */
export function closeQuietly(record: ResourceRecord): void {
  try {
    close(record);
  } catch (error) {
    tell(record, error);
  }
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
  if (details?.owners === undefined || !passOn(record, details, details.owners)) {
    release(record);
    return;
  }
  record.raw = undefined;
  record.state = CLOSED;
  details.closing?.resolve();
  // Last, when all is as it will be: what a cache alone is left with may be released at once.
  if (details.owners.size === 1) for (const last of details.owners) last.details?.alone?.noteAlone();
}

/** Where others share the resource, one of them holds from now on what this one held. False for the last one out, who releases. */
function passOn(record: ResourceRecord, details: Details, owners: Set<ResourceRecord>): boolean {
  owners.delete(record);
  for (const heir of owners) {
    const inherited = detailsOf(heir);
    // A cache's own record inherits after all users, so that the error of a full budget names their lines.
    if (inherited.alone !== undefined && owners.size > 1) continue;
    inherited.charge ??= details.charge;
    inherited.bytes += details.bytes;
    details.charge = undefined;
    details.bytes = 0;
    return true;
  }
  return false;
}

function release(record: ResourceRecord): void {
  const kind = record.kind as LiveKind;
  const { raw } = record;
  record.state = kind.releasesAsync ? RELEASING : CLOSED;
  record.raw = undefined;
  let pending: PromiseLike<unknown> | undefined;
  try {
    const result = kind.releaseRaw(raw);
    if (isThenable(result)) pending = result;
  } catch (error) {
    end(record, CLOSED);
    throw error;
  }
  if (pending !== undefined && kind.releasesAsync) {
    // By a promise of the runtime's own: a thenable that calls back twice must not give back twice.
    Promise.resolve(pending).then(
      () => {
        end(record, CLOSED);
        record.details?.closing?.resolve();
      },
      (error: unknown) => {
        end(record, CLOSED);
        tell(record, error);
      },
    );
    return;
  }
  end(record, CLOSED);
  if (pending !== undefined) refusePromise(kind, pending);
  record.details?.closing?.resolve();
}

/** Releases the raw of a plain handle: nothing else was held. Throws what the release threw. */
export function releasePlain(kind: LiveKind, raw: unknown): void {
  const result = kind.releaseRaw(raw);
  if (disposals !== undefined && disposals.hasSubscribers) disposals.publish({ kind: kind.kind, label: undefined, id: undefined });
  if (result !== undefined && !kind.releasesAsync && isThenable(result)) refusePromise(kind, result);
}

function refusePromise(kind: LiveKind, result: PromiseLike<unknown>): never {
  // Its rejection must not end the process: the mistake itself is told.
  Promise.resolve(result).catch(() => {});
  throw new TypeError(`The release of kind '${kind.kind}' returned a promise, which nobody awaits. Define the kind with defineAsyncResource.`);
}

/** The end of a resource as Handback's, released or handed to the caller: what it held goes back. */
export function end(record: ResourceRecord, state: typeof CLOSED | typeof MOVED): void {
  const { details } = record;
  record.state = state;
  if (disposals !== undefined && disposals.hasSubscribers) disposals.publish({ kind: record.kind.kind, label: details?.label, id: details?.id });
  if (details !== undefined) giveBack(details);
}

/** Gives back what a resource held, or was to hold, and lets a waiting parent go on. Called once. */
export function giveBack(details: Details): void {
  const { charge, bytes, parent } = details;
  // Bytes and parent stay: reports read them.
  details.charge = undefined;
  leaveFlow(details);
  if (bytes > 0) adjustExternalMemory(-bytes);
  refundCharges(charge as Charge | undefined);
  if (parent === undefined) return;
  detailsOf(parent).children--;
  finishIfDue(parent);
}

/** Tells of a release that failed: whoever asked for `disposeAsync`, else those who listen. Never an unhandled rejection. */
function tell(record: ResourceRecord, error: unknown): void {
  const closing = record.details?.closing;
  if (closing !== undefined) closing.reject(error);
  else reportFailure(record, error);
}

/** Releases what has leaked: the fallback's closer. Never throws. */
export function reclaimLeaked(record: ResourceRecord): void {
  if (isOpen(record)) closeQuietly(record);
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return value !== null && (typeof value === 'object' || typeof value === 'function') && typeof (value as { then?: unknown }).then === 'function';
}
