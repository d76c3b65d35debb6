/** Keeps `min` open: opens ahead in the background, and again after a failure, each time later. The timer holds neither the process nor the pool. */
import { host, unref } from '../runtime/host.ts';

/** What is to be filled. */
export interface Filled {
  /** Begins openings until there are `min`. */
  openAhead(): void;
}

/** Milliseconds before `min` is tried for again after a failure: from, and up to. */
const FROM = 100;
const TO = 30_000;

export class Filling {
  readonly #filled: WeakRef<Filled>;
  #pause = FROM;
  /** An opening has failed: nothing is begun before the timer fires. */
  #waits = false;

  constructor(filled: Filled) {
    this.#filled = new WeakRef(filled);
  }

  fill(): void {
    if (!this.#waits) this.#filled.deref()?.openAhead();
  }

  /** An opening has come: the next failure is the first again. */
  succeeded(): void {
    this.#pause = FROM;
  }

  /** An opening has failed: fills again after a while, with jitter. */
  fillLater(): void {
    if (this.#waits) return;
    this.#waits = true;
    const delay = this.#pause * (0.5 + Math.random() / 2);
    this.#pause = Math.min(2 * this.#pause, TO);
    const again = (): void => {
      this.#waits = false;
      this.fill();
    };
    unref(host.setTimeout(again, delay));
  }
}
