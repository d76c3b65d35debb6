/**
 * What is to be opened, as it was at the call. The opening may come much later, when its turn in the line has: by then a Buffer or a
 * URL may hold another path, and a relative one mean another file. What can never be opened is refused now, before anything is taken.
 */
import type { Mode, OpenMode, PathLike } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { flagsOf } from './flags.ts';
import { refusal } from './refuse.ts';

/** A path, and the directory that it was relative to; undefined for an absolute one. */
export interface PathRequest {
  readonly path: string | Buffer;
  readonly from: string | undefined;
}

export interface FileRequest extends PathRequest {
  readonly flags: OpenMode;
  readonly mode: Mode | undefined;
}

/** The file that a call asks for. Throws TypeError for what is no path, no flags, or no mode. */
export function requestOf(path: PathLike, flags: OpenMode | null | undefined, mode: Mode | null | undefined): FileRequest {
  const { path: own, from } = pathAsOf(path);
  flagsOf(flags ?? 'r');
  return { path: own, from, flags: flags ?? 'r', mode: modeOf(mode) };
}

/** A path of its own: a text, or bytes, which need be no text. */
export function pathAsOf(path: PathLike): PathRequest {
  const own = typeof path === 'string' ? path : copyOf(path);
  if (own.includes('\0')) throw refusal('ERR_INVALID_ARG_VALUE', `Expected \`path\` to be a path without null bytes, got ${JSON.stringify(textOf(own))}`);
  return { path: own, from: own.length === 0 || isAbsolute(textOf(own)) ? undefined : workingDirectory() };
}

function copyOf(path: unknown): string | Buffer {
  if (path instanceof URL) return fileURLToPath(path);
  if (path instanceof Uint8Array) return Buffer.from(path);
  const got = typeof path === 'number' ? `the number ${path}: adopt a descriptor with own(fd), and read by its handle` : path === null ? 'null' : typeof path;
  throw refusal('ERR_INVALID_ARG_TYPE', `Expected \`path\` to be a text, a Buffer, or a URL of a file, got ${got}`);
}

/** Where it is now. The path stays as it was given, for messages too, unless the working directory has changed since. */
export function pathNow({ path, from }: PathRequest): string | Buffer {
  if (from === undefined || workingDirectory() === from) return path;
  // By bytes: a name need be no text, and `a/..` need not be here where `a` is a link.
  if (typeof path !== 'string') return Buffer.concat([Buffer.from(`${from}/`), path]);
  return process.platform === 'win32' ? resolve(from, path) : `${from}/${path}`;
}

/** For messages: what is no text in it is shown as U+FFFD. */
export function textOf(path: string | Buffer): string {
  return typeof path === 'string' ? path : path.toString();
}

/** Undefined where it was removed. */
function workingDirectory(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}

function modeOf(mode: unknown): Mode | undefined {
  if (mode === undefined || mode === null) return undefined;
  if (typeof mode === 'string' && /^[0-7]+$/.test(mode)) return mode;
  if (typeof mode === 'number' && Number.isSafeInteger(mode) && mode >= 0 && mode < 2 ** 32) return mode;
  throw refusal('ERR_INVALID_ARG_VALUE', `Expected \`mode\` to be a number from 0 to 0o37777777777, or an octal text, got ${String(mode)}`);
}
