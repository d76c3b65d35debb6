/** Opening files: the calls of `node:fs/promises`, under the budget of descriptors. */
import { constants, type Mode, type OpenMode, type PathLike } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { AcquireOptions, OwnOptions } from '@handback/core';
import { files } from './files.ts';
import { OpenFile, type TextOptions } from './open-file.ts';

/** Opens a file when there is a descriptor for it. Rejects with the system's error, BudgetExceededError, AcquireTimeoutError, or the signal's reason. */
export async function open(path: PathLike, flags: OpenMode = 'r', mode?: Mode, options: AcquireOptions = {}): Promise<OpenFile> {
  return OpenFile.named(await files.acquire({ path, flags, mode }, options), textOf(path));
}

/** Opens a file within the call; a full budget is reclaimed first. Throws the system's error, or BudgetExceededError. */
export function openSync(path: PathLike, flags: OpenMode = 'r', mode?: Mode, options: OwnOptions = {}): OpenFile {
  return OpenFile.named(files.acquireSync({ path, flags, mode }, options), textOf(path));
}

/** Adopts a descriptor that was opened elsewhere: from now on the handle owns it. Never pass on the number of a FileHandle: it has an owner. */
export function own(fd: number, options: OwnOptions = {}): OpenFile {
  if (!Number.isSafeInteger(fd) || fd < 0) throw new RangeError(`Expected \`fd\` to be a descriptor, a whole number from 0 up, got ${String(fd)}`);
  return files.own(fd, options);
}

/** How readFile reads. */
export interface ReadFileOptions extends AcquireOptions {
  /** Answer a text in this encoding; without it, bytes. */
  encoding?: BufferEncoding | undefined;
}

/** Reads a whole file when there is a descriptor for it, and gives it back at once. */
export function readFile(path: PathLike, options?: AcquireOptions & { encoding?: undefined }): Promise<Buffer>;
export function readFile(path: PathLike, options: BufferEncoding | (AcquireOptions & TextOptions)): Promise<string>;
export function readFile(path: PathLike, options?: BufferEncoding | ReadFileOptions): Promise<Buffer | string>;
export async function readFile(path: PathLike, options: BufferEncoding | ReadFileOptions = {}): Promise<Buffer | string> {
  const { encoding, ...acquiring } = typeof options === 'string' ? { encoding: options } : options;
  using file = await files.acquire({ path, flags: constants.O_RDONLY, mode: undefined }, acquiring);
  return encoding === undefined ? await file.readFile() : await file.readFile(encoding);
}

function textOf(path: PathLike): string {
  if (typeof path === 'string') return path;
  return path instanceof URL ? fileURLToPath(path) : path.toString();
}
