/** Opening files: the calls of `node:fs/promises`, under the budget of descriptors. */
import { fstatSync, type Mode, type OpenMode, type PathLike } from 'node:fs';
import type { AcquireAllOptions, AcquireOptions, Handles, OwnOptions } from '@handback/core';
import { whileOpening } from './descriptors.ts';
import { files } from './files.ts';
import { OpenFile } from './open-file.ts';
import { requestOf, textOf, type FileRequest } from './request.ts';

/** Opens a file when there is a descriptor for it. Rejects with the system's error, BudgetExceededError, AcquireTimeoutError, or the signal's reason. */
export async function open(path: PathLike, flags: OpenMode = 'r', mode?: Mode, options?: AcquireOptions | null): Promise<OpenFile> {
  const request = requestOf(path, flags, mode);
  return OpenFile.named(await whileOpening(files.acquire(request, options ?? undefined)), textOf(request.path));
}

/** Opens a file within the call; a full budget is reclaimed first. Throws the system's error, or BudgetExceededError. */
export function openSync(path: PathLike, flags: OpenMode = 'r', mode?: Mode, options?: OwnOptions | null): OpenFile {
  const request = requestOf(path, flags, mode);
  return OpenFile.named(files.acquireSync(request, options ?? undefined), textOf(request.path));
}

/** A file to open: the arguments of `open`. */
export interface OpenRequest {
  readonly path: PathLike;
  /** Default `r`. */
  readonly flags?: OpenMode | undefined;
  readonly mode?: Mode | undefined;
}

/** What was opened for several requests: as many as there are in the literal, so that each may be taken out by its place. */
export type OpenFiles<R extends readonly OpenRequest[]> = Handles<OpenFile> & { readonly [K in Exclude<keyof R, keyof (readonly unknown[])>]: OpenFile };

/**
 * Opens several files when there are descriptors for all of them: all or none, as one disposable array in the order of the requests.
 *
 * *When to use*: for what needs two files at a time (a copy, a merge). Opened one after the other, many such jobs at once can each hold
 * the first and wait for the second.
 */
export async function openAll<const R extends readonly OpenRequest[]>(requests: R, options?: AcquireAllOptions | null): Promise<OpenFiles<R>> {
  if (!Array.isArray(requests) || requests.some((request: unknown) => typeof request !== 'object' || request === null || !('path' in request)))
    throw new TypeError('Expected an array of files to open, each { path, flags?, mode? }');
  const asked = requests.map(({ path, flags, mode }) => requestOf(path, flags, mode));
  const opened = await whileOpening(files.acquireAll(asked, options ?? undefined), asked.length);
  for (const [index, file] of opened.entries()) OpenFile.named(file, textOf((asked[index] as FileRequest).path));
  return opened as OpenFiles<R>;
}

/** Adopts a descriptor that was opened elsewhere: from now on the handle owns it. Never pass on the number of a FileHandle: it has an owner. */
export function own(fd: number, options: OwnOptions = {}): OpenFile {
  if (!Number.isSafeInteger(fd) || fd < 0) throw new RangeError(`Expected \`fd\` to be a descriptor, a whole number from 0 up, got ${String(fd)}`);
  // One that is not open would be closed as somebody else's later. Throws EBADF.
  fstatSync(fd);
  return files.own(fd, options);
}
