/**
 * An open file: the shapes of `fs.promises.FileHandle`, on a guarded handle. Every operation is a use of it, so a dispose meanwhile
 * refuses new ones and closes the descriptor after the last one: never under a pending read, whose number might by then be
 * another file.
 */
import {
  fdatasync,
  fstat,
  fstatSync,
  fsync,
  ftruncate,
  ftruncateSync,
  read,
  readSync,
  write,
  writeSync,
  type BigIntStats,
  type ReadStream,
  type Stats,
  type WriteStream,
} from 'node:fs';
import { Handle, showAs, type Signal } from '@handback/core';
import { Cursor } from './cursor.ts';
import { readStreamOf, writeStreamOf } from './file-streams.ts';
import { after, atMost, MOST_IN_MEMORY, tooLarge } from './lengths.ts';
import { readLinesOf } from './lines.ts';
import { rangeOf, requireEncoding, throwIfAborted, writtenOf } from './range.ts';
import type { ReadStreamRange } from './read-stream.ts';
import type { WriteStreamRange } from './write-stream.ts';

/** What a read answers: the bytes read, 0 at the end of the file, and the buffer that was filled. */
export interface ReadResult<B extends NodeJS.ArrayBufferView> {
  readonly bytesRead: number;
  readonly buffer: B;
}

/** What a write answers. */
export interface WriteResult<B> {
  readonly bytesWritten: number;
  readonly buffer: B;
}

/** How a file's text is read. */
export interface TextOptions {
  readonly encoding: BufferEncoding;
}

/** How a whole file is read or written through a handle. */
export interface WholeFileOptions {
  /** Of a text. A read without it answers bytes; a write takes `utf8`. */
  encoding?: BufferEncoding | null | undefined;
  /** Ends it between two transfers, with the signal's reason. */
  signal?: Signal | undefined;
}

/** What a read or write is asked: a part of the buffer, and where in the file. */
export interface RangeOptions {
  /** Where in the buffer to begin; default 0. */
  offset?: number | undefined;
  /** How many bytes; default: to the end of the buffer. */
  length?: number | undefined;
  /** Where in the file; without it, at the cursor, which moves on. */
  position?: number | bigint | null | undefined;
}

const CHUNK = 64 * 1_024;

export function promised<R>(call: (done: (error: NodeJS.ErrnoException | null, result: R) => void) => void): Promise<R> {
  return new Promise((resolve, reject) => call((error, result) => (error === null ? resolve(result) : reject(error))));
}

/** Is a file that is open: a descriptor under the process's budget. Hold it with `using`. */
export class OpenFile extends Handle<number> {
  #path: string | undefined = undefined;
  #cursor: Cursor = new Cursor();

  /** The path it was opened by; undefined for one that was adopted by its number. */
  get path(): string | undefined {
    return this.#path;
  }

  /** The descriptor, on loan: see `value`. */
  get fd(): number {
    return this.value;
  }

  /** @internal */
  static named(file: OpenFile, path: string): OpenFile {
    file.#path = path;
    return file;
  }

  override move(): this {
    const next = super.move();
    next.#path = this.#path;
    next.#cursor = this.#cursor;
    return next;
  }

  /** Both handles read and write at one cursor, as duplicated descriptors do. */
  override share(): this {
    const next = super.share();
    next.#path = this.#path;
    next.#cursor = this.#cursor;
    return next;
  }

  /** Reads into `buffer`; at `position`, or at the cursor. Reads at the cursor run one after another. */
  read<B extends NodeJS.ArrayBufferView>(buffer: B, options?: RangeOptions): Promise<ReadResult<B>>;
  read<B extends NodeJS.ArrayBufferView>(buffer: B, offset?: number, length?: number, position?: number | bigint | null): Promise<ReadResult<B>>;
  async read<B extends NodeJS.ArrayBufferView>(
    buffer: B,
    first?: number | RangeOptions,
    count?: number,
    place?: number | bigint | null,
  ): Promise<ReadResult<B>> {
    const { offset, length, position } = rangeOf(buffer, first, count, place);
    return this.use((fd) => {
      const at = (where: number | null): Promise<number> => promised((done) => read(fd, buffer, offset, atMost(length), where, done));
      const bytesRead = position === undefined ? this.#cursor.advance(at) : at(position);
      return bytesRead.then((bytes) => ({ bytesRead: bytes, buffer }));
    });
  }

