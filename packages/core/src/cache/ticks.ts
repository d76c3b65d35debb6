/**
 * Idle time, counted in ticks: a process that was suspended, or a loop that was blocked, has let pass one tick, however far the clock
 * has gone, so nothing is evicted for time in which nobody could have used it. The timer does not keep the process alive, and knows
 * its owner weakly. It is not cleared when nothing is idle any more but runs out: to start and clear one at each use of a hot entry
 * would cost more than the use.
 */
import { host, unref, type Timer } from '../runtime/host.ts';
import { LONGEST_DELAY } from '../runtime/turn.ts';

/** In how many ticks a time-out passes: it comes late by one of them at most. */
const PARTS = 8;

export class Ticks {
  count = 0;
  readonly #needed: number;
  readonly #delay: number;
  readonly #onTick: () => boolean;
  readonly #self: WeakRef<Ticks> = new WeakRef(this);
  #timer: Timer | undefined = undefined;

  /** `onTick` answers whether another tick is needed. */
  constructor(timeout: number, onTick: () => boolean) {
    this.#needed = Math.max(PARTS, Math.ceil(timeout / LONGEST_DELAY));
    this.#delay = timeout / this.#needed;
    this.#onTick = onTick;
  }

  start(): void {
    this.#timer ??= unref(host.setTimeout(later(this.#self), this.#delay));
  }

  stop(): void {
    host.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** True when the time-out has passed since the count was `since`; the tick that ran then does not count, being over in part. */
  havePassedSince(since: number): boolean {
    return this.count - since > this.#needed;
  }

  /** @internal For the timer. */
  tick(): void {
    this.#timer = undefined;
    this.count++;
    if (this.#onTick()) this.start();
  }
}

function later(ticks: WeakRef<Ticks>): () => void {
  return () => ticks.deref()?.tick();
}
