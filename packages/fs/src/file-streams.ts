/**
 * Streams over an open file. Each is one use of it until its 'close', so that a dispose of the file meanwhile lets it finish. The file
 * stays open after the stream. So a 'close' it must have, also where its options say `emitClose: false`.
 */
import { ReadStream, read, WriteStream, write } from 'node:fs';
import type { EventEmitter } from 'node:events';
import { collectGarbage } from '@handback/core';
import type { Cursor } from './cursor.ts';
import { descriptors } from './descriptors.ts';
import type { OpenFile } from './open-file.ts';
import type { ReadStreamRange } from './read-stream.ts';
import type { WriteStreamRange } from './write-stream.ts';

type Done = (error: Error | null, bytes?: number, buffer?: NodeJS.ArrayBufferView) => void;
type Transfer = typeof read | typeof write;

// Their constructors are no part of Node's types.
const Reads: new (path: string, options: object) => ReadStream = ReadStream as never;
const Writes: new (path: string, options: object) => WriteStream = WriteStream as never;

/** Ends the use of a file whose stream was forgotten: nothing closes it any more. */
const forgotten = new FinalizationRegistry<() => void>((end) => end());

/** Streams whose use has not ended. */
let streaming = 0;
/** Before this no search begins: at most a sixth of the time goes to them. */
let rested = Number.NEGATIVE_INFINITY;

// A full budget collects only where a file that is in no use could have been forgotten: these are in use, by streams that may have been.
descriptors.addReclaimer({
  name: 'files in use by streams that were forgotten',
  reclaimable: () => streaming,
  reclaim: () => (performance.now() < rested ? 0 : search()),
});

async function search(): Promise<number> {
  const began = performance.now();
  rested = Number.POSITIVE_INFINITY;
  await collectGarbage();
  const now = performance.now();
  rested = now + 5 * (now - began);
  // Their files are in no use now, and are found by who asked, if they were forgotten too.
  return 0;
}

export function readStreamOf(file: OpenFile, cursor: Cursor, options: ReadStreamRange): ReadStream {
  return usedUntilClose(file, (fd) => new Reads('', { ...options, fd, emitClose: true, fs: { read: viaCursor(read, cursor), close: leaveOpen } }));
}

export function writeStreamOf(file: OpenFile, cursor: Cursor, options: WriteStreamRange): WriteStream {
  return usedUntilClose(file, (fd) => new Writes('', { ...options, fd, emitClose: true, fs: { write: viaCursor(write, cursor), close: leaveOpen } }));
}

function usedUntilClose<S extends ReadStream | WriteStream>(file: OpenFile, make: (fd: number) => S): S {
  let stream!: S;
  void file.use((fd) => {
    stream = make(fd);
    return new Promise<void>((resolve) => {
      const end = endOnce(resolve);
      (stream as EventEmitter).once('close', end);
      forgotten.register(stream, end);
    });
  });
  return stream;
}

/** Counts a use, until it ends. Made out here: a function made beside the stream would hold it, and so would the registry. */
function endOnce(end: () => void): () => void {
  let ended = false;
  streaming++;
  return () => {
    if (ended) return;
    ended = true;
    streaming--;
    end();
  };
}

function leaveOpen(_fd: number, done: (error: null) => void): void {
  done(null);
}

/** Transfers without a position at the file's cursor, in line with its other reads and writes: the system's own offset is not used. */
function viaCursor(transfer: Transfer, cursor: Cursor) {
  return (fd: number, buffer: NodeJS.ArrayBufferView, offset: number, length: number, position: number | null | undefined, done: Done): void => {
    const at = (where: number | null, then: Done): void => (transfer as typeof read)(fd, buffer, offset, length, where, then as never);
    if (typeof position === 'number' && position >= 0) return at(position, done);
    const advanced = cursor.advance(
      (where) => new Promise((resolve, reject) => at(where, (error, bytes = 0) => (error === null ? resolve(bytes) : reject(error)))),
    );
    // Out of the promise: what a listener of the stream's throws is its author's.
    advanced.then(
      (bytes) => process.nextTick(done, null, bytes, buffer),
      (error: unknown) => process.nextTick(done, error),
    );
  };
}
