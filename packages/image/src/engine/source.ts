/** What an image is read from. */
import { AcquireTimeoutError } from '@handback/core';
import { about, ImageInputError, ImageTooLargeError } from '../errors.ts';
import { untilAborted } from '../admission.ts';
import { refused, show } from '../pixels/shape.ts';
import { forwarding } from '../signals.ts';

/** An image file: its path, a `file:` URL, its bytes, a Blob, or its bytes as they come (an upload, a stream, the body of a response). */
export type ImageInput = string | URL | Uint8Array | ArrayBuffer | Blob | AsyncIterable<Uint8Array>;

/** What sharp reads, and what messages call it. */
export interface Source {
  readonly input: string | Uint8Array;
  readonly name: string | undefined;
  /** Bytes of a stream that are held here meanwhile. */
  readonly heldBytes: number;
  /** What is left of the time-out, once a stream was read. */
  readonly timeout: number | undefined;
}

/** How a source is opened. */
interface Bounds extends InputOptions {
  timeout?: number | undefined;
}

/** How an input is read. */
export interface InputOptions {
  /** The most bytes of a file that is given as bytes, a Blob or a stream; default 64 MiB. More is refused with ImageTooLargeError. */
  maxInputBytes?: number | undefined;
  /** A name for messages; default: the name of the file. */
  label?: string | undefined;
  signal?: AbortSignal | undefined;
}

const MOST_BYTES = 64 * 2 ** 20;
/** A timer can be set no further; whoever waits longer waits for ever. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** The source of an input, or ImageInputError. A stream is read to its end: what it brings is held until the image was read. */
export async function sourceOf(input: ImageInput, { maxInputBytes = MOST_BYTES, label, signal, timeout }: Bounds): Promise<Source> {
  if (typeof maxInputBytes !== 'number' || !(maxInputBytes > 0))
    throw refused(`expected \`maxInputBytes\` to be a number above 0, got ${show(maxInputBytes)}`, label);
  const stream = input instanceof Blob ? (input.stream() as unknown as AsyncIterable<Uint8Array>) : input;
  if (isStream(stream)) {
    const start = performance.now();
    const bytes = await within(timeout, signal, label, (either) => collect(stream, maxInputBytes, either, label));
    const left = timeout === undefined ? undefined : Math.max(0, Math.ceil(timeout - (performance.now() - start)));
    return { input: requireBytes(bytes, maxInputBytes, label), name: label, heldBytes: bytes.byteLength, timeout: left };
  }
  signal?.throwIfAborted();
  if (typeof input === 'string') return { input: requirePath(input, label), name: label ?? nameOf(input), heldBytes: 0, timeout };
  if (input instanceof URL) {
    if (input.protocol !== 'file:') throw refusedInput(`expected a \`file:\` URL, got ${show(input.href)}; fetch it, and pass the response's body`, label);
    const { fileURLToPath } = await import('node:url');
    const path = fileURLToPath(input);
    return { input: path, name: label ?? nameOf(path), heldBytes: 0, timeout };
  }
  const bytes = input instanceof ArrayBuffer ? new Uint8Array(input) : input;
  if (bytes instanceof Uint8Array) return { input: requireBytes(bytes, maxInputBytes, label), name: label, heldBytes: 0, timeout };
  const isResponse = typeof Response === 'function' && (input as unknown) instanceof Response;
  const hint = isResponse ? '; pass its body' : '';
  throw refusedInput(`expected a path, a file: URL, bytes, a Blob, or bytes as they come, got ${show(input)}${hint}`, label);
}

function isStream(input: unknown): input is AsyncIterable<Uint8Array> {
  return typeof (input as AsyncIterable<Uint8Array> | undefined)?.[Symbol.asyncIterator] === 'function';
}

/** Paths are taken as they are: what is a URL in a text would be looked for among the files. */
function requirePath(path: string, label: string | undefined): string {
  if (!/^(?:https?|file|data):/i.test(path)) return path;
  throw refusedInput(`expected a path, got the text of a URL; pass new URL(…) for a file, the body of what was fetched, or bytes`, label ?? path.slice(0, 40));
}

