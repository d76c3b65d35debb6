/** Copies of trees, under the budget: Node's `cp` keeps a directory open at each level of the tree while it works below it. */
import type { CopyOptions } from 'node:fs';
import { cp as copy, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { countOpening, descriptors } from './descriptors.ts';

/** Where links are followed a tree may have no end: then it is copied until Node finds that out. */
const DEEPEST = 64;

/**
 * Copies a file, a link, or with `recursive: true` a tree, as `node:fs/promises` does. A tree waits until there is a descriptor for
 * each of its levels, which are looked at first; one with more levels than the budget has descriptors takes them all.
 */
export async function cp(source: string | URL, destination: string | URL, options?: CopyOptions): Promise<void> {
  const levels = options?.recursive === true ? await levelsOf(source, options.dereference === true) : 0;
  if (levels === 0) return copy(source, destination, options);
  const amount = Math.max(1, Math.min(levels, descriptors.stats().capacity));
  // From here to its end: its directories are opened and closed as it goes.
  countOpening(amount);
  try {
    using _levels = await descriptors.acquire(amount, { label: 'cp' });
    await copy(source, destination, options);
  } finally {
    countOpening(-amount);
  }
}

/** How many directories deep a tree is; 0 for what is no directory. What cannot be listed is for the copy to complain of. */
async function levelsOf(source: string | URL, followsLinks: boolean): Promise<number> {
  let level = [source instanceof URL ? fileURLToPath(source) : source];
  for (let levels = 0; ; levels++) {
    const next: string[] = [];
    let listed = false;
    for (const path of level) {
      const entries = await readdir(path, { withFileTypes: true }).catch(() => undefined);
      listed ||= entries !== undefined;
      for (const entry of entries ?? []) {
        const below = join(path, entry.name);
        if (entry.isDirectory() || (followsLinks && entry.isSymbolicLink() && (await isDirectory(below)))) next.push(below);
      }
    }
    if (!listed || levels === DEEPEST) return levels;
    level = next;
  }
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
