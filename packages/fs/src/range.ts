/** Which bytes go where: what a read or write was asked, in any of the forms of `FileHandle`. Whatever is none of them is refused before a byte moves. */
import type { Signal } from '@handback/core';
import type { RangeOptions } from './open-file.ts';
import { refusal } from './refuse.ts';

export interface Range {
  readonly offset: number;
  readonly length: number;
  readonly position: number | undefined;
}

/** What is written, and where. */
export interface Written extends Range {
  readonly bytes: NodeJS.ArrayBufferView;
}

export function rangeOf(buffer: NodeJS.ArrayBufferView, first: unknown, count: unknown, place: unknown): Range {
  if (!ArrayBuffer.isView(buffer)) throw new TypeError(`Expected \`buffer\` to be an ArrayBufferView, got ${nameOf(buffer)}`);
  const given = typeof first === 'object' && first !== null;
  if (given && (count !== undefined || place !== undefined || Array.isArray(first) || ArrayBuffer.isView(first)))
    throw new TypeError('Expected (buffer, offset, length, position) or (buffer, { offset, length, position })');
  const options = given ? (first as RangeOptions) : { offset: first, length: count, position: place };
  const offset = requireWhole(options.offset ?? 0, 'offset', buffer.byteLength);
  const length = requireWhole(options.length ?? buffer.byteLength - offset, 'length', buffer.byteLength - offset);
  // A bigint, as fs.read takes: a file that ends beyond 2 ** 53 there is none.
  const position = typeof options.position === 'bigint' ? Number(options.position) : (options.position ?? undefined);
  return { offset, length, position: position === undefined ? undefined : requireWhole(position, 'position', Number.MAX_SAFE_INTEGER) };
}

/** (buffer, offset, length, position), (buffer or text, options) or (text, position, encoding). */
export function writtenOf(data: unknown, first: unknown, second: unknown, third: unknown): Written {
  if (typeof data !== 'string') {
    const bytes = data as NodeJS.ArrayBufferView;
    if (!ArrayBuffer.isView(bytes)) throw new TypeError(`Expected \`data\` to be a text or an ArrayBufferView, got ${nameOf(data)}`);
    return { bytes, ...rangeOf(bytes, first, second, third) };
  }
  if (third !== undefined) throw new TypeError('Expected (text, position, encoding): a text has no `offset` and no `length`');
  const bytes = Buffer.from(data, requireEncoding(second));
  return { bytes, ...(typeof first === 'object' && first !== null ? rangeOf(bytes, first, undefined, undefined) : rangeOf(bytes, 0, undefined, first)) };
}

export function requireEncoding(encoding: unknown): BufferEncoding {
  if (encoding === undefined || encoding === null) return 'utf8';
  if (typeof encoding === 'string' && Buffer.isEncoding(encoding)) return encoding;
  throw refusal('ERR_INVALID_ARG_VALUE', `Expected \`encoding\` to be one of Node's (utf8, latin1, base64 …), got ${String(encoding)}`);
}

export function throwIfAborted(signal: Signal | undefined): void {
  if (signal?.aborted === true) throw signal.reason;
}

function requireWhole(value: unknown, what: string, most: number): number {
  if (typeof value !== 'number') throw new TypeError(`Expected \`${what}\` to be a whole number, got ${nameOf(value)}`);
  if (!Number.isSafeInteger(value) || value < 0 || value > most)
    throw new RangeError(`Expected \`${what}\` to be a whole number from 0 to ${most}, got ${String(value)}`);
  return value;
}

function nameOf(value: unknown): string {
  return value === null ? 'null' : typeof value === 'string' ? `'${value}'` : typeof value;
}
