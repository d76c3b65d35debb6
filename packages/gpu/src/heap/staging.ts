/**
 * Uploads. The device copies what is written to memory of its own, and keeps that until the queue has come so far; so it is counted,
 * in a share of the budget that textures cannot take: else full textures would wait for uploads that wait for them.
 */
import type { Budget, Permit, Signal } from '@handback/core';
import type { Work } from './work.ts';

/** A part of an upload, and how it is written. */
export interface Piece {
  readonly bytes: number;
  readonly write: () => void;
}

/** So many bytes are begun with at once. */
const FLUSH = 2 ** 20;

export class Staging {
  readonly #budget: Budget;
  readonly #work: Work;
  readonly #flush: () => void;
  /** Bytes since the last flush. */
  #held = 0;
  /** The upload that waits in line now: those that come later wait for it, since the queue has an order. */
  #last: Promise<void> | undefined = undefined;

  /** `flush` has the queue begin with what it was given. */
  constructor(budget: Budget, work: Work, flush: () => void) {
    this.#budget = budget;
    this.#work = work;
    this.#flush = flush;
  }

  /** The most bytes of one piece. */
  get pieceBytes(): number {
    return this.#budget.stats().capacity;
  }

  /** Writes a piece within the call, if it is its turn and there is room. */
  tryUpload(piece: Piece, signal: Signal | undefined): boolean {
    (signal as AbortSignal | undefined)?.throwIfAborted();
    const permit = this.#last === undefined ? this.#budget.tryAcquire(piece.bytes) : undefined;
    if (permit !== undefined) this.#write(piece, permit);
    return permit !== undefined;
  }

  /** Writes the pieces in order: within the call as far as there is room, then as the queue makes it. */
  upload(pieces: Iterator<Piece>, signal: Signal | undefined): Promise<void> {
    (signal as AbortSignal | undefined)?.throwIfAborted();
    let next = pieces.next();
    if (this.#last === undefined) {
      for (; next.done !== true; next = pieces.next()) {
        const permit = this.#budget.tryAcquire(next.value.bytes);
        if (permit === undefined) break;
        this.#write(next.value, permit);
      }
      if (next.done === true) return Promise.resolve();
    }
    const before = this.#last ?? Promise.resolve();
    const running = this.#uploadLater(orAborted(before, signal), next, pieces, signal);
    // One that was aborted lets nobody before those that it waited for.
    const done: Promise<void> = Promise.allSettled([before, running]).then(() => {
      if (this.#last === done) this.#last = undefined;
    });
    this.#last = done;
    return running;
  }

  /** Resolves when all uploads that were asked for have been given to the queue, or have failed. */
  async written(): Promise<void> {
    await this.#last;
  }

  async #uploadLater(before: Promise<void>, first: IteratorResult<Piece>, pieces: Iterator<Piece>, signal: Signal | undefined): Promise<void> {
    await before;
    for (let next = first; next.done !== true; next = pieces.next()) {
      const permit = this.#budget.tryAcquire(next.value.bytes) ?? this.#room(next.value.bytes, signal);
      this.#write(next.value, await permit);
    }
  }

  #room(bytes: number, signal: Signal | undefined): Promise<Permit> {
    const permit = this.#budget.acquire(bytes, { signal, label: 'upload' });
    void this.#work.watch();
    return permit;
  }

  #write({ bytes, write }: Piece, permit: Permit): void {
    try {
      write();
    } catch (error) {
      permit.dispose();
      throw error;
    }
    this.#work.soon(() => permit.dispose());
    // Dawn begins at a submit or a wait: told early, it uses the memory of the first uploads again, in half the time.
    this.#held += bytes;
    if (this.#held < FLUSH) return;
    this.#held = 0;
    this.#flush();
  }
}

/** The promise, or what the signal ends it with. */
function orAborted(promise: Promise<void>, signal: Signal | undefined): Promise<void> {
  const caller = signal as AbortSignal | undefined;
  if (caller === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(caller.reason);
    caller.addEventListener('abort', abort);
    void promise.then(() => {
      caller.removeEventListener('abort', abort);
      resolve();
    });
  });
}