/** Reads with a signal that fires as the caller's does, or when the time is over. */
function within<R>(
  timeout: number | undefined,
  signal: AbortSignal | undefined,
  label: string | undefined,
  read: (either: AbortSignal | undefined) => Promise<R>,
): Promise<R> {
  // What is no time the budget refuses.
  if (typeof timeout !== 'number' || !(timeout >= 0 && timeout <= LONGEST_TIMER)) return read(signal);
  return forwarding(signal, async (own) => {
    const timer = setTimeout(() => own.abort(tooLate(timeout, label)), timeout);
    try {
      return await read(own.signal);
    } finally {
      clearTimeout(timer);
    }
  });
}

function tooLate(timeout: number, label: string | undefined): AcquireTimeoutError {
  const none = { budget: '', requested: 0, capacity: Number.POSITIVE_INFINITY, used: 0, waiting: 0, holders: [] };
  const message = `The stream did not come to its end within ${timeout} ms: nothing was decoded, and it was closed. Raise \`timeout\` for slow senders.`;
  return new AcquireTimeoutError(message, 'open', none, about(label));
}

async function collect(input: AsyncIterable<Uint8Array>, most: number, signal: AbortSignal | undefined, label: string | undefined): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const { next, close } = readingOf(input);
  let isOver = false;
  try {
    signal?.throwIfAborted();
    for (;;) {
      const { done, value: chunk } = await untilAborted(Promise.resolve(next()), signal);
      if (done === true) break;
      if (!(chunk instanceof Uint8Array)) throw refusedInput(`expected the stream to bring bytes, got ${show(chunk)}`, label);
      bytes += chunk.byteLength;
      if (bytes > most) throw tooMany(most, label);
      chunks.push(chunk);
    }
    isOver = true;
  } finally {
    // Not waited for: what has stalled may answer never.
    if (!isOver) void close().catch(() => {});
  }
  return chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks, bytes);
}

interface Reading {
  next(): Promise<IteratorResult<Uint8Array, unknown>>;
  /** Closes it before its end. */
  close(): Promise<unknown>;
}

/** A stream that has stalled is closed by a call of its own: its iterator would wait for the next bytes first. */
function readingOf(input: AsyncIterable<Uint8Array> & Partial<Pick<ReadableStream<Uint8Array>, 'getReader'>> & { destroy?: unknown }): Reading {
  if (typeof input.getReader === 'function') {
    const reader = input.getReader();
    const next = async (): Promise<IteratorResult<Uint8Array, unknown>> => {
      const read = await reader.read();
      if (read.done) reader.releaseLock();
      return read as IteratorResult<Uint8Array, unknown>;
    };
    return { next, close: () => reader.cancel() };
  }
  const chunks = input[Symbol.asyncIterator]();
  const close = async (): Promise<unknown> => {
    const closed = chunks.return?.();
    if ('pipe' in input && typeof input.destroy === 'function') input.destroy();
    return closed;
  };
  return { next: () => chunks.next(), close };
}

function requireBytes(bytes: Uint8Array, most: number, label: string | undefined): Uint8Array {
  if (bytes.byteLength === 0) throw refusedInput('there are no bytes', label);
  if (bytes.byteLength > most) throw tooMany(most, label);
  return bytes;
}

function tooMany(most: number, label: string | undefined): ImageTooLargeError {
  const name = label === undefined ? 'The file' : `'${label}'`;
  return new ImageTooLargeError(`${name} has more than \`maxInputBytes\`, ${most} bytes. Raise it if such files are welcome.`, about(label));
}

/** The last part of a path: enough to know it by. */
function nameOf(path: string): string {
  return path.replace(/^.*[/\\]/, '') || path;
}

export function refusedInput(why: string, name: string | undefined, cause?: unknown): ImageInputError {
  return new ImageInputError(`Cannot read ${name === undefined ? 'the image' : `'${name}'`}: ${why}.`, about(name, cause));
}
