/**
 * Upkeep: one timer a pool, for what is idle for too long, too old, or out for too long. Ticks are counted, not time: after a sleep of
 * the machine, or a blocked loop, nothing has aged by what no tick has seen. The timer holds neither the process nor the pool.
 */
import { host, unref } from '../runtime/host.ts';
import { LONGEST_DELAY } from '../runtime/turn.ts';

/** What is looked after: answers whether there is anything left to look after. */
export interface Kept {
  tick(): boolean;
}

const SHORTEST = 5;
const LONGEST = 30_000;
/** Ticks within the shortest of the times. */
const PARTS = 4;

export class Upkeep {
  /** Milliseconds between two ticks; Infinity where there is nothing to look after. */
  readonly period: number;
  /** Ticks so far. */
  ticks = 0;
  readonly #kept: WeakRef<Kept>;
  #running = false;

  constructor(kept: Kept, times: readonly number[]) {
    this.#kept = new WeakRef(kept);
    const shortest = Math.min(...times);
    this.period = shortest === Number.POSITIVE_INFINITY ? shortest : Math.min(Math.max(shortest / PARTS, SHORTEST), LONGEST);
  }

  /** What a time is in ticks: so many that it has passed for certain. */
  inTicks(time: number): number {
    return Math.ceil(time / this.period) + 1;
  }

  start(): void {
    if (this.#running || this.period === Number.POSITIVE_INFINITY) return;
    this.#running = true;
    this.#next();
  }

  #next(): void {
    unref(host.setTimeout(() => this.#tick(), Math.min(this.period, LONGEST_DELAY)));
  }

  #tick(): void {
    this.ticks++;
    this.#running = this.#kept.deref()?.tick() === true;
    if (this.#running) this.#next();
  }
}
