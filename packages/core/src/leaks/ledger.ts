/**
 * The ledger: all records that left the young list, in a strong list of records, and the two ways in which a handle is found to be
 * forgotten: the finalizer, which needs a turn of the event loop, and the census, which needs none.
 *
 * On Node 20–24 whatever is registered, or behind a WeakRef, survives every minor collection. So neither handle nor token is
 * registered but a *sentinel*: the token points to it and nothing points back, and the handle can die young.
 */
import { createCensus, inspectHook, type Counted } from '../runtime/census.ts';
import { detailsOf, IN_LEDGER, isOpen, ResourceRecord, UNTRACKED, type Found } from './record.ts';
import { noteLeak, reportLeaks } from './report.ts';
import { siteOf } from './site.ts';
import { BREED, forEachYoung, onPromotion, promoteYoung, type Owner } from './young.ts';

const census = createCensus<ResourceRecord>();

/** Owned by a handle and by nothing else. It lets go of its record when the handle is disposed or moved. */
class Token implements Counted<ResourceRecord> {
  record: ResourceRecord | undefined;
  sentinel: object | undefined = undefined;

  constructor(record: ResourceRecord) {
    this.record = record;
  }

  /** Called by the census for each living token. What it finds alive for the first time is registered now. */
  [inspectHook](): string {
    const { record } = this;
    if (record !== undefined) {
      census.note(record);
      if (this.sentinel === undefined) register(this, record);
    }
    return '';
  }
}

/** A token that is never let go of: a census that misses it has gone wrong, and whom else it misses is not dead. */
const witness = new Token(new ResourceRecord({ kind: 'witness', reclaim: () => {}, describe: () => undefined }, undefined, undefined));
witness.sentinel = {};
census.enter(witness);
/** Set when a census missed the witness: from then on only finalizers are believed. */
let distrusted = false;

const registry = new FinalizationRegistry<ResourceRecord>((record) => {
  const details = record.details;
  if (details !== undefined) details.registered = false;
  found(record, 'finalizer');
  queueReport();
});

let queued = false;
function queueReport(): void {
  if (queued) return;
  queued = true;
  // One report for all finalizers of a turn, so that the children of a leaked parent are folded.
  void Promise.resolve().then(() => {
    queued = false;
    reportLeaks();
  });
}

function register(token: Token, record: ResourceRecord): void {
  token.sentinel = {};
  detailsOf(record).registered = true;
  registry.register(token.sentinel, record, record);
}

let first: ResourceRecord | undefined;

function enter(owner: Owner): Token {
  const breed = owner[BREED];
  const record = breed.record(owner);
  const details = detailsOf(record);
  formatTrace(record);
  record.tracking = IN_LEDGER;
  details.after = first;
  if (first !== undefined) detailsOf(first).before = record;
  first = record;
  const token = new Token(record);
  census.enter(token);
  breed.anchor(owner, token);
  return token;
}

/** Reads a capture, so that the receivers of its frames can be collected. */
export function formatTrace(record: ResourceRecord): void {
  const { details } = record;
  if (details?.trace === undefined) return;
  details.site = siteOf(record.kind.kind, details.trace);
  details.trace = undefined;
}

onPromotion((owner) => {
  const token = enter(owner);
  register(token, token.record as ResourceRecord);
});

/** Takes a record out of all tracking: it was disposed, moved, detached, or found. */
export function untrack(record: ResourceRecord): void {
  const { tracking } = record;
  record.tracking = UNTRACKED;
  if (tracking === IN_LEDGER) leave(record);
}

function leave(record: ResourceRecord): void {
  const details = detailsOf(record);
  const { before, after } = details;
  if (before === undefined) first = after;
  else detailsOf(before).after = after;
  if (after !== undefined) detailsOf(after).before = before;
  details.before = details.after = undefined;
  if (details.registered) {
    details.registered = false;
    registry.unregister(record);
  }
}

/** Ends the tie between a token and its record, when the handle that owns the token is no longer the owner. */
export function voidToken(token: object | undefined): void {
  if (token instanceof Token) token.record = undefined;
}

/** Calls back for every record of this copy, the young included. */
export function forEachRecord(visit: (record: ResourceRecord) => void): void {
  for (let record = first; record !== undefined; record = record.details?.after) visit(record);
  forEachYoung((owner) => visit(owner[BREED].record(owner)));
}

/** Lets go of the young before a collection. They are registered only if the census finds them alive after it. */
export function promoteForSweep(): void {
  if (!distrusted && census.isTrusted()) promoteYoung(enter);
  else promoteYoung();
}

/** After a collection: releases and reports every record whose handle is gone. Undefined where that cannot be known within the job. */
export function sweepLedger(): number | undefined {
  const living = distrusted ? undefined : census.living();
  if (living === undefined) return undefined;
  if (!living.has(witness.record as ResourceRecord)) {
    // The census was tested once; since then somebody has put another `util.inspect` in place, say.
    distrusted = true;
    return undefined;
  }
  // Gathered first: each release takes records out of the list, a parent's with its last child's.
  const dead: ResourceRecord[] = [];
  for (let record = first; record !== undefined; record = record.details?.after) {
    if (!living.has(record)) dead.push(record);
  }
  let count = 0;
  for (const record of dead) if (found(record, 'sweep')) count++;
  reportLeaks();
  return count;
}

/**
 * Releases what has leaked. What is closing already was disposed; what is in use is never closed, whatever a weak reference says:
 * its operation still runs on the raw.
 */
function found(record: ResourceRecord, how: Found): boolean {
  if (!isOpen(record) || record.uses > 0 || record.tracking !== IN_LEDGER) return false;
  detailsOf(record).leaked = how;
  noteLeak(record, how);
  record.kind.reclaim(record);
  return true;
}
