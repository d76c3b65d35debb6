/** What an image is read from. */
import { AcquireTimeoutError } from '@handback/core';
import { about, ImageInputError, ImageTooLargeError } from '../errors.ts';
import { untilAborted } from '../admission.ts';
import { refused, show } from '../pixels/shape.ts';
import { forwarding } from '../signals.ts';

/** An image file: its path, a `file:` URL, its bytes, or its bytes as they come (an upload, a stream, the body of a response). */
export type ImageInput = string | URL | Uint8Array | ArrayBuffer | AsyncIterable<Uint8Array>;

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
  /** The most bytes that a stream may bring; default 64 MiB. More is refused with ImageTooLargeError. */
  maxInputBytes?: number | undefined;
  signal?: AbortSignal | undefined;
}

const MOST_BYTES = 64 * 2 ** 20;
/** A timer can be set no further; whoever waits longer waits for ever. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** The source of an input, or ImageInputError. A stream is read to its end: what it brings is held until the image was read. */
export async function sourceOf(input: ImageInput, { maxInputBytes = MOST_BYTES, signal, timeout }: Bounds): Promise<Source> {
  signal?.throwIfAborted();
  if (typeof maxInputBytes !== 'number' || !(maxInputBytes > 0))
    throw refused(`expected \`maxInputBytes\` to be a number above 0, got ${show(maxInputBytes)}`, undefined);
  if (typeof input === 'string') return { input, name: nameOf(input), heldBytes: 0, timeout };
  if (input instanceof URL) {
    if (input.protocol !== 'file:') throw refusedInput(`expected a \`file:\` URL, got ${show(input.href)}; fetch it, and pass the response's body`, undefined);
    const { fileURLToPath } = await import('node:url');
    const path = fileURLToPath(input);
    return { input: path, name: nameOf(path), heldBytes: 0, timeout };
  }
  if (input instanceof Uint8Array) return { input: requireBytes(input), name: undefined, heldBytes: 0, timeout };
  if (input instanceof ArrayBuffer) return { input: requireBytes(new Uint8Array(input)), name: undefined, heldBytes: 0, timeout };
  if (typeof (input as AsyncIterable<Uint8Array> | undefined)?.[Symbol.asyncIterator] === 'function') {
    const start = performance.now();
    const bytes = requireBytes(await within(timeout, signal, (either) => collect(input, maxInputBytes, either)));
    const left = timeout === undefined ? undefined : Math.max(0, Math.ceil(timeout - (performance.now() - start)));
    return { input: bytes, name: undefined, heldBytes: bytes.byteLength, timeout: left };
  }
  throw refusedInput(`expected a path, a file: URL, bytes, or bytes as they come, got ${show(input)}`, undefined);
}

/** Reads with a signal that fires as the caller's does, or when the time is over. */
function within<R>(timeout: number | undefined, signal: AbortSignal | undefined, read: (either: AbortSignal | undefined) => Promise<R>): Promise<R> {
  // What is no time the budget refuses.
  if (typeof timeout !== 'number' || !(timeout >= 0 && timeout <= LONGEST_TIMER)) return read(signal);
  return forwarding(signal, async (own) => {
    const timer = setTimeout(() => own.abort(tooLate(timeout)), timeout);
    try {
      return await read(own.signal);
    } finally {
      clearTimeout(timer);
    }
  });
}

function tooLate(timeout: number): AcquireTimeoutError {
  const none = { budget: '', requested: 0, capacity: Number.POSITIVE_INFINITY, used: 0, waiting: 0, holders: [] };
  const message = `The stream did not come to its end within ${timeout} ms: nothing was decoded, and it was closed. Raise \`timeout\` for slow senders.`;
  return new AcquireTimeoutError(message, 'open', none, about(undefined));
}

async function collect(input: AsyncIterable<Uint8Array>, most: number, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const { next, close } = readingOf(input);
  let isOver = false;
  try {
    for (;;) {
      const { done, value: chunk } = await untilAborted(Promise.resolve(next()), signal);
      if (done === true) break;
      if (!(chunk instanceof Uint8Array)) throw refusedInput(`expected the stream to bring bytes, got ${show(chunk)}`, undefined);
      bytes += chunk.byteLength;
      if (bytes > most)
        throw new ImageTooLargeError(`The stream brought more than \`maxInputBytes\`, ${most} bytes. Raise it if such files are welcome.`, about(undefined));
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

function requireBytes(bytes: Uint8Array): Uint8Array {
  if (bytes.byteLength > 0) return bytes;
  throw refusedInput('there are no bytes', undefined);
}

/** The last part of a path: enough to know it by. */
function nameOf(path: string): string {
  return path.replace(/^.*[/\\]/, '') || path;
}

export function refusedInput(why: string, name: string | undefined, cause?: unknown): ImageInputError {
  return new ImageInputError(`Cannot read ${name === undefined ? 'the image' : `'${name}'`}: ${why}.`, about(name, cause));
}
