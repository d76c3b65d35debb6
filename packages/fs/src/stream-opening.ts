/**
 * What a stream of a path holds: one descriptor, admitted in line, from before it opens until its 'close'. Node never closes a stream
 * that was forgotten; here it holds a handle, which becomes unreachable with it, is found, and closed.
 */
import { closeSync, fsync, open, read, write, writev } from 'node:fs';
import { defineResource, type AcquireOptions, type Handle, type ResourceKind } from '@handback/core';
import { descriptors, isExhausted, whileOpening } from './descriptors.ts';
import { openInPool } from './files.ts';
import type { FileRequest } from './request.ts';

const streams: ResourceKind<number, FileRequest, Handle<number>> = defineResource({
  kind: 'stream',
  open: openInPool,
  release: (fd: number) => closeSync(fd),
  cost: () => ({ budget: descriptors, amount: 1 }),
  describe: (fd) => `fd ${fd}`,
  isExhausted,
  module: import.meta.url,
});

/**
 * Where a stream keeps its opening. No `#private` field, which is not there yet when Node's constructor destroys the stream because its
 * signal had fired before.
 */
export const OPENING: unique symbol = Symbol('opening');

/** What Node's streams call. They neither open nor close: the number belongs to the handle, which is disposed after all else. */
export const transfers: object = { open, read, write, writev, fsync, close: (_fd: number, done: (error: null) => void) => done(null) };

/** The part of a stream that opening it touches. */
interface Opened {
  fd: number | null;
  readonly destroyed: boolean;
  emit(event: string, ...values: unknown[]): boolean;
}

export class Opening {
  readonly #giveUp = new AbortController();
  readonly #acquired: Promise<Handle<number>>;
  #handle: Handle<number> | undefined = undefined;

  /** Stands in line from now on, so that the line of code that is recorded is the caller's. */
  constructor(request: FileRequest, options: AcquireOptions) {
    this.#acquired = whileOpening(streams.acquire(request, { ...options, signal: this.#giveUp.signal }));
    // The stream looks at it in its next turn.
    this.#acquired.catch(() => {});
  }

  /** Gives the stream its number when it has come. A stream that was destroyed meanwhile begins without one, so that it can end. */
  construct(stream: Opened, begin: (error?: Error) => void): void {
    // Out of the promise: what a listener of the stream's throws is its author's, as with Node's own streams.
    this.#acquired.then(
      (handle) => {
        this.#handle = handle;
        process.nextTick(() => {
          stream.fd = handle.value;
          begin();
          stream.emit('open', stream.fd);
          stream.emit('ready');
        });
      },
      (error: Error) => process.nextTick(() => (stream.destroyed ? begin() : begin(error))),
    );
  }

  /** Leaves the line, if it stands there yet. */
  giveUp(): void {
    this.#giveUp.abort();
  }

  /** Closes the descriptor, when no transfer is in flight any more; answers what failed. */
  close(): Error | null {
    try {
      this.#handle?.dispose();
      return null;
    } catch (error) {
      return error as Error;
    }
  }
}
