/**
 * Calls of `node:fs/promises` as they are: none holds a descriptor for longer than a job of the thread pool runs, so that any number
 * of them at once has a handful open at most, which the reserve of the budget has room for.
 */
export { access, chmod, copyFile, lstat, mkdir, readdir, readlink, realpath, rename, rm, rmdir, stat, symlink, unlink, utimes } from 'node:fs/promises';
