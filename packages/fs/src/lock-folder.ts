/**
 * A lock on disk: a folder `PATH.lock`, since making a folder is the one thing that succeeds once on every file system. Its owner
 * touches it again and again; one that was not touched for long is abandoned, and may be taken over. The layout is that of
 * proper-lockfile, so both exclude each other. (The package itself patches `fs.close` and `process.emit` by what it depends on,
 * and listens to signals, so it is not used.)
 *
 * All calls here are synchronous: none needs a descriptor, each takes microseconds, and nothing of this thread comes between a look
 * and what follows from it.
 */
import { lstatSync, mkdirSync, rmdirSync, utimesSync } from 'node:fs';

/** How a folder was seen: its inode and when it was touched last, to the nanosecond. Another one, or one that another touched, differs. */
type Stamp = string;

function stampOf(folder: string): Stamp | undefined {
  const stats = lstatSync(folder, { bigint: true, throwIfNoEntry: false });
  return stats === undefined ? undefined : `${stats.dev}:${stats.ino}:${stats.mtimeNs}`;
}

/** Milliseconds since its owner touched it; undefined where there is none. */
export function ageOf(folder: string): number | undefined {
  const stats = lstatSync(folder, { throwIfNoEntry: false });
  return stats === undefined ? undefined : Date.now() - stats.mtimeMs;
}

/** Takes it, if it is free or abandoned. */
export function take(folder: string, stale: number): Stamp | undefined {
  if (make(folder)) return touch(folder);
  if (!isAbandoned(folder, stale)) return undefined;
  // Two that saw the same abandoned folder: the second would remove what the first has just made. So one at a time, and look again.
  const turn = `${folder}.break`;
  if (!make(turn)) {
    if (isAbandoned(turn, stale)) remove(turn);
    return undefined;
  }
  try {
    if (!isAbandoned(folder, stale)) return undefined;
    remove(folder);
    return make(folder) ? touch(folder) : undefined;
  } finally {
    remove(turn);
  }
}

/** Touches it, if it is still as its owner left it; undefined where it is not: then it is lost. */
export function refresh(folder: string, stamp: Stamp): Stamp | undefined {
  return stampOf(folder) === stamp ? touch(folder) : undefined;
}

/** Removes it, if it is still as its owner left it. Answers false where it is not. */
export function giveBack(folder: string, stamp: Stamp): boolean {
  if (stampOf(folder) !== stamp) return false;
  remove(folder);
  return true;
}

function isAbandoned(folder: string, stale: number): boolean {
  return (ageOf(folder) ?? 0) > stale;
}

function touch(folder: string): Stamp | undefined {
  const now = Date.now() / 1_000;
  utimesSync(folder, now, now);
  return stampOf(folder);
}

function make(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}

function remove(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
