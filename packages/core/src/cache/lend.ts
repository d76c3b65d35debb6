/**
 * Lending: a user's handle is one more owner of the resource beside the cache's own. When all others have left, the cache's own
 * record is told, and the entry is idle: also when the last one was forgotten, and found by the collector.
 */
import { shareRecord, type AsyncHandle } from '../handle/async-handle.ts';
import { detailsOf, type AloneListener, type Details, type ResourceRecord } from '../leaks/record.ts';
import type { Entry } from './entry.ts';

/** Stands in the record of a cache's own handle, from which nothing may lead to the handle: so it knows its entry weakly. */
class Alone<H extends AsyncHandle<unknown>> implements AloneListener {
  readonly #entry: WeakRef<Entry<H>>;
  readonly #cache: WeakRef<Lender<H>>;

  constructor(entry: Entry<H>, cache: Lender<H>) {
    this.#entry = new WeakRef(entry);
    this.#cache = new WeakRef(cache);
  }

  noteAlone(): void {
    const entry = this.#entry.deref();
    if (entry !== undefined) this.#cache.deref()?.rest(entry);
  }
}

/** Who lends, and is told when an entry has come back from all who had it. */
export interface Lender<H extends AsyncHandle<unknown>> {
  rest(entry: Entry<H>): void;
}

/** Has the lender told whenever the record of its own handle is left alone. */
export function tellWhenAlone<H extends AsyncHandle<unknown>>(entry: Entry<H>, record: ResourceRecord, lender: Lender<H>): void {
  detailsOf(record).alone = new Alone(entry, lender);
}

/** True where nobody but the cache holds the resource. */
export function isAlone(record: ResourceRecord): boolean {
  const owners = record.details?.owners;
  return owners === undefined || (owners.size === 1 && owners.has(record));
}

/** Makes a handle for a user. Throws what the constructor of a class of the author's own throws; then nothing is lent. */
export function lend<H extends AsyncHandle<unknown>>(own: ResourceRecord, details: Details): H {
  const shared = detailsOf(own);
  // What it costs is held by who uses it; the cache's own record inherits it when all have left.
  details.charge = shared.charge;
  shared.charge = undefined;
  return shareRecord<H>(own, details);
}
