/** Whole files in one call: read, written, appended to, or read by the line. Each holds one descriptor, and gives it back by itself. */
import type { Mode, OpenMode, PathLike } from 'node:fs';
import type { AcquireOptions } from '@handback/core';
import { whileOpening } from './descriptors.ts';
import { files } from './files.ts';
import type { TextOptions } from './open-file.ts';
import { requireEncoding, throwIfAborted } from './range.ts';
import { readInTurn } from './read-queue.ts';
import { requestOf, type FileRequest } from './request.ts';

const NOTHING: ReadFileOptions = {};

/** How readFile reads. */
export interface ReadFileOptions extends AcquireOptions {
  /** Answer a text in this encoding; without it, bytes. */
  encoding?: BufferEncoding | null | undefined;
  /** How it is opened; default `r`. */
  flag?: OpenMode | undefined;
}

/**
 * Reads a whole file when there is a descriptor for it. Any number may be asked for at once: a few are read at a time. With a
 * `signal`, `timeout`, `priority`, `label` or `parent` the read stands in the budget's line by itself.
 */
export function readFile(path: PathLike, options?: (AcquireOptions & { encoding?: null | undefined; flag?: OpenMode | undefined }) | null): Promise<Buffer>;
export function readFile(path: PathLike, options: BufferEncoding | (AcquireOptions & TextOptions & { flag?: OpenMode | undefined })): Promise<string>;
export function readFile(path: PathLike, options?: BufferEncoding | ReadFileOptions | null): Promise<Buffer | string>;
export function readFile(path: PathLike, options?: BufferEncoding | ReadFileOptions | null): Promise<Buffer | string> {
  const asked: ReadFileOptions = typeof options === 'string' ? { encoding: options } : (options ?? NOTHING);
  const { flag, signal, timeout, priority, label, parent } = asked;
  const encoding = asked.encoding ?? undefined;
  try {
    const request = requestOf(path, flag, undefined);
    requireEncoding(encoding);
    const inLine = signal ?? timeout ?? priority ?? label ?? parent;
    return inLine === undefined ? readInTurn({ request, encoding, readByHandle }) : readByHandle(request, encoding, asked);
  } catch (error) {
    return Promise.reject(error);
  }
}

async function readByHandle(request: FileRequest, encoding: BufferEncoding | undefined, acquiring: AcquireOptions): Promise<Buffer | string> {
  using file = await whileOpening(files.acquire(request, acquiring));
  const contents = encoding === undefined ? await file.readFile() : await file.readFile(encoding);
  throwIfAborted(acquiring.signal);
  return contents;
}

/** A piece of what is written. */
export type Chunk = string | NodeJS.ArrayBufferView;

/** How writeFile and appendFile write. */
export interface WriteFileOptions extends AcquireOptions {
  /** Of texts; default `utf8`. */
  encoding?: BufferEncoding | null | undefined;
  /** Of a file that is made; default 0o666, less the umask. */
  mode?: Mode | undefined;
  /** How it is opened; default `w`, of appendFile `a`. */
  flag?: OpenMode | undefined;
  /** Bring it to the disk before the file is closed. */
  flush?: boolean | undefined;
}

/**
 * Writes a whole file, replacing what was there, when there is a descriptor for it. Data may come in pieces, from an iterable or a
 * stream; the signal ends it between two of them. What was written before a failure stays.
 */
export async function writeFile(
  path: PathLike,
  data: Chunk | Iterable<Chunk> | AsyncIterable<Chunk>,
  options?: BufferEncoding | WriteFileOptions | null,
): Promise<void> {
  const {
    encoding,
    mode,
    flag = 'w',
    flush = false,
    ...acquiring
  }: WriteFileOptions = typeof options === 'string' ? { encoding: options } : (options ?? NOTHING);
  const request = requestOf(path, flag, mode);
  // Before the opening, which empties the file.
  const coding = requireEncoding(encoding);
  const chunks = chunksOf(data);
  using file = await whileOpening(files.acquire(request, acquiring));
  for await (const chunk of chunks) {
    throwIfAborted(acquiring.signal);
    await file.write(bytesOf(chunk, coding));
  }
  throwIfAborted(acquiring.signal);
  if (flush) await file.sync();
}

/** Adds to the end of a file, which is made where there is none, when there is a descriptor for it. */
export async function appendFile(path: PathLike, data: Chunk, options?: BufferEncoding | WriteFileOptions | null): Promise<void> {
  await writeFile(path, data, { flag: 'a', ...(typeof options === 'string' ? { encoding: options } : options) });
}

/** How readLines reads. */
export interface ReadLinesOptions extends AcquireOptions {
  /** Default `utf8`. */
  encoding?: BufferEncoding | undefined;
}

/**
 * The lines of a file, without their ends (LF or CRLF). The file is opened at the first line, when there is a descriptor for it, and
 * closed when the loop over the lines ends: at the last one, by `break`, by a throw, or by the signal.
 */
export async function* readLines(path: PathLike, options?: ReadLinesOptions | null): AsyncGenerator<string, void, void> {
  const { encoding, ...acquiring } = options ?? {};
  const request = requestOf(path, 'r', undefined);
  const coding = requireEncoding(encoding);
  using file = await whileOpening(files.acquire(request, acquiring));
  for await (const line of file.readLines({ encoding: coding })) {
    throwIfAborted(acquiring.signal);
    yield line;
  }
}

function isChunk(data: unknown): data is Chunk {
  return typeof data === 'string' || ArrayBuffer.isView(data);
}

function chunksOf(data: Chunk | Iterable<Chunk> | AsyncIterable<Chunk>): Iterable<Chunk> | AsyncIterable<Chunk> {
  if (isChunk(data)) return [data];
  if (typeof data === 'object' && data !== null && (Symbol.iterator in data || Symbol.asyncIterator in data)) return data;
  throw new TypeError(`Expected \`data\` to be a text, an ArrayBufferView, or an iterable of these, got ${data === null ? 'null' : typeof data}`);
}

function bytesOf(chunk: Chunk, encoding: BufferEncoding): NodeJS.ArrayBufferView {
  if (typeof chunk === 'string') return Buffer.from(chunk, encoding);
  if (ArrayBuffer.isView(chunk)) return chunk;
  throw new TypeError(`Expected the pieces of \`data\` to be texts or ArrayBufferViews, got ${typeof chunk}`);
}
