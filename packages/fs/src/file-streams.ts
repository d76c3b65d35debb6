/**
 * Streams over an open file. Each is one use of it until its 'close', so that a dispose of the file meanwhile lets it finish. The file
 * stays open after the stream.
 */
import { ReadStream, read, WriteStream, write } from 'node:fs';
import type { EventEmitter } from 'node:events';
import type { Cursor } from './cursor.ts';
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

export function readStreamOf(file: OpenFile, cursor: Cursor, options: ReadStreamRange): ReadStream {
  return usedUntilClose(file, (fd) => new Reads('', { ...options, fd, fs: { read: viaCursor(read, cursor), close: leaveOpen } }));
}

export function writeStreamOf(file: OpenFile, cursor: Cursor, options: WriteStreamRange): WriteStream {
  return usedUntilClose(file, (fd) => new Writes('', { ...options, fd, fs: { write: viaCursor(write, cursor), close: leaveOpen } }));
}

function usedUntilClose<S extends ReadStream | WriteStream>(file: OpenFile, make: (fd: number) => S): S {
  let stream!: S;
  void file.use((fd) => {
    stream = make(fd);
    return new Promise<void>((resolve) => {
      (stream as EventEmitter).once('close', resolve);
      forgotten.register(stream, resolve);
    });
  });
  return stream;
}

function leaveOpen(_fd: number, done: (error: null) => void): void {
  done(null);
}

/** Transfers without a position at the file's cursor, in line with its other reads and writes: the system's own offset is not used. */
function viaCursor(transfer: Transfer, cursor: Cursor) {
  return (fd: number, buffer: NodeJS.ArrayBufferView, offset: number, length: number, position: number | null | undefined, done: Done): void => {
    const at = (where: number, then: Done): void => (transfer as typeof read)(fd, buffer, offset, length, where, then as never);
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
