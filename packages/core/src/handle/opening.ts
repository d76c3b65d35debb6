/**
 * Opening: the call of the platform, within a deadline and a signal. What is opened after its caller has gone is released, and only
 * then do its permits go back: until then the descriptor exists.
 */
import { AcquireTimeoutError } from '../errors/index.ts';
import type { SignalShape } from '../budget/wait.ts';
import { host, now } from '../runtime/host.ts';
import { LONGEST_DELAY } from '../runtime/turn.ts';
import { isThenable } from './lifecycle.ts';

/** Is thrown when the caller goes before the opener is done: `error` is for the caller, `late` the opener's own promise. */
export class LateOpening<T> {
  readonly error: unknown;
  readonly late: Promise<T>;

  constructor(error: unknown, late: Promise<T>) {
    this.error = error;
    this.late = late;
  }
}

/** How long an opening may take, and who may end it. */
export interface OpeningBounds {
  readonly signal: SignalShape | undefined;
  /** By the monotonic clock; Infinity where there is none. */
  readonly deadline: number;
  timedOut(): AcquireTimeoutError;
}

interface Controller {
  readonly signal: SignalShape;
  abort(reason?: unknown): void;
}
const AbortController = (globalThis as unknown as { AbortController?: new () => Controller }).AbortController;

/** Runs an opener within its bounds: resolves with the raw, rejects with its error, or with a LateOpening. */
export function openWithin<T>(open: (signal: SignalShape | undefined) => T | PromiseLike<T>, bounds: OpeningBounds): T | PromiseLike<T> {
  const { signal, deadline } = bounds;
  if (deadline === Number.POSITIVE_INFINITY && signal === undefined) return open(undefined);
  // The opener learns of either end by one signal.
  const controller = deadline === Number.POSITIVE_INFINITY || AbortController === undefined ? undefined : new AbortController();
  const opened = open(controller?.signal ?? signal);
  if (!isThenable(opened)) return opened as T;
  const late = Promise.resolve(opened as PromiseLike<T>);
  return new Promise((resolve, reject) => {
    const end = (error: unknown): void => {
      stop();
      reject(new LateOpening(error, late));
      controller?.abort(error);
    };
    const onAbort = (): void => end((signal as SignalShape).reason);
    const timer =
      deadline === Number.POSITIVE_INFINITY ? undefined : host.setTimeout(() => end(bounds.timedOut()), Math.min(Math.max(1, deadline - now()), LONGEST_DELAY));
    const stop = (): void => {
      host.clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
    signal?.addEventListener('abort', onAbort);
    late.then(
      (raw) => {
        stop();
        resolve(raw);
      },
      (error: unknown) => {
        stop();
        reject(error);
      },
    );
    if (signal?.aborted === true) onAbort();
  });
}
