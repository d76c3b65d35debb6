/** Temporary directories: made under a prefix, removed with all that is in them. */
import { lstat, mkdtemp, rm } from 'node:fs/promises';
import { lstatSync, mkdtempSync, rmSync, type BigIntStats } from 'node:fs';
import { resolve } from 'node:path';
import { AsyncHandle, defineAsyncResource, defineResource, Handle, type OwnOptions } from '@handback/core';
import { atExit, forgetAtExit } from './at-exit.ts';
import { identityOf, isSame, words } from './cache/identity.ts';
import { descriptors, isExhausted } from './descriptors.ts';

/**
 * A temporary directory as it was made. Its inode, and when it was made, tell it from another one that stands at the path by now:
 * inodes of removed directories are given out again at once.
 */
export interface MadeDirectory {
  readonly path: string;
  readonly device: bigint;
  readonly inode: bigint;
  /** Nanoseconds since 1970; 0 where the file system does not keep it. */
  readonly born: bigint;
}

/** How a temporary directory is made. */
export interface TemporaryDirectoryOptions extends OwnOptions {
  /** Remove it when the process exits, if it is still there. Not by a signal that kills: for those the app's own handler must exit. Default false. */
  atExit?: boolean | undefined;
}

const RETRIES = { recursive: true, force: true, maxRetries: 3, retryDelay: 50 };
/** Each is some 300 ms of Node's own tries. */
const TRIES = 30;

/** Is a temporary directory: removed, with all that is in it, when it is disposed. Hold it with `await using`. */
export class TemporaryDirectory extends AsyncHandle<MadeDirectory> {
  /** Its absolute path. Throws DisposedError once it was disposed. A loan, as all values are: the path alone does not keep the directory. */
  get path(): string {
    return this.value.path;
  }

  /** Keeps the directory: it is the caller's from now on, at exit too. */
  override detach(): MadeDirectory {
    const made = super.detach();
    forgetAtExit(made);
    return made;
  }

  /** Removes it. Again: the same promise. */
  remove(): Promise<void> {
    return this.disposeAsync();
  }
}

/** Is a temporary directory that is removed within the call: hold it with `using`. */
export class TemporaryDirectorySync extends Handle<MadeDirectory> {
  /** Its absolute path. Throws DisposedError once it was disposed. A loan, as all values are: the path alone does not keep the directory. */
  get path(): string {
    return this.value.path;
  }

  /** Keeps the directory: it is the caller's from now on, at exit too. */
  override detach(): MadeDirectory {
    const made = super.detach();
    forgetAtExit(made);
    return made;
  }

  /** Removes it. Again: nothing. */
  remove(): void {
    this.dispose();
  }
}

const kind = 'temporary directory';
const shared = { kind, describe: ({ path }: MadeDirectory): string => path, module: import.meta.url };

const directories = defineAsyncResource({
  ...shared,
  open: async (prefix: string) => {
    const path = await mkdtemp(resolvePrefix(prefix));
    return made(path, await lstat(path, { bigint: true }));
  },
  release: removeTree,
  handle: TemporaryDirectory,
});

const directoriesSync = defineResource({
  ...shared,
  openSync: (prefix: string) => {
    const path = mkdtempSync(resolvePrefix(prefix));
    return made(path, lstatSync(path, { bigint: true }));
  },
  release: removeTreeSync,
  handle: TemporaryDirectorySync,
});

/**
 * Makes a directory whose name begins with `prefix` and ends with six characters of chance. `join(tmpdir(), 'name-')` makes one where
 * temporary things belong. A forgotten one is removed and reported; `detach` keeps it.
 */
export async function mkdtempDisposable(prefix: string, options: TemporaryDirectoryOptions = {}): Promise<TemporaryDirectory> {
  const directory = await directories.acquire(prefix, options);
  if (options.atExit === true) removeAtExit(directory.value);
  return directory;
}

/** Makes one within the call. */
export function mkdtempDisposableSync(prefix: string, options: TemporaryDirectoryOptions = {}): TemporaryDirectorySync {
  const directory = directoriesSync.acquireSync(prefix, options);
  if (options.atExit === true) removeAtExit(directory.value);
  return directory;
}

function removeAtExit(directory: MadeDirectory): void {
  atExit(directory, () => removeTreeSync(directory));
}

/** Absolute from the start, so that a `chdir` changes nothing; what ends the prefix, a separator too, is kept. */
function resolvePrefix(prefix: string): string {
  if (typeof prefix !== 'string' || prefix === '')
    throw new TypeError(`Expected \`prefix\` to be a path that the directory's name begins with, got ${String(prefix)}`);
  const separator = /[\\/]$/.exec(prefix)?.[0] ?? '';
  const path = resolve(prefix);
  return path.endsWith(separator) ? path : path + separator;
}

function made(path: string, stats: BigIntStats): MadeDirectory {
  const { dev, ino, born } = identityOf(stats);
  return { path, device: dev, inode: ino, born };
}

async function removeTree(directory: MadeDirectory): Promise<void> {
  try {
    await removeTreeNow(directory);
  } finally {
    // Not before: an exit meanwhile leaves half of it.
    forgetAtExit(directory);
  }
}

async function removeTreeNow(directory: MadeDirectory): Promise<void> {
  const now = await lstat(directory.path, { bigint: true }).catch(absent);
  if (now === undefined) return;
  requireSame(directory, now);
  for (let tries = 1; ; tries++) {
    try {
      await rm(directory.path, RETRIES);
      return;
    } catch (error) {
      if (!isExhausted(error) || tries === TRIES) throw error;
      // Listing takes a descriptor for each level, and there was none: in line for one. Others may hold them all the same.
      using _room = await descriptors.acquire(1, { label: kind });
    }
  }
}

function removeTreeSync(directory: MadeDirectory): void {
  forgetAtExit(directory);
  let now: BigIntStats;
  try {
    now = lstatSync(directory.path, { bigint: true });
  } catch (error) {
    absent(error);
    return;
  }
  requireSame(directory, now);
  try {
    rmSync(directory.path, RETRIES);
  } catch (error) {
    // Node 26 gives no code when descriptors are gone.
    if (!isExhausted(error) && (error as NodeJS.ErrnoException).code !== undefined) throw error;
    using _room = descriptors.acquireSync(1, { label: kind });
    rmSync(directory.path, RETRIES);
  }
}

function absent(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  return undefined;
}

/** A path is only a name: what stands there may be another's directory, or a link to one. */
function requireSame({ path, device, inode, born }: MadeDirectory, stats: BigIntStats): void {
  const first = { dev: device, ino: inode, born };
  const now = identityOf(stats);
  if (stats.isDirectory() && isSame(first, now)) return;
  throw new Error(
    `Did not remove ${path}: it is not the directory that was made (${words(first)}), but another ${stats.isSymbolicLink() ? 'link' : 'entry'} (${words(now)}). Remove it by hand if it may go.`,
  );
}
