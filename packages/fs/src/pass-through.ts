/**
 * Calls of `node:fs/promises` as they are: none holds a descriptor for longer than a job of the thread pool runs, so that any number
 * of them at once has a handful open at most, which the reserve of the budget has room for.
 */
import { copyFile as copyFileNow, readdir as readdirNow, rm as rmNow } from 'node:fs/promises';
import { withRoom } from './with-room.ts';

export { access, chmod, lstat, mkdir, readlink, realpath, rename, rmdir, stat, symlink, unlink, utimes } from 'node:fs/promises';

/** `copyFile` of `node:fs/promises`. It takes no permit; where others left it no descriptor, it stands in line for some. */
export const copyFile: typeof copyFileNow = (...asked) => withRoom({ label: 'copyFile', first: 0, repeatable: true }, () => copyFileNow(...asked));

/** `readdir` of `node:fs/promises`. It takes no permit; where others left it no descriptor, it stands in line for some. */
export const readdir: typeof readdirNow = ((...asked: Parameters<typeof readdirNow>) =>
  withRoom({ label: 'readdir', first: 0, repeatable: true }, () => readdirNow(...asked))) as typeof readdirNow;

/** `rm` of `node:fs/promises`. It takes no permit; where others left it no descriptor, it stands in line for some. */
export const rm: typeof rmNow = (...asked) => withRoom({ label: 'rm', first: 0, repeatable: true }, () => rmNow(...asked));
