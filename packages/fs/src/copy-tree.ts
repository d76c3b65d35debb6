/** Copying a tree, which holds a directory open for each level that it stands in: up to Node 25, as many as the tree is deep. */
import type { CopyOptions } from 'node:fs';
import { cp as copyNow } from 'node:fs/promises';
import { pathAsOf, pathNow } from './request.ts';
import { withRoom } from './with-room.ts';

/** Levels that are paid for at first. Deeper trees have the reserve, and where that does not do either, more permits and another try. */
const LEVELS = 4;

/**
 * `cp` of `node:fs/promises`. A whole tree (`recursive`) stands in line for the descriptors it takes. Where they do not suffice the copy
 * begins again with more of them: then `filter` is asked again for what it was asked before.
 */
export async function cp(source: string | URL, destination: string | URL, options?: CopyOptions): Promise<void> {
  const from = pathAsOf(source);
  const to = pathAsOf(destination);
  // What is there already is an error to it, so what it has copied itself would be.
  const repeatable = options?.recursive !== true || options.errorOnExist !== true || options.force !== false;
  const first = options?.recursive === true ? LEVELS : 0;
  return withRoom({ label: 'cp', first, repeatable }, () => copyNow(pathNow(from) as string, pathNow(to) as string, options));
}
