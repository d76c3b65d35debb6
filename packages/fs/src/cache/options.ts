/** What a file cache is told, and the refusal of what makes none: before anything is opened. */

/** Options of a FileCache. */
export interface FileCacheOptions {
  /** How many descriptors it has open at most: a whole number from 1 up. */
  capacity: number;
  /** Said in messages; default `file cache`. */
  name?: string | undefined;
  /**
   * When a file is opened again, and another one stands at its path by then (a log that was rotated, a file written anew and renamed
   * into place): `error` (default) throws FileReplacedError, `follow` goes on with the new one.
   */
  onReplaced?: 'error' | 'follow' | undefined;
  /**
   * Opens in the thread pool. Default: within the call, which on a local disk costs a half to a third of that; on a network file
   * system an open may take long, and everything else would wait for it.
   */
  openInPool?: boolean | undefined;
  /**
   * A `read` of at most so many bytes that had to open its file is done within the call as well; default 4,096, 0 for never (and where
   * files are opened in the pool). It halves what such a read costs; from a disk that is not cached it blocks as the opening does.
   */
  readWithin?: number | undefined;
  /** Milliseconds that an operation waits for a descriptor while all are in use. Default: 30 s in which nobody got one. */
  timeout?: number | undefined;
}

export interface Settings {
  readonly name: string;
  readonly capacity: number;
  readonly follows: boolean;
  readonly inPool: boolean;
  /** -1: never. */
  readonly readWithin: number;
  readonly timeout: number | undefined;
}

/** The options as they hold; or throws TypeError, or RangeError. */
export function settingsOf(options: FileCacheOptions): Settings {
  if (typeof options !== 'object' || options === null) throw new TypeError(`Expected options with \`capacity\`, got ${String(options)}`);
  const { capacity, name = 'file cache', onReplaced = 'error', openInPool = false, readWithin = 4_096, timeout } = options;
  if (!Number.isSafeInteger(capacity) || capacity < 1) throw new RangeError(`Expected \`capacity\` to be a whole number from 1 up, got ${String(capacity)}`);
  if (typeof name !== 'string') throw new TypeError(`Expected \`name\` to be a text, got ${typeof name}`);
  if (onReplaced !== 'error' && onReplaced !== 'follow') throw new TypeError(`Expected \`onReplaced\` to be 'error' or 'follow', got ${String(onReplaced)}`);
  if (typeof openInPool !== 'boolean') throw new TypeError(`Expected \`openInPool\` to be true or false, got ${String(openInPool)}`);
  if (timeout !== undefined && (typeof timeout !== 'number' || !(timeout >= 0)))
    throw new RangeError(`Expected \`timeout\` to be a number of milliseconds from 0 up (or Infinity), got ${String(timeout)}`);
  if (!Number.isSafeInteger(readWithin) || readWithin < 0)
    throw new RangeError(`Expected \`readWithin\` to be a whole number of bytes from 0 up, got ${String(readWithin)}`);
  return { name, capacity, follows: onReplaced === 'follow', inPool: openInPool, readWithin: openInPool || readWithin === 0 ? -1 : readWithin, timeout };
}