  /** Reads into `buffer` within the call; answers the bytes read, 0 at the end of the file. */
  readSync(buffer: NodeJS.ArrayBufferView, first?: number | RangeOptions, count?: number, place?: number | bigint | null): number {
    const { offset, length, position } = rangeOf(buffer, first, count, place);
    return this.use((fd) => {
      const at = (where: number | null): number => readSync(fd, buffer, offset, atMost(length), where);
      return position === undefined ? this.#cursor.advanceSync(at) : at(position);
    });
  }

  /** Writes a buffer, or a text (UTF-8); at `position`, or at the cursor. A short write is carried on until all is written. */
  write<B extends NodeJS.ArrayBufferView | string>(data: B, options?: RangeOptions): Promise<WriteResult<B>>;
  write<B extends NodeJS.ArrayBufferView>(buffer: B, offset?: number | null, length?: number | null, position?: number | null): Promise<WriteResult<B>>;
  write(text: string, position?: number | null, encoding?: BufferEncoding | null): Promise<WriteResult<string>>;
  async write<B extends NodeJS.ArrayBufferView | string>(data: B, first?: unknown, second?: unknown, third?: unknown): Promise<WriteResult<B>> {
    const { bytes, offset, length, position } = writtenOf(data, first, second, third);
    return this.use(async (fd) => {
      const at = async (where: number | null): Promise<number> => {
        let written = 0;
        while (written < length) {
          written += await promised<number>((done) => write(fd, bytes, offset + written, atMost(length - written), after(where, written), done));
        }
        return written;
      };
      const bytesWritten = await (position === undefined ? this.#cursor.advance(at) : at(position));
      return { bytesWritten, buffer: data };
    });
  }

  /** Writes within the call; answers the bytes written. */
  writeSync(data: NodeJS.ArrayBufferView | string, options?: RangeOptions): number;
  writeSync(buffer: NodeJS.ArrayBufferView, offset?: number | null, length?: number | null, position?: number | null): number;
  writeSync(text: string, position?: number | null, encoding?: BufferEncoding | null): number;
  writeSync(data: NodeJS.ArrayBufferView | string, first?: unknown, second?: unknown, third?: unknown): number {
    const { bytes, offset, length, position } = writtenOf(data, first, second, third);
    return this.use((fd) => {
      const at = (where: number | null): number => {
        let written = 0;
        while (written < length) written += writeSync(fd, bytes, offset + written, atMost(length - written), after(where, written));
        return written;
      };
      return position === undefined ? this.#cursor.advanceSync(at) : at(position);
    });
  }

  /** Reads from the cursor to the end of the file: bytes, or a text in an encoding. */
  readFile(options?: (WholeFileOptions & { encoding?: null | undefined }) | null): Promise<Buffer>;
  readFile(options: (WholeFileOptions & TextOptions) | BufferEncoding): Promise<string>;
  async readFile(options?: WholeFileOptions | BufferEncoding | null): Promise<Buffer | string> {
    const { encoding, signal }: WholeFileOptions = typeof options === 'string' ? { encoding: options } : (options ?? {});
    const coding = requireEncoding(encoding);
    const bytes = await this.use((fd) => this.#cursor.alone(() => this.#readToEnd(fd, signal)));
    return encoding === undefined || encoding === null ? bytes : bytes.toString(coding);
  }

  async #readToEnd(fd: number, signal: Signal | undefined): Promise<Buffer> {
    const stat = await promised<Stats>((done) => fstat(fd, done));
    const { size } = stat;
    const start = this.#cursor.position;
    if (size - start > MOST_IN_MEMORY) throw tooLarge(size - start);
    // One byte more than is expected: the read that fills all but it has met the end. Files of /proc say 0 and hold more, in pieces.
    const endsShort = stat.isFile() && size > 0;
    let buffer = Buffer.allocUnsafe(size > start ? size - start + 1 : CHUNK);
    let length = 0;
    try {
      for (;;) {
        throwIfAborted(signal);
        const space = atMost(buffer.length - length);
        const bytes = await this.#cursor.step((where) => promised((done) => read(fd, buffer, length, space, where, done)));
        length += bytes;
        if (length > MOST_IN_MEMORY) throw tooLarge(length);
        if (bytes === 0 || (endsShort && bytes < space)) break;
        if (length === buffer.length) buffer = Buffer.concat([buffer], buffer.length * 2);
      }
      throwIfAborted(signal);
    } catch (error) {
      // Who tries again reads from where this began, not the rest alone.
      this.#cursor.position = start;
      throw error;
    }
    return buffer.subarray(0, length);
  }

  /** Replaces what is from the cursor on: writes all of `data` there. */
  async writeFile(data: NodeJS.ArrayBufferView | string, options?: WholeFileOptions | BufferEncoding | null): Promise<void> {
    const { encoding, signal }: WholeFileOptions = typeof options === 'string' ? { encoding: options } : (options ?? {});
    const coding = requireEncoding(encoding);
    throwIfAborted(signal);
    await this.write(typeof data === 'string' ? Buffer.from(data, coding) : data);
  }

  /** The lines from the cursor to the end of the file, without their ends (LF or CRLF). The file is in use until the loop ends. */
  readLines(options: { encoding?: BufferEncoding | undefined } = {}): AsyncIterableIterator<string> {
    return readLinesOf(this, options.encoding ?? 'utf8');
  }

  /** A stream that reads it: from `start`, or at the cursor. One use until its 'close'; the file stays open after it. */
  createReadStream(options: ReadStreamRange = {}): ReadStream {
    return readStreamOf(this, this.#cursor, options);
  }

  /** A stream that writes it: from `start`, or at the cursor. One use until its 'close'; the file stays open after it. */
  createWriteStream(options: WriteStreamRange = {}): WriteStream {
    return writeStreamOf(this, this.#cursor, options);
  }

  stat(): Promise<Stats>;
  stat(options: { bigint: true }): Promise<BigIntStats>;
  async stat(options: { bigint?: boolean } = {}): Promise<Stats | BigIntStats> {
    return this.use((fd) =>
      options.bigint === true ? promised<BigIntStats>((done) => fstat(fd, { bigint: true }, done)) : promised<Stats>((done) => fstat(fd, done)),
    );
  }

  statSync(): Stats;
  statSync(options: { bigint: true }): BigIntStats;
  statSync(options: { bigint?: boolean } = {}): Stats | BigIntStats {
    return this.use((fd) => fstatSync(fd, { bigint: options.bigint === true }));
  }

  /** Brings what was written to the disk, and the file's metadata too. */
  async sync(): Promise<void> {
    await this.use((fd) => promised<void>((done) => fsync(fd, done as never)));
  }

  /** Brings what was written to the disk, and only what is needed to read it back. */
  async datasync(): Promise<void> {
    await this.use((fd) => promised<void>((done) => fdatasync(fd, done as never)));
  }

  /** Cuts or extends the file to `length` bytes; default 0. The cursor stays. */
  async truncate(length = 0): Promise<void> {
    await this.use((fd) => promised<void>((done) => ftruncate(fd, length, done as never)));
  }

  truncateSync(length = 0): void {
    this.use((fd) => ftruncateSync(fd, length));
  }

  /** Closes it, and resolves after the descriptor is closed: uses in flight finish first. Again: the same promise. */
  close(): Promise<void> {
    return this.disposeAsync();
  }
}

showAs(OpenFile, ({ path, fd }) => ({ path, fd }));
