/** Releases that a cache has begun itself: until they are over they hold what they held, and their failures are nobody's who acquires. */
import { heldBy } from '../budget/holders.ts';
import type { AsyncHandle } from '../handle/async-handle.ts';
import { reportFailure } from '../leaks/failures.ts';
import { CLOSED, type ResourceRecord } from '../leaks/record.ts';

export class Releases {
  readonly #running = new Set<ResourceRecord>();
  readonly #ends = new Set<Promise<void>>();
  /** Where failures go while the cache is being disposed: its `disposeAsync` rejects with them. */
  failures: unknown[] | undefined = undefined;

  /** Ends the cache's part in a resource; the promise of its release where that takes time. Never throws or rejects. */
  begin(handle: AsyncHandle<unknown>, record: ResourceRecord): Promise<void> | undefined {
    let closing: Promise<void>;
    try {
      closing = handle.disposeAsync();
    } catch (error) {
      closing = Promise.reject(error); // By a class of the author's own.
    }
    const isOver = record.state === CLOSED;
    if (!isOver) this.#running.add(record);
    const end = closing
      .catch((error: unknown) => {
        if (this.failures === undefined) reportFailure(record, error);
        else this.failures.push(error);
      })
      .then(() => {
        this.#running.delete(record);
        this.#ends.delete(end);
      });
    this.#ends.add(end);
    return isOver ? undefined : end;
  }

  /** What will come back to an account by itself. */
  promisedTo(account: object): number {
    let amount = 0;
    for (const record of this.#running) amount += heldBy(record, account);
    return amount;
  }

  /** Resolves when all are over. */
  async ended(): Promise<void> {
    while (this.#ends.size > 0) await Promise.all(this.#ends);
  }
}
