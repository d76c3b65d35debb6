/** The end of a pool: nobody is admitted any more, the idle go at once, the lent when they come back. */
import { closeAccount } from '../budget/admit.ts';
import { holdersHere } from '../budget/holders.ts';
import { collectWhile } from '../budget/reclaim.ts';
import { requireTimeout } from '../budget/amounts.ts';
import { ClosedError, InUseError } from '../errors/index.ts';
import { formatAge, plural } from '../leaks/words.ts';
import { now } from '../runtime/host.ts';
import { within } from './bounds.ts';
import type { Store } from './store.ts';

/** For those who want something of a pool that is closed. */
export function closedError(name: string, kind: string): ClosedError {
  return new ClosedError(`Pool '${name}' was drained or disposed: it lends nothing any more.`, { kind });
}

/** The end of one pool, begun once. */
export class Drain {
  readonly #store: Store<never, never>;
  #empty: Promise<void> | undefined;
  /** The latest time, by the monotonic clock, up to which somebody waits for its end. */
  #until = 0;

  constructor(store: Store<never, never>) {
    this.#store = store;
  }

  /** Closes the pool and resolves when all of it is released; rejects with InUseError after `timeout`. */
  start(timeout: number | undefined): Promise<void> {
    const store = this.#store;
    const allowed = requireTimeout(timeout) ?? store.settings.drainTimeout;
    const deadline = now() + allowed;
    this.#until = Math.max(this.#until, deadline);
    this.#empty ??= this.#close();
    return within(this.#empty, { signal: undefined, deadline }, () => stillOut(store, allowed));
  }

  #close(): Promise<void> {
    const store = this.#store;
    const { stock, openings, settings, leaseKind } = store;
    const refused = (): ClosedError => closedError(settings.name, leaseKind);
    store.isClosed = true;
    const empty = new Promise<void>((resolve) => {
      store.onGone = () => {
        if (stock.count > 0 || openings.under > 0) return;
        store.onGone = undefined;
        stock.withdraw();
        resolve();
      };
    });
    closeAccount(store.slots, refused);
    for (const shelf of [...stock.shelves]) openings.refuseAll(shelf, refused);
    for (let entry = stock.idle.first?.member; entry !== undefined; entry = stock.idle.first?.member) void stock.release(entry);
    store.onGone?.();
    // What is out may have been forgotten.
    void collectWhile(store.slots, () => now() < this.#until);
    return empty;
  }
}

function stillOut({ slots, openings, stock, settings, leaseKind }: Store<never, never>, allowed: number): InUseError {
  const lines = holdersHere(slots).map(
    ({ count, label, site, oldestMs }) =>
      `  ${plural(count, leaseKind)}${label === undefined ? '' : ` '${label}'`}${site === undefined ? '' : ` at ${site}`} (oldest ${formatAge(oldestMs)})`,
  );
  if (openings.under > 0) lines.push(`  ${plural(openings.under, 'opening')} under way`);
  if (stock.busy > 0) lines.push(`  ${stock.busy} being checked or reset`);
  if (stock.leaving > 0) lines.push(`  ${plural(stock.leaving, 'release')} under way`);
  return new InUseError(
    `Pool '${settings.name}' is closed, but not empty after ${formatAge(allowed)}:\n${lines.join('\n')}\nWhat is out is released when it comes back: dispose the leases, or wait for longer with drain({ timeout }).`,
    { kind: leaseKind },
  );
}
