/**
 * Locks between processes, on a path that all of them agree on. Within a process those who want the same path stand in line, in
 * order; the first of them asks the disk again and again, in growing steps.
 */
import { readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import { AcquireTimeoutError, Budget, defineResource, Handle, type AcquireOptions, type OpenContext } from '@handback/core';
import { atExit } from './at-exit.ts';
import { ageOf, take } from './lock-folder.ts';
import { Hold } from './lock-hold.ts';

/** How a path is locked. */
export interface LockOptions extends AcquireOptions {
  /** Milliseconds to wait for it, from the call. Default 30,000; Infinity waits for ever. */
  timeout?: number | undefined;
  /** Milliseconds after its last touch from which a lock counts as abandoned: the same for all who lock this path. From 100 up; default 10,000. */
  stale?: number | undefined;
  /** Give it back when the process exits; else it stays until it is stale. Default false. */
  atExit?: boolean | undefined;
}

/** Is a lock on a path, held by this process alone. Hold it with `using`. */
export class FileLock extends Handle<Hold> {
  /** The path that is locked, without links. */
  get path(): string {
    return this.value.path;
  }

  /** Fires with a LockCompromisedError when the lock was lost while it was held: others may be at work by now. */
  get signal(): AbortSignal {
    return this.value.signal;
  }
}

interface LockRequest {
  readonly path: string;
  readonly folder: string;
  readonly stale: number;
  readonly place: Place;
  /** Leaves the line, once. */
  readonly leave: () => void;
}

/** The line of this thread for one path. */
interface Place {
  readonly budget: Budget;
  users: number;
}

const places = new Map<string, Place>();

function enter(path: string): Place {
  const place = places.get(path) ?? { budget: new Budget({ name: `the lock on ${path}`, capacity: 1, unit: 'lock' }), users: 0 };
  places.set(path, place);
  place.users++;
  return place;
}

/** Once, although both may end it: the caller who went too early, and the lock that came too late. */
function leaveOnce(path: string, place: Place): () => void {
  let left = false;
  return () => {
    if (left) return;
    left = true;
    if (--place.users === 0) places.delete(path);
  };
}

const locks = defineResource({
  kind: 'lock',
  open: takeFolder,
  release: (hold: Hold) => hold.release(),
  cost: ({ place }: LockRequest) => ({ budget: place.budget, amount: 1 }),
  describe: ({ path }) => path,
  handle: FileLock,
  module: import.meta.url,
});

const TIMEOUT = 30_000;
const STALE = 10_000;
const LEAST_STALE = 100;

/**
 * Locks `path` (it need not exist) against other processes that do, by a folder `PATH.lock`. Rejects with AcquireTimeoutError, the
 * signal's reason, or the system's error.
 *
 * The lock is advice: who does not ask for it is not kept out. It is not for network file systems whose clocks differ by more than
 * `stale`.
 */
export async function lock(path: string | URL, options: LockOptions = {}): Promise<FileLock> {
  const { stale = STALE, atExit: asked = false, timeout = TIMEOUT, ...acquiring } = options;
  if (!(stale >= LEAST_STALE) || stale === Number.POSITIVE_INFINITY)
    throw new RangeError(`Expected \`stale\` to be milliseconds from ${LEAST_STALE} up, got ${String(stale)}`);
  acquiring.signal?.throwIfAborted();
  if (typeof path !== 'string' && !(path instanceof URL)) throw new TypeError(`Expected \`path\` to be a text or a URL, got ${typeof path}`);
  const real = withoutLinks(path instanceof URL ? fileURLToPath(path) : path);
  const folder = `${real}.lock`;
  const place = enter(real);
  const leave = leaveOnce(real, place);
  let taken: FileLock;
  try {
    taken = await locks.acquire({ path: real, folder, stale, place, leave }, { ...acquiring, timeout });
  } catch (error) {
    leave();
    if (!(error instanceof AcquireTimeoutError)) throw error;
    throw error.phase === 'open' ? heldElsewhere(error, folder, timeout, stale) : heldHere(error, real, timeout);
  }
  const hold = taken.value;
  if (asked) atExit(hold, () => hold.release());
  return taken;
}

async function takeFolder({ path, folder, stale, leave }: LockRequest, { signal }: OpenContext): Promise<Hold> {
  for (let pause = 5; ; pause = Math.min(pause * 2, 250)) {
    const stamp = take(folder, stale);
    if (stamp !== undefined) return new Hold(path, folder, stamp, stale, leave);
    // By chance, so that many processes do not come all at once.
    await delay(pause * (0.5 + Math.random()), undefined, { signal: signal as AbortSignal | undefined });
  }
}

/** Within the call, so that the order of the line is that of the calls. The path without links, so that all who mean one file lock one folder; of a file that does not exist yet, its directory's; of a link to such a one, what it points to. */
function withoutLinks(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const named = join(realpathSync(dirname(resolve(path))), basename(path));
    const target = targetOf(named);
    return target === undefined ? named : withoutLinks(resolve(dirname(named), target));
  }
}

/** Where a link points to; undefined for what is none. */
function targetOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function heldHere(error: AcquireTimeoutError, path: string, timeout: number): AcquireTimeoutError {
  const [holder] = error.holders;
  const place = holder?.site === undefined ? '' : `, locked at ${holder.site}`;
  const since = holder === undefined ? 'is about to have it' : `has it for ${Math.round(holder.oldestMs)} ms${place}`;
  return new AcquireTimeoutError(
    `No lock within ${timeout} ms: this process itself ${since}, and ${error.waiting} waited for ${path}. Hold locks with \`using\` and for short, or wait longer (\`timeout\`).`,
    'wait',
    error,
    { kind: 'lock', label: error.label, site: error.site, cause: error },
  );
}

function heldElsewhere(error: AcquireTimeoutError, folder: string, timeout: number, stale: number): AcquireTimeoutError {
  const age = ageOf(folder);
  const seen = age === undefined ? 'it was given back just now' : `its holder touched it ${Math.max(0, Math.round(age))} ms ago`;
  return new AcquireTimeoutError(
    `No lock within ${timeout} ms: another process holds ${folder}, and ${seen}. Wait longer (\`timeout\`); a holder that died is followed ${stale} ms after its last touch (\`stale\`).`,
    'open',
    error,
    { kind: 'lock', label: error.label, site: error.site, cause: error },
  );
}
