/** Watching files and directories: the dispose that Node's FSWatcher lacks, and its events as a bounded queue. */
import { watch as watchNow, type FSWatcher, type PathLike, type WatchEventType } from 'node:fs';
import { defineResource, Handle, type OwnOptions } from '@handback/core';
import { descriptors, isExhausted, lookAgain } from './descriptors.ts';
import { EventQueue } from './event-queue.ts';

/** What a watcher tells. */
export interface WatchEvent {
  readonly eventType: WatchEventType;
  /** Relative to what is watched; null where the platform does not say. */
  readonly filename: string | null;
}

/** How a path is watched. */
export interface WatchOptions extends OwnOptions {
  /** Directories below it too. Default false. */
  recursive?: boolean | undefined;
  /** Keeps the process alive. Default true, as in Node. */
  persistent?: boolean | undefined;
  /** Ends it: the loop rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** How many events wait for their reader; what comes while so many wait is counted in `dropped`. Default 2,048. */
  maxQueue?: number | undefined;
}

/** What a watcher holds. */
export interface Watching {
  readonly watcher: FSWatcher;
  readonly events: EventQueue<WatchEvent>;
}

interface WatchRequest {
  readonly path: PathLike;
  readonly recursive: boolean;
  readonly persistent: boolean;
  readonly maxQueue: number;
}

/** Is a file or directory that is watched: its events are read by `for await`. Hold it with `using`. */
export class Watcher extends Handle<Watching> implements AsyncIterable<WatchEvent> {
  /** How many events came while the queue was full: where it is more than 0, read the directory anew. */
  get dropped(): number {
    return this.value.events.dropped;
  }

  /** The events since it was opened, each read once; ends when the watcher is disposed, and disposes it when the loop is left. */
  async *[Symbol.asyncIterator](): AsyncGenerator<WatchEvent, undefined> {
    // By the queue, not by a use: a dispose must end a loop that waits, not wait for it.
    const { events } = this.value;
    try {
      for (;;) {
        const result = await events.next();
        if (result.done === true) return undefined;
        yield result.value;
      }
    } finally {
      this.dispose();
    }
  }
}

const watchers = defineResource({
  kind: 'watcher',
  openSync: openWatcher,
  release: ({ watcher, events }: Watching) => {
    watcher.close();
    events.end();
  },
  // Linux: one inotify descriptor for all watchers of a loop, kept after the last one; Windows: HANDLEs; elsewhere each holds one.
  cost: () => (holdsOne ? { budget: descriptors, amount: 1 } : undefined),
  isExhausted,
  handle: Watcher,
  module: import.meta.url,
});

const holdsOne = process.platform !== 'linux' && process.platform !== 'win32';
let looked = false;

/**
 * Watches a file or a directory from now on. Throws the system's error (ENOENT; ENOSPC where the system's watches are used up),
 * BudgetExceededError, or the signal's reason.
 */
export function watch(path: PathLike, options: WatchOptions = {}): Watcher {
  const { recursive = false, persistent = true, signal, maxQueue = 2_048, ...owning } = options;
  if (!Number.isSafeInteger(maxQueue) || maxQueue < 1) throw new RangeError(`Expected \`maxQueue\` to be a whole number from 1 up, got ${String(maxQueue)}`);
  signal?.throwIfAborted();
  const watcher = watchers.acquireSync({ path, recursive, persistent, maxQueue }, owning);
  // The loop's own descriptor came with the first one.
  if (!looked) lookAgain();
  looked = true;
  if (signal !== undefined) endBy(signal, watcher);
  return watcher;
}

function openWatcher({ path, recursive, persistent, maxQueue }: WatchRequest): Watching {
  const events = new EventQueue<WatchEvent>(maxQueue);
  let watcher: FSWatcher;
  try {
    watcher = watchNow(path, { recursive, persistent });
  } catch (error) {
    throw explained(error);
  }
  watcher.on('change', (eventType, filename) => events.push({ eventType: eventType as WatchEventType, filename: filename === null ? null : String(filename) }));
  watcher.on('error', (error) => events.fail(explained(error)));
  return { watcher, events };
}

/** Of the limits on inotify Node tells a misleading code alone. */
function explained(error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (process.platform !== 'linux' || code !== 'ENOSPC') return error;
  const message = `No more watches: the user's limit, in /proc/sys/fs/inotify/max_user_watches, is used up. Watch fewer directories, or raise it by sysctl fs.inotify.max_user_watches.`;
  return Object.assign(new Error(message, { cause: error }), { code });
}

/** The signal may outlive the watcher by far, so it holds what is watched, not the handle: a forgotten one must be found. */
function endBy(signal: AbortSignal, watcher: Watcher): void {
  const { watcher: raw, events } = watcher.value;
  const weak = new WeakRef(watcher);
  const onAbort = (): void => {
    events.fail(signal.reason);
    const held = weak.deref();
    if (held === undefined) raw.close();
    else held.dispose();
  };
  signal.addEventListener('abort', onAbort, { once: true });
  raw.once('close', () => signal.removeEventListener('abort', onAbort));
}
