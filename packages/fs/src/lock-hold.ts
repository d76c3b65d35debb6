/** A lock that is held: the folder is touched again and again, and its signal fires when it was lost. */
import { channel } from 'node:diagnostics_channel';
import { ResourceError } from '@handback/core';
import { forgetAtExit } from './at-exit.ts';
import { giveBack, refresh } from './lock-folder.ts';

/** Touched three times within the time after which others may take it: a tick that is missed loses nothing. */
const TOUCHES = 3;

/** Timers of longer delays fire at once. */
const LONGEST = 2 ** 31 - 1;

const lost = channel('handback:lock-compromised');

/** Is what a lock's signal fires with, and what its dispose throws, when it was lost while it was held. */
export class LockCompromisedError extends ResourceError {
  static override readonly brand: string = 'LockCompromisedError';
  override readonly code: string = 'ERR_LOCK_COMPROMISED';
}
Object.defineProperty(LockCompromisedError.prototype, 'name', { value: 'LockCompromisedError', writable: true, configurable: true });

/** What a FileLock holds. */
export class Hold {
  readonly path: string;
  readonly folder: string;
  readonly #stale: number;
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #stamp: string;
  #touched = performance.now();
  /** Runs once, when it ends. */
  readonly #end: () => void;

  constructor(path: string, folder: string, stamp: string, stale: number, end: () => void) {
    this.path = path;
    this.folder = folder;
    this.#stamp = stamp;
    this.#stale = stale;
    this.#end = end;
    this.#timer = setInterval(() => this.#touch(), Math.min(Math.max(1, Math.floor(stale / TOUCHES)), LONGEST)).unref();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  release(): void {
    this.#stop();
    if (this.signal.aborted) return;
    // Found out only now: what was done under it may have been done by another too, so its owner must hear of it.
    if (!giveBack(this.folder, this.#stamp)) throw this.#compromise(undefined);
  }

  #stop(): void {
    clearInterval(this.#timer);
    forgetAtExit(this);
    this.#end();
  }

  #touch(): void {
    try {
      const stamp = refresh(this.folder, this.#stamp);
      if (stamp === undefined) {
        clearInterval(this.#timer);
        this.#compromise(undefined);
        return;
      }
      this.#stamp = stamp;
      this.#touched = performance.now();
    } catch (error) {
      // The disk may answer again at the next tick; after `stale` others may have taken it.
      if (performance.now() - this.#touched < this.#stale) return;
      clearInterval(this.#timer);
      this.#compromise(error);
    }
  }

  #compromise(cause: unknown): LockCompromisedError {
    const late = Math.round(performance.now() - this.#touched);
    const error = new LockCompromisedError(
      `The lock on ${this.path} was lost: ${cause === undefined ? `another has removed or taken ${this.folder}` : `${this.folder} cannot be touched (${String(cause)})`}, ${late} ms after it was touched last. ` +
        `Where the process stops for longer than \`stale\` (${this.#stale} ms), others may take it: raise \`stale\`, or stop work when \`lock.signal\` fires.`,
      { kind: 'lock', cause },
    );
    this.#controller.abort(error);
    if (lost.hasSubscribers) lost.publish({ path: this.path, error });
    return error;
  }
}
