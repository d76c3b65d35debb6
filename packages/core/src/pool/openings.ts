/**
 * Openings: what a pool opens, for whom, and how many at once. Whoever waits for one to be opened is served by whatever comes first,
 * what was opened or what was returned, in order of arrival; so what is opened belongs to nobody until it is there, and what comes
 * when nobody waits any more is shelved. A failure reaches one who waits, with its cause; while openings keep failing the next one
 * begins after 1, 2, 4 … 256 ms.
 */
import pLimit from 'p-limit';
import { pause } from '../runtime/turn.ts';
import type { Entry } from './entry.ts';
import { Link, type Shelf } from './shelf.ts';

/** Someone who holds a slot and waits for an entry. */
export interface Opener<T, Request> {
  readonly request: Request;
  readonly promise: Promise<Entry<T>>;
  serve(entry: Entry<T>): void;
  refuse(error: unknown): void;
  /** Its place on its shelf; undefined once it has left. */
  place: Link<Opener<T, Request>> | undefined;
}

/** What openings need of their pool. */
export interface Opens<T, Request> {
  /** Admits and opens one. */
  open(request: Request): Promise<Entry<T>>;
  /** One more may exist: there is room, or room was made at once. */
  makePlace(): boolean;
  /** What was opened is there. */
  arrived(entry: Entry<T>, shelf: Shelf<T, Request>): void;
  /** An opening is over without an entry, its place free again. */
  ended(shelf: Shelf<T, Request>): void;
  /** The same, because it failed; told before, so that whoever hears of it finds the cause. */
  failed(error: unknown): void;
  readonly isClosed: boolean;
}

/** What an opening has failed with: an object, since anything may be thrown. */
export interface Failed {
  readonly error: unknown;
}

const LONGEST_PAUSE = 256;

export class Openings<T, Request> {
  readonly #pool: Opens<T, Request>;
  readonly #limit: ReturnType<typeof pLimit>;
  /** Those who wait for an entry to come. */
  waiting = 0;
  /** Begun, or waiting for their turn. Each has its place in the pool. */
  under = 0;
  /** Shelves whose openers lack a place. */
  readonly #starving: Set<Shelf<T, Request>> = new Set();
  /** Openings that have failed in a row. */
  #failures = 0;

  constructor(pool: Opens<T, Request>, atOnce: number) {
    this.#pool = pool;
    this.#limit = pLimit(atOnce);
  }

  /** Waits on a shelf for an entry. Whoever goes before it has come says so by `leave`. */
  join(shelf: Shelf<T, Request>, request: Request): Opener<T, Request> {
    let serve!: (entry: Entry<T>) => void;
    let refuse!: (error: unknown) => void;
    const promise = new Promise<Entry<T>>((resolve, reject) => {
      serve = resolve;
      refuse = reject;
    });
    // Whoever left does not hear of its end.
    promise.catch(() => {});
    const opener: Opener<T, Request> = { request, promise, serve, refuse, place: undefined };
    shelf.openers.add((opener.place = new Link(opener)));
    this.waiting++;
    this.#supply(shelf, request);
    return opener;
  }

  /** False for one who was served, or refused, before. */
  leave(shelf: Shelf<T, Request>, opener: Opener<T, Request>): boolean {
    if (opener.place === undefined) return false;
    shelf.openers.remove(opener.place);
    opener.place = undefined;
    this.waiting--;
    return true;
  }

  /** Gives an entry to who has waited for longest on its shelf; false where nobody does. */
  give(shelf: Shelf<T, Request>, entry: Entry<T>): boolean {
    const opener = shelf.openers.first?.member;
    if (opener === undefined) return false;
    this.leave(shelf, opener);
    opener.serve(entry);
    return true;
  }

  /** Refuses all who wait on a shelf. */
  refuseAll(shelf: Shelf<T, Request>, errorOf: () => unknown): void {
    for (let opener = shelf.openers.first?.member; opener !== undefined; opener = shelf.openers.first?.member) {
      this.leave(shelf, opener);
      opener.refuse(errorOf());
    }
  }

  /** Opens one ahead: for `min`, or a warm-up. Resolves when it is there, or with what has failed; never rejects. */
  ahead(shelf: Shelf<T, Request>, request: Request): Promise<Failed | undefined> {
    return this.#begin(shelf, request, false);
  }

  /** A place was freed: whoever has lacked one for longest goes on. */
  placeFreed(): void {
    for (const shelf of this.#starving) {
      this.#supply(shelf);
      if (this.#starving.has(shelf)) return;
    }
  }

  #lacks(shelf: Shelf<T, Request>): boolean {
    return shelf.opening < shelf.openers.size && !this.#pool.isClosed;
  }

  /** Begins openings until there is one for each who waits on a shelf, as far as there are places. Requests of one shelf serve each other. */
  #supply(shelf: Shelf<T, Request>, request?: Request): void {
    while (this.#lacks(shelf) && this.#pool.makePlace()) {
      // What was released to make the place may have served this shelf already.
      if (!this.#lacks(shelf)) break;
      const { member } = shelf.openers.first as Link<Opener<T, Request>>;
      void this.#begin(shelf, request ?? member.request, true);
    }
    // One that lacks a place still keeps its turn.
    if (this.#lacks(shelf)) this.#starving.add(shelf);
    else this.#starving.delete(shelf);
  }

  #begin(shelf: Shelf<T, Request>, request: Request, onDemand: boolean): Promise<Failed | undefined> {
    this.under++;
    shelf.opening++;
    return this.#limit(() => this.#open(shelf, request, onDemand));
  }

  async #open(shelf: Shelf<T, Request>, request: Request, onDemand: boolean): Promise<Failed | undefined> {
    let entry: Entry<T>;
    try {
      if (this.#failures > 1) await pause(Math.min(2 ** (this.#failures - 2), LONGEST_PAUSE));
      // Those it was for may have been served or have gone, while it waited for its turn.
      if (this.#pool.isClosed || (onDemand && shelf.openers.size === 0)) {
        this.#ended(shelf);
        return undefined;
      }
      entry = await this.#pool.open(request);
    } catch (error) {
      this.#failures++;
      this.#pool.failed(error);
      const opener = shelf.openers.first?.member;
      if (onDemand && opener !== undefined) {
        this.leave(shelf, opener);
        opener.refuse(error);
      }
      this.#ended(shelf);
      return { error };
    }
    this.#failures = 0;
    this.under--;
    shelf.opening--;
    this.#pool.arrived(entry, shelf);
    // A resize may have taken its place: whoever it was for still waits.
    this.#retry(shelf);
    return undefined;
  }

  /** One is over without an entry: its place is free for whoever has lacked one for longest. */
  #ended(shelf: Shelf<T, Request>): void {
    this.under--;
    shelf.opening--;
    this.#retry(shelf);
    this.#pool.ended(shelf);
  }

  /** Behind those of other shelves who have lacked a place for longer. */
  #retry(shelf: Shelf<T, Request>): void {
    if (this.#lacks(shelf)) this.#starving.add(shelf);
    this.placeFreed();
  }
}
