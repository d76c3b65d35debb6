/**
 * What a cache has open, as an account of its own: every resource that it opens holds 1 of it until its release is over, whoever
 * releases it. `max` is its capacity, so a new key waits for a place as it would for any budget.
 */
import { Account } from '../budget/account.ts';

export class Count extends Account {
  #whenEmpty: (() => void) | undefined = undefined;

  constructor(kind: string, max: number) {
    super({ name: `cache of ${kind}`, unit: kind, oversize: 'reject', parent: undefined, capacity: max });
  }

  override giveBack(amount: number): void {
    super.giveBack(amount);
    if (this.used === 0) this.#whenEmpty?.();
  }

  /** Resolves when nothing is open, or on its way, any more. */
  emptied(): Promise<void> {
    return new Promise((resolve) => {
      if (this.used === 0) resolve();
      else this.#whenEmpty = resolve;
    });
  }
}
