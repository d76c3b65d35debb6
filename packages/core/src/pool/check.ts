/** The check of an idle resource before it is lent. Its code is the app's: what it throws says no, like false. */
import { isThenable } from '../handle/lifecycle.ts';
import { now } from '../runtime/host.ts';
import type { Entry } from './entry.ts';

export type Verdict = boolean | Promise<boolean>;

export class Check<T> {
  readonly #check: (value: T) => boolean | PromiseLike<boolean>;
  /** Milliseconds of idleness below which nothing is asked. */
  readonly #after: number;
  /** A check that took its time was seen: those who cannot wait ask no more. */
  isAsync = false;
  /** Told what a check threw. */
  readonly #trouble: (error: unknown) => void;

  constructor(check: (value: T) => boolean | PromiseLike<boolean>, after: number, trouble: (error: unknown) => void) {
    this.#check = check;
    this.#after = after;
    this.#trouble = trouble;
  }

  /** What was just opened, or has been idle for less than it may, needs none. */
  isDue(entry: Entry<T>): boolean {
    return !entry.fresh && (this.#after === 0 || now() - entry.idleAt >= this.#after);
  }

  /** Never throws, never rejects. */
  run(entry: Entry<T>): Verdict {
    try {
      const answer = this.#check(entry.raw);
      if (!isThenable(answer)) return answer === true;
      this.isAsync = true;
      return Promise.resolve(answer).then(
        (good) => good === true,
        (error: unknown) => this.#refuse(error),
      );
    } catch (error) {
      return this.#refuse(error);
    }
  }

  #refuse(error: unknown): false {
    this.#trouble(error);
    return false;
  }
}
