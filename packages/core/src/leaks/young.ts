/**
 * The young list. Most handles are disposed within the turn that made them, and registering each with a FinalizationRegistry costs
 * 15–25 times an allocation; so a new handle is only noted here first, strongly, in an array. What is still open when the turn ends,
 * or when the list is full, is promoted: registered, its stack formatted. No leak is missed, since nothing forgotten dies young.
 *
 * A disposal does not touch the list: the entry goes with the rest, at the latest at the end of the turn. The list is short on
 * purpose: what it holds ages with it, and old garbage costs full collections.
 */
import { afterTurn } from '../runtime/turn.ts';
import type { ResourceRecord } from './record.ts';

const LIMIT = 64;
const LIMIT_BYTES = 2 ** 20;

/** The name under which a class of owners (handles, permits) keeps its Breed, on its prototype. */
export const BREED: unique symbol = Symbol('breed');

/** How a class of owners keeps its tracking. */
export interface Breed {
  /** True while it is open and not in the ledger. */
  isYoung(owner: object): boolean;
  /** Its record, made now if it has none yet. */
  record(owner: object): ResourceRecord;
  /** Ties it to the census by a token that it alone holds. */
  anchor(owner: object, token: object): void;
}

/** What may be held in the young list. */
export interface Owner {
  readonly [BREED]: Breed;
}

type List = (Owner | undefined)[];

// Made anew whenever it is emptied: an array that has grown old costs a note to the collector for each young object put into it.
const emptyList = (): List => new Array<Owner | undefined>(LIMIT);
let owners: List = emptyList();
let top = 0;
let bytes = 0;
let scheduled = false;
let promoteOwner: (owner: Owner) => void;

/** Names the function that registers an owner with the collector. */
export function onPromotion(promote: (owner: Owner) => void): void {
  promoteOwner = promote;
}

/** Holds an owner until it is disposed or the turn ends. */
export function holdYoung(owner: Owner): void {
  if (top === LIMIT || !scheduled) prepare();
  owners[top++] = owner;
}

function prepare(): void {
  if (top === LIMIT) makeRoom();
  if (scheduled) return;
  scheduled = true;
  afterTurn(() => {
    scheduled = false;
    promoteYoung();
  });
}

// A list that is full of entries is seldom full of open owners: those few stay, and only a list that really is full is promoted.
function makeRoom(): void {
  const list = owners;
  const end = top;
  owners = emptyList();
  top = 0;
  takeOpen(list, end, keep);
  if (top > LIMIT / 2) promoteYoung();
}

function keep(owner: Owner): void {
  owners[top++] = owner;
}

/** Counts memory that the young hold outside the heap: a megabyte is reason enough not to wait for the end of the turn. */
export function weighYoung(added: number): void {
  bytes += added;
  if (bytes >= LIMIT_BYTES) promoteYoung();
}

/** Calls back for each owner in the list that is open. */
export function forEachYoung(visit: (owner: Owner) => void): void {
  visitOpen(owners, top, visit);
}

/**
 * Takes all out of a list that is dropped. V8 may have made the array old at birth, and a dead one that is old would keep all that it
 * points to from every cheap collection (a loop of forgotten handles ran seven times slower on Node 24).
 */
function takeOpen(list: List, end: number, visit: (owner: Owner) => void): void {
  visitOpen(list, end, visit);
  list.fill(undefined, 0, end);
}

function visitOpen(list: List, end: number, visit: (owner: Owner) => void): void {
  for (let index = 0; index < end; index++) {
    const owner = list[index] as Owner;
    if (owner[BREED].isYoung(owner)) visit(owner);
  }
}

/** Promotes all that are still open: from here on only the app's own references keep them alive. */
export function promoteYoung(promote: (owner: Owner) => void = promoteOwner): void {
  const list = owners;
  const end = top;
  owners = emptyList();
  top = 0;
  bytes = 0;
  takeOpen(list, end, promote);
}
