/** Open directories: the shape of `fs.Dir`, on a guarded handle. */
import { opendir as openCallback, opendirSync as openNow, type Dir, type Dirent, type OpenDirOptions, type PathLike } from 'node:fs';
import { defineResource, Handle, showAs, type AcquireOptions, type OpenContext, type OwnOptions, type SyncResourceKind } from '@handback/core';
import { countOpening, descriptors, isExhausted, whileOpening } from './descriptors.ts';
import { mayComeLate, withStack } from './files.ts';
import { requireEncoding } from './range.ts';
import { pathAsOf, pathNow, textOf, type PathRequest } from './request.ts';

/** Is a directory that is open: a descriptor under the process's budget. Hold it with `using`, or loop over it, which closes it. */
export class Directory extends Handle<Dir> {
  /** The path it was opened by. */
  get path(): string {
    return textOf(this.value.path as string | Buffer);
  }

  /** The next entry, or null after the last one. Reads run one after another. */
  async read(): Promise<Dirent | null> {
    return this.use((directory) => directory.read());
  }

  /** The next entry within the call, or null after the last one. Throws ERR_DIR_CONCURRENT_OPERATION while a `read()` is under way. */
  readSync(): Dirent | null {
    return this.use((directory) => directory.readSync());
  }

  /** The entries that are left. The end of the loop closes the directory: after the last one, by `break`, or by a throw. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Dirent, void, void> {
    try {
      for (let entry = await this.read(); entry !== null; entry = await this.read()) yield entry;
    } finally {
      await this.disposeAsync();
    }
  }

  /** Closes it, and resolves after the descriptor is closed: reads in flight finish first. Again: the same promise. */
  close(): Promise<void> {
    return this.disposeAsync();
  }

  /** Closes it within the call, or after the last read in flight. */
  closeSync(): void {
    this.dispose();
  }
}

showAs(Directory, ({ path }) => ({ path }));

interface Request extends PathRequest {
  readonly options: OpenDirOptions;
}

/**
 * The record holds the Dir itself, so that the engine never finds it forgotten before we do: Node would close it inside a collection
 * with a warning of its own, and its permit would be lost.
 */
const directories: SyncResourceKind<Dir, Request, Directory> = defineResource({
  kind: 'directory',
  open: openInPool,
  openSync: (request: Request) => openNow(pathNow(request) as string, request.options),
  release: (directory: Dir) => directory.closeSync(),
  cost: () => ({ budget: descriptors, amount: 1 }),
  describe: (directory) => textOf(directory.path as string | Buffer),
  isExhausted,
  handle: Directory,
  module: import.meta.url,
});

function openInPool(request: Request, context: OpenContext): Promise<Dir> {
  return new Promise((resolve, reject) => {
    const late = mayComeLate(context);
    openCallback(pathNow(request) as string, request.options, (error, directory) => {
      countOpening(-late);
      if (error === null) resolve(directory);
      else reject(withStack(error));
    });
    countOpening(late);
  });
}

/** How opendir opens. */
export interface OpendirOptions extends AcquireOptions {
  /** Of names; default `utf8`. */
  encoding?: BufferEncoding | undefined;
  /** How many entries are read ahead; default 32. */
  bufferSize?: number | undefined;
}

const NOTHING: OpendirOptions = {};

/** Node finds some of it wrong only when the directory is open, and throws where nobody can catch it. */
function requested(path: PathLike, { encoding, bufferSize, recursive }: OpendirOptions & { recursive?: unknown }): Request {
  const size: unknown = bufferSize ?? 32;
  if (typeof size !== 'number') throw new TypeError(`Expected \`bufferSize\` to be a whole number, got ${typeof size}`);
  if (!Number.isSafeInteger(size) || size < 1 || size >= 2 ** 32)
    throw new RangeError(`Expected \`bufferSize\` to be a whole number from 1 up, got ${String(size)}`);
  if (recursive !== undefined && recursive !== false)
    throw new TypeError('`recursive` is not for `opendir`, which holds one descriptor: open each directory that is found, or use `readdir`');
  return { ...pathAsOf(path), options: { encoding: requireEncoding(encoding), bufferSize: size } };
}

/** Opens a directory when there is a descriptor for it. Rejects with the system's error, BudgetExceededError, AcquireTimeoutError, or the signal's reason. */
export async function opendir(path: PathLike, options?: OpendirOptions | null): Promise<Directory> {
  const asked = options ?? NOTHING;
  return whileOpening(directories.acquire(requested(path, asked), asked));
}

/** Opens a directory within the call; a full budget is reclaimed first. Throws the system's error, or BudgetExceededError. */
export function opendirSync(path: PathLike, options?: (OwnOptions & Pick<OpendirOptions, 'encoding' | 'bufferSize'>) | null): Directory {
  const asked = options ?? NOTHING;
  return directories.acquireSync(requested(path, asked), asked);
}
