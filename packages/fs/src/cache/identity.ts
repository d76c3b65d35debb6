/** Which file stands at a path: a path alone does not say, since another may have been put there meanwhile. */
import { fstatSync, statSync, type BigIntStats } from 'node:fs';
import { ResourceError } from '@handback/core';

/** The device and the number of a file there; and when it was made, since numbers of removed files are given out again at once. */
export interface Identity {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly born: bigint;
}

const exactly = { bigint: true } as const;

export function identityAt(path: string): Identity {
  return cacheable(path, statSync(path, exactly));
}

export function identityBehind(path: string, fd: number): Identity {
  return cacheable(path, fstatSync(fd, exactly));
}

function cacheable(path: string, stats: BigIntStats): Identity {
  if (stats.isFIFO() || stats.isSocket())
    throw new TypeError(`Cannot cache '${path}': a pipe or socket has no positions to read at, and cannot be opened again.`);
  if (stats.isDirectory()) throw new TypeError(`Cannot cache '${path}': it is a directory. Read it with \`opendir\`.`);
  return identityOf(stats);
}

/** `born` is zero where the file system does not keep it. */
export function identityOf({ dev, ino, birthtimeNs }: BigIntStats): Identity {
  return { dev, ino, born: birthtimeNs };
}

/** Another file's identity, or the same file's as after a copy-up of an overlay file system, where the old one is stale too. */
export function isSame(one: Identity, other: Identity): boolean {
  return one.ino === other.ino && one.dev === other.dev && one.born === other.born;
}

/** Names an inode: what the system's locks belong to. */
export function inodeOf({ dev, ino }: Identity): string {
  return `${dev}:${ino}`;
}

/** Is thrown when a file that is opened again is not the one that was opened first. */
export class FileReplacedError extends ResourceError {
  static override readonly brand: string = 'FileReplacedError';
  override readonly code: string = 'ERR_FILE_REPLACED';
  readonly path: string;

  constructor(path: string, first: Identity, now: Identity) {
    super(
      `Cannot open '${path}' again: another file stands there now (${words(now)}; first it was ${words(first)}). ` +
        `Dispose this handle and open the path anew, or make the cache with onReplaced: 'follow'.`,
      { kind: 'cached file', label: path },
    );
    this.path = path;
  }
}
Object.defineProperty(FileReplacedError.prototype, 'name', { value: 'FileReplacedError', writable: true, configurable: true });

/** An identity as a person reads it. */
export function words({ dev, ino, born }: Identity): string {
  return `device ${dev}, inode ${ino}, made at ${born} ns`;
}
