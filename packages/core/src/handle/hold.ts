/**
 * What stands behind a handle. A handle has one field, by a symbol: what is written in the constructor of a derived class by a symbol
 * costs less than a `#private` field does there (docs/decisions.md). All that changes stands in the object behind it, so that a frozen
 * handle can be disposed, and whoever copies a handle's properties, or wraps it in a Proxy, has made no second owner.
 *
 * Most handles live for a few lines. Such a one is *plain*: that object is all there is. It gets a record when it leaves the young
 * list, or at the first operation that needs one.
 */
import { voidToken } from '../leaks/ledger.ts';
import { CLOSED, ResourceRecord, YOUNG, type RecordKind } from '../leaks/record.ts';

/** The field of a handle. */
export const HOLD: unique symbol = Symbol('hold');

/**
 * What a handle holds. A class, never an object literal: V8 learns where literals live long and makes them old at birth, and no cheap
 * collection finds a token that an old object still points to.
 */
export class Hold {
  form: typeof PLAIN | typeof RECORDED | typeof ENDED;
  /** The raw of a plain handle; the record of another. */
  held: unknown;
  /** The kind of a plain handle; the token of a recorded one: as long as it can be found, so can the handle. */
  tie: unknown;

  constructor(form: typeof PLAIN | typeof RECORDED, held: unknown, tie: unknown) {
    this.form = form;
    this.held = held;
    this.tie = tie;
  }
}

/** Open, without a record. */
export const PLAIN = 0;
/** It has a record, which knows the rest. */
export const RECORDED = 1;
/** It was disposed while it was plain. */
export const ENDED = 2;

/** The record of a handle, made now if it has none. */
export function recordIn(hold: Hold): ResourceRecord {
  const { form } = hold;
  if (form === RECORDED) return hold.held as ResourceRecord;
  const record = new ResourceRecord(hold.tie as RecordKind, hold.held, undefined);
  if (form === PLAIN) record.tracking = YOUNG;
  else record.state = CLOSED;
  hold.form = RECORDED;
  hold.held = record;
  hold.tie = undefined;
  return record;
}

/** Ends the tie between a recorded handle and the ledger. */
export function letGo(hold: Hold): void {
  if (hold.tie === undefined) return;
  voidToken(hold.tie as object);
  hold.tie = undefined;
}
