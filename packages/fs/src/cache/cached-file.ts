/** A logical file of a cache: it is open as far as its holder can tell, and has a descriptor while one is needed. */
import { fsync, read, readSync, write, writeSync } from 'node:fs';
import { defineResource, Handle, showAs, type OwningKind, type OwnOptions, type Signal } from '@handback/core';
import { withStack } from '../files.ts';
import { after, atMost } from '../lengths.ts';
import { readLinesOf } from '../lines.ts';
import { promised, type RangeOptions, type ReadResult, type WriteResult } from '../open-file.ts';
import { writtenOf, type Written } from '../range.ts';
import { Descriptor, type Entry } from './descriptor.ts';
import { filePins, type FilePin } from './file-pin.ts';
import { appends, canRead, canWrite } from '../flags.ts';
import { placed, placeOf, type Place } from './place.ts';
import type { Table } from './table.ts';

/** What a cached file is made of. It reaches the cache's own handle: a cache is not forgotten while a file of it is held. */
export interface Logical {
  readonly table: Table;
  readonly entry: Entry;
  readonly cache: Handle<Table>;
}

/** Where an operation reads or writes, and who may end its wait. */
export interface CachedRangeOptions extends RangeOptions {
  /** Ends the wait for a descriptor, with the signal's reason; once it has one, the operation runs to its end. */
  signal?: Signal | undefined;
}

/** How a file is pinned. */
export interface PinOptions extends OwnOptions {
  /** Ends the wait for a descriptor, with the signal's reason. */
  signal?: Signal | undefined;
}

/**
 * Is a file of a FileCache: open for as long as it is held, though its descriptor may be closed between two operations. It has no
 * cursor, so each operation names its position. Hold it with `using`; it costs no descriptor, but the cache keeps account of it.
 */
export class CachedFile extends Handle<Logical> {
  /** The path it was opened by, resolved then. */
  get path(): string {
    return this.value.entry.request.path;
  }

