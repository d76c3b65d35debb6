/**
 * Signals that end many operations: one listener each, however many operations there are. Node 20 warns of a leak from the eleventh
 * listener on, and each new one is compared to all before it.
 */
interface Watch {
  readonly callbacks: Set<{ readonly run: () => void }>;
  readonly listener: () => void;
}

const watches = new WeakMap<AbortSignal, Watch>();

/** Calls back when the signal fires, or now if it has; answers how to end that. */
export function onAbort(signal: AbortSignal | undefined, run: () => void): () => void {
  if (signal === undefined || signal.aborted) {
    if (signal !== undefined) run();
    return () => {};
  }
  const watch = watches.get(signal) ?? startWatch(signal);
  const callback = { run };
  watch.callbacks.add(callback);
  return () => {
    watch.callbacks.delete(callback);
    if (watch.callbacks.size > 0) return;
    signal.removeEventListener('abort', watch.listener);
    if (watches.get(signal) === watch) watches.delete(signal);
  };
}

/**
 * Runs an operation with a signal of its own that fires as the other does, for what listens to it by itself. By hand: on Node 20
 * `AbortSignal.any` leaves something behind at every call on a signal that lives long.
 */
export async function forwarding<R>(signal: AbortSignal | undefined, run: (own: AbortController) => Promise<R>): Promise<R> {
  const own = new AbortController();
  const stop = onAbort(signal, () => own.abort(signal?.reason));
  try {
    return await run(own);
  } finally {
    stop();
  }
}

function startWatch(signal: AbortSignal): Watch {
  const callbacks: Watch['callbacks'] = new Set();
  const listener = (): void => {
    for (const { run } of callbacks) run();
  };
  const watch = { callbacks, listener };
  watches.set(signal, watch);
  signal.addEventListener('abort', listener);
  return watch;
}
