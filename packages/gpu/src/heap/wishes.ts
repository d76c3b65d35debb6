/** Those who wait for a block: for room for a new one, or for one of their key to come back. In the order of the budget's line. */
import type { Handle, WaitOptions } from '@handback/core';
import type { Block } from './block.ts';

/** What a step of priority is worth in the line of a budget. */
const TICKETS_A_STEP = 64;

/** Says to one who waits for room that it has a block. */
const GIVEN = new Error('given what came back');

export interface Wish {
  readonly key: string;
  readonly mayBeOld: boolean;
  /** A lower one goes first. */
  readonly order: number;
  readonly signal: AbortSignal;
  given: Handle<Block> | undefined;
  /** Ends its wait for room. */
  readonly end: (reason: unknown) => void;
  /** Waits for what comes back no more. */
  readonly leave: () => void;
  /** It has what it wanted, or has gone. */
  readonly done: () => void;
}

export class Wishes {
  readonly #wishes: Set<Wish> = new Set();
  #tickets = 0;

  get size(): number {
    return this.#wishes.size;
  }

  join(key: string, mayBeOld: boolean, { priority = 0, signal }: WaitOptions): Wish {
    const caller = signal as AbortSignal | undefined;
    const controller = new AbortController();
    const abort = (): void => {
      wish.leave();
      controller.abort(caller?.reason);
    };
    const wish: Wish = {
      key,
      mayBeOld,
      order: ++this.#tickets - priority * TICKETS_A_STEP,
      signal: controller.signal,
      given: undefined,
      end: (reason) => controller.abort(reason),
      leave: () => this.#wishes.delete(wish),
      done: () => {
        this.#wishes.delete(wish);
        caller?.removeEventListener('abort', abort);
      },
    };
    caller?.addEventListener('abort', abort);
    this.#wishes.add(wish);
    return wish;
  }

  /** Gives a block to the first in line if it is what that one waits for, else to nobody. */
  offer(block: Handle<Block>): boolean {
    let first: Wish | undefined;
    for (const wish of this.#wishes) if (first === undefined || wish.order < first.order) first = wish;
    if (first?.mayBeOld !== true || first.key !== block.value.key) return false;
    first.leave();
    first.given = block;
    first.end(GIVEN);
    return true;
  }

  /** Nobody waits any more. */
  end(reason: unknown): void {
    for (const wish of [...this.#wishes]) {
      wish.leave();
      wish.end(reason);
    }
  }
}

/** Whether a wait ended because something was given. */
export function isGiven(error: unknown): boolean {
  return error === GIVEN;
}
