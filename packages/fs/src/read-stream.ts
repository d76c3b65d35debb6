/** Streams that read a path: real ones of Node, whose descriptor is admitted in line. */
import { ReadStream as NodeReadStream, type OpenMode, type PathLike } from 'node:fs';
import type { AcquireOptions } from '@handback/core';
import { requestOf } from './request.ts';
import { closedOf } from './stream-end.ts';
import { OPENING, Opening, transfers } from './stream-opening.ts';

/** Which bytes of a file a stream reads, and how. */
export interface ReadStreamRange {
  /** Yield texts in this encoding; without it, bytes. */
  encoding?: BufferEncoding | undefined;
  /** The most bytes that are read ahead; default 64 KiB. */
  highWaterMark?: number | undefined;
  /** The first byte. */
  start?: number | undefined;
  /** The last byte, itself read too. */
  end?: number | undefined;
  /** Destroys the stream, while it waits for a descriptor too. */
  signal?: AbortSignal | undefined;
}

/** How createReadStream reads. */
export interface ReadStreamOptions extends ReadStreamRange, Omit<AcquireOptions, 'signal'> {
  /** How it is opened; default `r`. */
  flags?: OpenMode | undefined;
}

// Its constructor is no part of Node's types.
const Base: new (path: PathLike, options: object) => NodeReadStream = NodeReadStream as never;

/** Is a stream of `node:fs` that holds one permit from before it opens to its 'close'. Hold it with `using`, or read it to its end. */
export class ReadStream extends Base implements AsyncDisposable, Disposable {
  /** @internal */
  declare [OPENING]: Opening | undefined;

  /** @internal */
  constructor(path: PathLike, options: ReadStreamOptions) {
    const { flags = 'r', timeout, priority, label, parent, ...range } = options;
    const request = requestOf(path, flags, undefined);
    super(path, { ...range, flags, fs: transfers });
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

  /** Destroys it: a read in flight finishes, then the descriptor is closed. */
  dispose(): void {
    this.destroy();
  }

  /** Destroys it, and resolves at its 'close'. */
  disposeAsync(): Promise<void> {
    this.destroy();
    return closedOf(this);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  override [Symbol.asyncDispose](): Promise<void> {
    return this.disposeAsync();
  }
}

/**
 * Reads a file as a stream of Node's, opened when there is a descriptor for it. Whatever ends it gives the descriptor back: its end, a
 * `break` out of `for await`, a failing pipeline, `destroy()`, the signal. Its 'error' is the system's, AcquireTimeoutError, or AbortError.
 */
export function createReadStream(path: PathLike, options?: BufferEncoding | ReadStreamOptions | null): ReadStream {
  return new ReadStream(path, typeof options === 'string' ? { encoding: options } : (options ?? {}));
}
