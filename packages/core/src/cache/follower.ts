/** An acquire that waits for an opening that it may share with others: it goes by its own signal and time-out, and takes nothing from them. */
import type { WaitOptions } from '../budget/admit.ts';
import type { SignalShape } from '../budget/wait.ts';
import type { AsyncHandle } from '../handle/async-handle.ts';
import type { Details } from '../leaks/record.ts';
import { host, type Timer } from '../runtime/host.ts';
import { LONGEST_DELAY } from '../runtime/turn.ts';
import type { Entry } from './entry.ts';

export class Follower<H> {
  /** The label and the line of who acquires. */
  readonly details: Details;
  /** It said itself how long it waits: that a line has stalled does not end it. */
  readonly hasTimeout: boolean;
  readonly #resolve: (handle: H) => void;
  readonly #reject: (error: unknown) => void;
  readonly #signal: SignalShape | undefined;
  #onAbort: (() => void) | undefined = undefined;
  #timer: Timer | undefined = undefined;

  constructor(details: Details, options: WaitOptions, resolve: (handle: H) => void, reject: (error: unknown) => void) {
    this.details = details;
    this.hasTimeout = options.timeout !== undefined;
    this.#signal = options.signal as SignalShape | undefined;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** Calls `leave` with the reason when the signal fires, or with what `timedOut` makes when the time is over. */
  watch(timeout: number | undefined, leave: (error: unknown) => void, timedOut: () => unknown): void {
    const signal = this.#signal;
    if (signal !== undefined) signal.addEventListener('abort', (this.#onAbort = () => leave(signal.reason)));
    if (timeout === undefined || timeout === Number.POSITIVE_INFINITY) return;
    this.#timer = host.setTimeout(() => leave(timedOut()), Math.min(Math.max(1, timeout), LONGEST_DELAY));
  }

  /** Settles with the handle that `make` makes, or with what it throws. */
  give(make: () => H): void {
    this.#unwatch();
    try {
      this.#resolve(make());
    } catch (error) {
      this.#reject(error);
    }
  }

  refuse(error: unknown): void {
    this.#unwatch();
    this.#reject(error);
  }

  #unwatch(): void {
    host.clearTimeout(this.#timer);
    if (this.#onAbort !== undefined) this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#onAbort = undefined;
  }
}

/** Waits for the opening of an entry. The last one to leave tells it to stop. */
export function follow<H extends AsyncHandle<unknown>>(entry: Entry<H>, details: Details, options: WaitOptions): Promise<H> {
  return new Promise((resolve, reject) => {
    const follower = new Follower<H>(details, options, resolve, reject);
    entry.followers.add(follower);
    const leave = (error: unknown): void => {
      if (!entry.followers.delete(follower)) return;
      follower.refuse(error);
      if (entry.followers.size === 0) entry.attempt?.stop(error);
    };
    follower.watch(options.timeout, leave, () => entry.attempt?.timedOut(options.timeout as number));
  });
}