  /** Reads into `buffer` at `position`; answers the bytes read, 0 at the end of the file. Waits while all descriptors are in use. */
  read<B extends NodeJS.ArrayBufferView>(buffer: B, options: CachedRangeOptions): Promise<ReadResult<B>>;
  read<B extends NodeJS.ArrayBufferView>(buffer: B, offset: number, length: number, position: number | bigint): Promise<ReadResult<B>>;
  read<B extends NodeJS.ArrayBufferView>(buffer: B, first: number | CachedRangeOptions, count?: number, position?: number | bigint): Promise<ReadResult<B>> {
    try {
      const place = placeOf(buffer, first, count, position);
      const signal = typeof first === 'object' ? signalOf(first) : undefined;
      return this.use((logical) => {
        requireReadable(logical);
        const pinned = logical.table.pinUnless(signal, logical.entry);
        if (pinned instanceof Descriptor) return readPinned(logical.table, pinned, buffer, place);
        return pinned.then((descriptor) => readPinned(logical.table, descriptor, buffer, place));
      });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Reads within the call. Throws BudgetExceededError where all descriptors are in use: it cannot wait for one. */
  readSync(buffer: NodeJS.ArrayBufferView, options: RangeOptions): number;
  readSync(buffer: NodeJS.ArrayBufferView, offset: number, length: number, position: number | bigint): number;
  readSync(buffer: NodeJS.ArrayBufferView, first: number | RangeOptions, count?: number, position?: number | bigint): number {
    const place = placeOf(buffer, first, count, position);
    return this.use((logical) => {
      requireReadable(logical);
      return withPinnedSync(logical, (fd) => readSync(fd, buffer, place.offset, atMost(place.length), place.position));
    });
  }

  /**
   * Writes a buffer, or a text (UTF-8), at `position`; a short write is carried on until all is written. A file that was opened to
   * append takes no position: the system writes at its end.
   */
  write<B extends NodeJS.ArrayBufferView | string>(data: B, options?: CachedRangeOptions): Promise<WriteResult<B>>;
  write<B extends NodeJS.ArrayBufferView>(buffer: B, offset: number, length: number, position?: number | bigint | null): Promise<WriteResult<B>>;
  write(text: string, position: number, encoding?: BufferEncoding | null): Promise<WriteResult<string>>;
  async write<B extends NodeJS.ArrayBufferView | string>(data: B, first?: unknown, second?: unknown, third?: unknown): Promise<WriteResult<B>> {
    return this.use(async (logical) => {
      const { bytes, place } = wanted(logical, writtenOf(data, first, second, third));
      const signal = typeof first === 'object' && first !== null ? signalOf(first as CachedRangeOptions) : undefined;
      const bytesWritten = await withPinned(logical, (fd) => writeAll(fd, bytes, place), signal);
      return { bytesWritten, buffer: data };
    });
  }

  /** Writes within the call; answers the bytes written. */
  writeSync(data: NodeJS.ArrayBufferView | string, options?: RangeOptions): number;
  writeSync(buffer: NodeJS.ArrayBufferView, offset: number, length: number, position?: number | null): number;
  writeSync(text: string, position: number, encoding?: BufferEncoding | null): number;
  writeSync(data: NodeJS.ArrayBufferView | string, first?: unknown, second?: unknown, third?: unknown): number {
    return this.use((logical) => {
      const { bytes, place } = wanted(logical, writtenOf(data, first, second, third));
      const { offset, length, position } = place;
      return withPinnedSync(logical, (fd) => {
        let written = 0;
        while (written < length) written += writeSync(fd, bytes, offset + written, atMost(length - written), after(position, written));
        return written;
      });
    });
  }

  /** Brings what was written to the disk, also through descriptors that were closed meanwhile. */
  async sync(): Promise<void> {
    await this.use((logical) => withPinned(logical, (fd) => promised<void>((done) => fsync(fd, done as never))));
  }

  /** The lines of the file from `position` (default 0) on, without their ends (LF or CRLF). Between two pieces it may be closed and opened again. */
  readLines(options: { encoding?: BufferEncoding | undefined; position?: number | undefined } = {}): AsyncIterableIterator<string> {
    let { position = 0 } = options;
    const next = async (buffer: Buffer): Promise<{ bytesRead: number }> => {
      const { bytesRead } = await this.read(buffer, { position });
      position += bytesRead;
      return { bytesRead };
    };
    return readLinesOf({ read: next }, options.encoding ?? 'utf8');
  }

  /** Pins the file: its descriptor stays open until the pin is disposed. Waits while all descriptors are in use. */
  async pin(options: PinOptions = {}): Promise<FilePin> {
    return this.use(async (logical) => held(logical, await logical.table.pinUnless(signalOf(options), logical.entry), options));
  }

  /** Pins it within the call, or throws BudgetExceededError. */
  pinSync(options: OwnOptions = {}): FilePin {
    return this.use((logical) => held(logical, logical.table.pinSync(logical.entry), options));
  }
}

showAs(CachedFile, ({ path }) => ({ path }));

export const cachedFiles: OwningKind<Logical, CachedFile> = defineResource({
  kind: 'cached file',
  release: ({ table, entry }: Logical) => table.leave(entry),
  describe: ({ entry }) => entry.request.path,
  handle: CachedFile,
  module: import.meta.url,
});

function held({ table }: Logical, descriptor: Descriptor, options: OwnOptions): FilePin {
  table.hold(descriptor);
  try {
    return filePins.own({ table, descriptor }, options);
  } catch (error) {
    table.letGo(descriptor);
    throw error;
  }
}

/** The shortest way there is: one promise, since most reads find their file open. */
function readPinned<B extends NodeJS.ArrayBufferView>(table: Table, descriptor: Descriptor, buffer: B, place: Place): Promise<ReadResult<B>> {
  if (table.readsNow(descriptor, place.length)) return readNow(table, descriptor, buffer, place);
  return new Promise((resolve, reject) => {
    try {
      read(descriptor.fd, buffer, place.offset, atMost(place.length), place.position, (error, bytesRead) => {
        table.unpin(descriptor);
        if (error === null) resolve({ bytesRead, buffer });
        else reject(withStack(error));
      });
    } catch (error) {
      // Refused before it began, as a buffer that was transferred is.
      table.unpin(descriptor);
      throw error;
    }
  });
}

/** Within the call; what it throws rejects. */
function readNow<B extends NodeJS.ArrayBufferView>(table: Table, descriptor: Descriptor, buffer: B, place: Place): Promise<ReadResult<B>> {
  return new Promise((resolve) => {
    try {
      resolve({ bytesRead: readSync(descriptor.fd, buffer, place.offset, place.length, place.position), buffer });
    } finally {
      table.unpin(descriptor);
    }
  });
}

async function withPinned<R>({ table, entry }: Logical, operation: (fd: number) => Promise<R>, signal?: Signal): Promise<R> {
  const descriptor = await table.pinUnless(signal, entry);
  try {
    return await operation(descriptor.fd);
  } finally {
    table.unpin(descriptor);
  }
}

function withPinnedSync<R>({ table, entry }: Logical, operation: (fd: number) => R): R {
  const descriptor = table.pinSync(entry);
  try {
    return operation(descriptor.fd);
  } finally {
    table.unpin(descriptor);
  }
}

async function writeAll(fd: number, bytes: NodeJS.ArrayBufferView, { offset, length, position }: Place<number | null>): Promise<number> {
  let written = 0;
  while (written < length) {
    written += await promised<number>((done) => write(fd, bytes, offset + written, atMost(length - written), after(position, written), done));
  }
  return written;
}

function wanted({ entry }: Logical, { bytes, ...range }: Written): { bytes: NodeJS.ArrayBufferView; place: Place<number | null> } {
  const { path, flags } = entry.request;
  if (!canWrite(flags)) throw new TypeError(`Cannot write '${path}': it was opened for reading alone. Open it with 'r+', or 'a' to append.`);
  if (!appends(flags)) return { bytes, place: placed(range) };
  if (range.position !== undefined)
    throw new TypeError(
      `Cannot write '${path}' at a position: it was opened to append, and the system writes at its end. Leave \`position\` out, or open it with 'r+'.`,
    );
  return { bytes, place: { ...range, position: null } };
}

function signalOf({ signal }: { readonly signal?: Signal | undefined }): Signal | undefined {
  if (signal === undefined || typeof (signal as Signal | null)?.addEventListener === 'function') return signal;
  throw new TypeError(`Expected \`signal\` to be an AbortSignal, got ${String(signal)}`);
}

function requireReadable({ entry }: Logical): void {
  const { path, flags } = entry.request;
  if (!canRead(flags)) throw new TypeError(`Cannot read '${path}': it was opened for writing alone. Open it with 'r+', 'w+' or 'a+'.`);
}
