/**
 * What the queue has not done yet. `destroy()` alone gives no memory back in a loop that never lets the queue finish, so what was
 * disposed, and what is being uploaded, counts until the queue is done with it. One watch runs at a time, for all of them.
 */
import type { WorkQueue } from './platform.ts';

/** Something that goes when the queue is done with it. */
interface Pending {
  /** Called once. `hurried`: commands that use it may be submitted yet, since nothing was submitted after it was disposed. */
  readonly settle: (hurried: boolean) => void;
  /** A watch covers it once so many submits were made. */
  due: number;
  hurried: boolean;
}

export class Work {
  #queue: WorkQueue | undefined;
  #submits = 0;
  readonly #pending: Set<Pending> = new Set();
  #watching: Promise<void> | undefined = undefined;
  #next: Promise<void> | undefined = undefined;
  #timer: ReturnType<typeof setTimeout> | undefined = undefined;
  /** Ends the watch: by the queue, or when the device is lost. */
  #end: () => void = () => {};

  constructor(queue: WorkQueue) {
    this.#queue = queue;
  }

  /** Commands were submitted: what was disposed before may be in them. */
  submitted(): void {
    this.#submits++;
    if (this.#pending.size > 0) this.#later();
  }

  /**
   * In no commands that are not submitted yet, as an upload is not: done with when the queue has come so far. What is answered ends
   * the wait; `settle` is not called then.
   */
  soon(settle: () => void): () => void {
    const pending = this.#add(settle, this.#submits);
    this.#later();
    return () => this.#pending.delete(pending);
  }

  /** Disposed: commands that were encoded before may be submitted still, so it waits for the next submit, and for that to be done. */
  retire(settle: (hurried: boolean) => void): void {
    this.#add(settle, this.#submits + 1);
  }

  /** No more submits are waited for; `inDoubt`: though one may come. */
  hurry(inDoubt: boolean): void {
    for (const pending of this.#pending) {
      if (pending.due <= this.#submits) continue;
      pending.due = this.#submits;
      pending.hurried = inDoubt;
    }
  }

  /** Resolves when the queue has done what was given to it until now, and what waited for that has been settled. */
  watch(): Promise<void> {
    if (this.#watching === undefined) return this.#watch();
    // The watch that runs began before this call, and may not cover what the call is about.
    return (this.#next ??= this.#watching.then(() => {
      this.#next = undefined;
      return this.#watching ?? this.#watch();
    }));
  }

  /** A watch for each upload would cost more than the upload: who needs room begins one, else it is one a turn of the event loop. */
  #later(): void {
    if (this.#watching !== undefined) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (this.#watching === undefined) void this.#watch();
    });
  }

  #watch(): Promise<void> {
    const queue = this.#queue;
    if (queue === undefined) return Promise.resolve();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const covered = [...this.#pending].filter(({ due }) => due <= this.#submits);
    return (this.#watching = new Promise((resolve) => {
      const end = (): void => {
        if (this.#end !== end) return;
        this.#end = () => {};
        this.#watching = undefined;
        for (const pending of covered) if (this.#pending.delete(pending)) pending.settle(pending.hurried);
        resolve();
        for (const { due } of this.#pending) {
          if (due > this.#submits) continue;
          this.#later();
          break;
        }
      };
      this.#end = end;
      // It may reject where the device is lost: `drop` has settled everything then.
      queue.onSubmittedWorkDone().then(end, end);
    }));
  }

  /** The device is gone, and all it had to do with it. */
  drop(): void {
    this.#queue = undefined;
    const all = [...this.#pending];
    this.#pending.clear();
    for (const { settle } of all) settle(false);
    this.#end();
  }

  /** Another device. */
  attach(queue: WorkQueue): void {
    this.#queue = queue;
  }

  #add(settle: (hurried: boolean) => void, due: number): Pending {
    const pending = { settle, due, hurried: false };
    this.#pending.add(pending);
    return pending;
  }
}
