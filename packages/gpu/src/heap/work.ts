/**
 * What the queue has not done yet. `destroy()` alone gives no memory back in a loop that never lets the queue finish, so what was
 * disposed, and what is being uploaded, counts until the queue is done with it. One watch runs at a time, for all of them.
 */
import type { WorkQueue } from './platform.ts';

/** Something that goes when the queue is done with it. */
interface Pending {
  /** It is done with as soon as a watch that began after this many submits has ended; undefined: with any that begins from now on. */
  after: number | undefined;
  readonly settle: () => void;
}

export class Work {
  #queue: WorkQueue | undefined;
  #submits = 0;
  readonly #pending: Set<Pending> = new Set();
  #watching: Promise<void> | undefined = undefined;
  #again = false;

  constructor(queue: WorkQueue) {
    this.#queue = queue;
  }

  /** What waits for the queue. */
  get size(): number {
    return this.#pending.size;
  }

  /** Commands were submitted: what was disposed before may be in them. */
  submitted(): void {
    this.#submits++;
    if (this.#pending.size > 0) void this.watch();
  }

  /** Of the queue itself (an upload): done with when the queue has come so far. */
  upload(settle: () => void): void {
    this.#pending.add({ after: undefined, settle });
    void this.watch();
  }

  /** Disposed: commands that were encoded before may be submitted still, so it waits for the next submit, and for that to be done. */
  retire(settle: () => void): void {
    this.#pending.add({ after: this.#submits, settle });
  }

  /** No more submits are waited for: room is needed, and whoever encodes across turns of the event loop keeps what it encodes with. */
  hurry(): void {
    for (const pending of this.#pending) pending.after = undefined;
  }

  /** Resolves when the queue has done what was given to it until now, and what waited for that has been settled. */
  watch(): Promise<void> {
    if (this.#watching !== undefined) {
      this.#again = true;
      return this.#watching.then(() => this.#watching);
    }
    const queue = this.#queue;
    if (queue === undefined) return Promise.resolve();
    const covered = [...this.#pending].filter(({ after }) => after === undefined || after < this.#submits);
    const settle = (): void => {
      this.#watching = undefined;
      for (const pending of covered) {
        if (!this.#pending.delete(pending)) continue;
        pending.settle();
      }
      const again = this.#again;
      this.#again = false;
      if (again && this.#pending.size > 0 && this.#watching === undefined) void this.watch();
    };
    // It rejects where the device is lost: then everything is settled by `drop`.
    return (this.#watching = queue.onSubmittedWorkDone().then(settle, settle));
  }

  /** The device is gone, and all it had to do with it. */
  drop(): void {
    this.#queue = undefined;
    const all = [...this.#pending];
    this.#pending.clear();
    for (const { settle } of all) settle();
  }

  /** Another device. */
  attach(queue: WorkQueue): void {
    this.#queue = queue;
  }
}
