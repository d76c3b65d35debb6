/** Streams that write a path: real ones of Node, whose descriptor is admitted in line. */
import { WriteStream as NodeWriteStream, type Mode, type OpenMode, type PathLike } from 'node:fs';
import type { AcquireOptions } from '@handback/core';
import { requestOf } from './request.ts';
import { closedOf } from './stream-end.ts';
import { OPENING, Opening, transfers } from './stream-opening.ts';

/** Where in a file a stream writes, and how. */
export interface WriteStreamRange {
  /** Of texts; default `utf8`. */
  encoding?: BufferEncoding | undefined;
  /** The bytes in waiting above which `write` answers false; default 16 KiB. */
  highWaterMark?: number | undefined;
  /** Where in the file the first byte goes. */
  start?: number | undefined;
  /** Destroys the stream, while it waits for a descriptor too. */
  signal?: AbortSignal | undefined;
}

/** How createWriteStream writes. */
export interface WriteStreamOptions extends WriteStreamRange, Omit<AcquireOptions, 'signal'> {
  /** How it is opened; default `w`. */
  flags?: OpenMode | undefined;
  /** Of a file that is made; default 0o666, less the umask. */
  mode?: Mode | undefined;
  /** Bring it to the disk before the file is closed (Node 21 and later). */
  flush?: boolean | undefined;
}

// Its constructor is no part of Node's types.
const Base: new (path: PathLike, options: object) => NodeWriteStream = NodeWriteStream as never;

/** Is a stream of `node:fs` that holds one permit from before it opens to its 'close'. Hold it with `await using`, or end it. */
export class WriteStream extends Base implements AsyncDisposable {
  /** @internal */
  declare [OPENING]: Opening | undefined;

  /** @internal */
  constructor(path: PathLike, options: WriteStreamOptions) {
    const { flags = 'w', mode, timeout, priority, label, parent, ...range } = options;
    const request = requestOf(path, flags, mode);
    super(path, { ...range, flags, mode, fs: transfers });
    this[OPENING] = this.destroyed ? undefined : new Opening(request, { timeout, priority, label, parent });
  }

  override _construct(callback: (error?: Error | null) => void): void {
    if (this[OPENING] === undefined) callback();
    else this[OPENING].construct(this as never, callback);
  }

  /** A stream that waits for a descriptor leaves the line at once. */
  override destroy(error?: Error): this {
    this[OPENING]?.giveUp();
    return super.destroy(error);
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    super._destroy(error, (failed) => callback(this[OPENING]?.close() ?? failed ?? null));
  }

  /** Ends it: what was written to it is written to the file first. Resolves at its 'close'; rejects where a write failed. */
  disposeAsync(): Promise<void> {
    if (!this.destroyed && !this.writableEnded) this.end();
    return closedOf(this);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.disposeAsync();
  }
}

/**
 * Writes a file as a stream of Node's, opened when there is a descriptor for it. Whatever ends it gives the descriptor back: its end, a
 * failing pipeline, `destroy()`, the signal. Its 'error' is the system's, AcquireTimeoutError, or AbortError.
 */
export function createWriteStream(path: PathLike, options?: BufferEncoding | WriteStreamOptions | null): WriteStream {
  return new WriteStream(path, typeof options === 'string' ? { encoding: options } : (options ?? {}));
}
