/**
 * Inodes that are pinned. The system's record locks (fcntl) belong to process and inode: closing *any* descriptor of the inode drops
 * them all, so while a file is pinned, no descriptor of the same inode is closed, whichever path and flags it was opened by.
 */
import type { Descriptor } from './descriptor.ts';
import { inodeOf } from './identity.ts';

interface Lock {
  count: number;
  /** What was to be closed meanwhile. */
  readonly postponed: Descriptor[];
}

export class Locks {
  readonly #locks = new Map<string, Lock>();

  has(descriptor: Descriptor): boolean {
    // Nearly always empty: then a close costs no text.
    return this.#locks.size > 0 && this.#locks.has(inodeOf(descriptor.identity));
  }

  add(descriptor: Descriptor): void {
    const inode = inodeOf(descriptor.identity);
    const lock = this.#locks.get(inode);
    if (lock === undefined) this.#locks.set(inode, { count: 1, postponed: [] });
    else lock.count++;
  }

  /** Has the close of one that is pinned wait; false where it need not. */
  postpone(descriptor: Descriptor): boolean {
    if (!this.has(descriptor)) return false;
    this.#locks.get(inodeOf(descriptor.identity))?.postponed.push(descriptor);
    return true;
  }

  /** Takes one pin away; answers what may be closed now. */
  remove(descriptor: Descriptor): readonly Descriptor[] {
    const inode = inodeOf(descriptor.identity);
    const lock = this.#locks.get(inode) as Lock;
    if (--lock.count > 0) return [];
    this.#locks.delete(inode);
    return lock.postponed;
  }
}
