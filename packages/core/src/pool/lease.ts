/** A lease: what a pool hands out. */
import { Handle } from '../handle/handle.ts';
import { HOLD, recordIn } from '../handle/hold.ts';
import { isOpen } from '../leaks/record.ts';
import { endThenSearch } from '../runtime/no-then.ts';
import type { Entry } from './entry.ts';

/**
 * Borrows one resource of a pool: hold it with `using`. It is a fresh handle each time, so a stale one can do nothing to whoever has
 * the resource now. Disposing it returns the resource: to the shelf, or, where that cannot be, to its release. What fails on the way
 * back is reported and never thrown at the borrower.
 */
export class Lease<T> extends Handle<T> {
  /** Ends the lease and releases the resource instead of shelving it: for one that the borrower has found, or made, unusable. Again: nothing. */
  discard(): void {
    const record = recordIn(this[HOLD]);
    if (!isOpen(record)) return;
    (record.kind as Entry<T>).condemned = true;
    this.dispose();
  }

  /** Takes the resource out of the pool for good: the caller owns the raw from now on. *See* AsyncHandle.detach for what it throws. */
  override detach(): T {
    const entry = recordIn(this[HOLD]).kind as Entry<T>;
    const raw = super.detach();
    entry.keeper.letGo(entry);
    return raw;
  }
}
endThenSearch(Lease);
