/** How long someone waits for a step of an acquire, and who may end the wait. */
import type { SignalShape } from '../budget/wait.ts';
import { host, now } from '../runtime/host.ts';
import { LONGEST_DELAY } from '../runtime/turn.ts';

export interface Bounds {
  readonly signal: SignalShape | undefined;
  /** By the monotonic clock; Infinity where there is none. */
  readonly deadline: number;
}

/** What `promise` brings, or, where its wait ends before, a rejection: with the signal's reason, or with what `timedOut` makes. */
export function within<R>(promise: PromiseLike<R>, { signal, deadline }: Bounds, timedOut: () => unknown): Promise<R> {
  return new Promise((resolve, reject) => {
    const end = (error: unknown): void => {
      stop();
      reject(error);
    };
    const onAbort = (): void => end(signal?.reason);
    const expire = (): void => (now() < deadline ? start() : end(timedOut()));
    let timer: ReturnType<typeof host.setTimeout> | undefined;
    const start = (): void => {
      timer = host.setTimeout(expire, Math.min(Math.max(1, Math.ceil(deadline - now())), LONGEST_DELAY));
    };
    const stop = (): void => {
      host.clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
    // Also where it never ends: a waiting acquire keeps the process alive.
    start();
    signal?.addEventListener('abort', onAbort);
    promise.then((value) => {
      stop();
      resolve(value);
    }, end);
    if (signal?.aborted === true) onAbort();
  });
}
