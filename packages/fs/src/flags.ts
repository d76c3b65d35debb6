/** Flags of `open`, as numbers: a file is opened again by them, without those that would make it anew. */
import { constants } from 'node:fs';
import { refusal } from './refuse.ts';

const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_EXCL, O_APPEND } = constants;
// Both are absent on Windows. Should a named pipe stand at the path by now, opening it must not wait for its other end.
const O_SYNC = (constants.O_SYNC as number | undefined) ?? 0;
export const NONBLOCK: number = (constants.O_NONBLOCK as number | undefined) ?? 0;
const ACCESS = O_RDONLY | O_WRONLY | O_RDWR;
const MAKES = O_CREAT | O_TRUNC | O_EXCL;

const texts: Record<string, number> = {
  r: O_RDONLY,
  rs: O_RDONLY | O_SYNC,
  sr: O_RDONLY | O_SYNC,
  'r+': O_RDWR,
  'rs+': O_RDWR | O_SYNC,
  'sr+': O_RDWR | O_SYNC,
  w: O_WRONLY | O_CREAT | O_TRUNC,
  wx: O_WRONLY | O_CREAT | O_TRUNC | O_EXCL,
  xw: O_WRONLY | O_CREAT | O_TRUNC | O_EXCL,
  'w+': O_RDWR | O_CREAT | O_TRUNC,
  'wx+': O_RDWR | O_CREAT | O_TRUNC | O_EXCL,
  'xw+': O_RDWR | O_CREAT | O_TRUNC | O_EXCL,
  a: O_WRONLY | O_CREAT | O_APPEND,
  ax: O_WRONLY | O_CREAT | O_APPEND | O_EXCL,
  xa: O_WRONLY | O_CREAT | O_APPEND | O_EXCL,
  as: O_WRONLY | O_CREAT | O_APPEND | O_SYNC,
  sa: O_WRONLY | O_CREAT | O_APPEND | O_SYNC,
  'a+': O_RDWR | O_CREAT | O_APPEND,
  'ax+': O_RDWR | O_CREAT | O_APPEND | O_EXCL,
  'xa+': O_RDWR | O_CREAT | O_APPEND | O_EXCL,
  'as+': O_RDWR | O_CREAT | O_APPEND | O_SYNC,
  'sa+': O_RDWR | O_CREAT | O_APPEND | O_SYNC,
};

/** The number of flags given as a text (`r+`) or a number; TypeError for anything else. */
export function flagsOf(flags: unknown): number {
  if (Number.isSafeInteger(flags) && (flags as number) >= 0) return flags as number;
  const number = typeof flags === 'string' && Object.hasOwn(texts, flags) ? texts[flags] : undefined;
  if (number !== undefined) return number;
  throw refusal('ERR_INVALID_ARG_VALUE', `Expected \`flags\` to be one of ${Object.keys(texts).join(', ')}, or a number of O_ constants, got ${String(flags)}`);
}

/** True where the first opening makes a file, or empties it: it can be done once alone. */
export function makesAnew(flags: number): boolean {
  return (flags & MAKES) !== 0;
}

/** What it is opened with again. */
export function flagsForAgain(flags: number): number {
  return (flags & ~MAKES) | NONBLOCK;
}

export function canRead(flags: number): boolean {
  return (flags & ACCESS) !== O_WRONLY;
}

export function canWrite(flags: number): boolean {
  return (flags & ACCESS) !== O_RDONLY;
}

/** The system writes at the end, wherever it is told to. */
export function appends(flags: number): boolean {
  return (flags & O_APPEND) !== 0;
}
