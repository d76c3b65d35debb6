/**
 * The young list. Most handles are disposed within the turn that made them, and registering each with a FinalizationRegistry costs
 * 15–25 times an allocation; so a new handle is held here first, strongly, in an array slot, and a dispose takes it out again in
 * constant time. What is still open when the turn ends, or when the list is full, is promoted: registered, its stack formatted.
 * No leak is missed, since nothing forgotten dies young.
 *
 * The list is short on purpose: what it holds ages with it, and old garbage costs full collections.
 */
import { afterTurn } from '../runtime/turn.ts';
import type { ResourceRecord } from './record.ts';

const LIMIT = 64;
const LIMIT_BYTES = 2 ** 20;

/** How a sort of owner (handles, permits) keeps its tracking: its record, its slot, and the token that ties it to the census. */
export interface Breed {
  record(owner: object): ResourceRecord;
  place(owner: object, slot: number): void;
  anchor(owner: object, token: object): void;
}

const owners: (object | undefined)[] = new Array<object | undefined>(LIMIT).fill(undefined);
const breeds: (Breed | undefined)[] = new Array<Breed | undefined>(LIMIT).fill(undefined);
let top = 0;
let bytes = 0;
let scheduled = false;
let promoteOwner: (owner: object, breed: Breed) => void;

/** Names the function that registers an owner with the collector. */
export function onPromotion(promote: (owner: object, breed: Breed) => void): void {
  promoteOwner = promote;
}

/** Holds an owner until it is disposed or the turn ends; answers its slot. */
export function holdYoung(owner: object, breed: Breed): number {
  if (top === LIMIT) makeRoom();
  if (!scheduled) schedule();
  owners[top] = owner;
  breeds[top] = breed;
  return top++;
}

/** Takes an owner out again. Disposal in reverse order, as `using` does it, leaves no holes. */
export function releaseYoung(slot: number): void {
  owners[slot] = undefined;
  if (slot === top - 1) top = slot;
}

/** Counts memory that the young hold outside the heap: a megabyte is reason enough not to wait for the end of the turn. */
export function weighYoung(added: number): void {
  bytes += added;
  if (bytes >= LIMIT_BYTES) promoteYoung();
}

/** Calls back for each owner in the list. */
export function forEachYoung(visit: (owner: object, breed: Breed) => void): void {
  for (let slot = 0; slot < top; slot++) {
    const owner = owners[slot];
    if (owner !== undefined) visit(owner, breeds[slot] as Breed);
  }
}

/** Promotes all that are still open: from here on only the app's own references keep them alive. */
export function promoteYoung(promote: (owner: object, breed: Breed) => void = promoteOwner): void {
  const end = top;
  top = 0;
  bytes = 0;
  for (let slot = 0; slot < end; slot++) {
    const owner = owners[slot];
    owners[slot] = undefined;
    if (owner !== undefined) promote(owner, breeds[slot] as Breed);
  }
}

// Disposal out of order leaves holes; only a list that is really full has grown old.
function makeRoom(): void {
  let kept = 0;
  for (let slot = 0; slot < LIMIT; slot++) {
    const owner = owners[slot];
    if (owner === undefined) continue;
    const breed = breeds[slot] as Breed;
    owners[slot] = undefined;
    owners[kept] = owner;
    breeds[kept] = breed;
    breed.place(owner, kept++);
  }
  top = kept;
  if (kept > LIMIT / 2) promoteYoung();
}

function schedule(): void {
  scheduled = true;
  afterTurn(() => {
    scheduled = false;
    promoteYoung();
  });
}
