/** Copying a tree, which holds a directory open for each level that it stands in: up to Node 25, as many as the tree is deep. */
import type { CopyOptions } from 'node:fs';
import { cp as copyNow, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pathAsOf, pathNow, textOf } from './request.ts';
import { withRoom } from './with-room.ts';

/** Where links are followed a tree may have no end: then it is copied until Node finds that out. */
const DEEPEST = 64;

/**
 * `cp` of `node:fs/promises`. A whole tree (`recursive`) stands in line for a descriptor for each of its levels, which are looked at
 * first. Where they do not suffice the copy begins again with more of them: then `filter` is asked again for what it was asked before.
 */
export async function cp(source: string | URL, destination: string | URL, options?: CopyOptions): Promise<void> {
  const from = pathAsOf(source);
  const to = pathAsOf(destination);
  // What is there already is an error to it, so what it has copied itself would be.
  const repeatable = options?.recursive !== true || options.errorOnExist !== true || options.force !== false;
  const first = options?.recursive === true ? await levelsOf(textOf(pathNow(from)), options.dereference === true) : 0;
  return withRoom({ label: 'cp', first, repeatable }, () => copyNow(pathNow(from) as string, pathNow(to) as string, options));
}

/** How many directories deep a tree is; 0 for what is no directory. What cannot be listed is for the copy to complain of. */
async function levelsOf(source: string, followsLinks: boolean): Promise<number> {
  let level = [source];
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
