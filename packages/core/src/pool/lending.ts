/** Lending: from a slot that is held to a lease. An idle resource, or the next one that comes, is checked and lent; where the way ends before, the slot and what was in hand go back. */
import { timedOut } from '../budget/admit.ts';
import type { Waiter } from '../budget/line.ts';
import type { AcquirePhase } from '../errors/index.ts';
import type { Ownership } from '../handle/async-handle.ts';
import { announce, announces, isThenable } from '../handle/lifecycle.ts';
import { handOver, leaveFlow } from '../leaks/following.ts';
import { notesUses } from '../leaks/levels.ts';
import { Details, ResourceRecord } from '../leaks/record.ts';
import { within } from './bounds.ts';
import type { Check } from './check.ts';
import { closedError } from './drain.ts';
import { BUSY, LEASED, type Entry } from './entry.ts';
import { Lease } from './lease.ts';
import type { Store } from './store.ts';
import { PATIENCE, Wanted, type Served, type Serves } from './wanted.ts';

/** Details of a lease; undefined for the label where it has none. */
export function newDetails(label: string | undefined): Details {
  const details = new Details();
  details.label = label;
  details.noted = notesUses;
  return details;
}

export class Lending<T, Request> implements Serves<T, Request> {
  readonly #store: Store<T, Request>;
  readonly #check: Check<T> | undefined;

  constructor(store: Store<T, Request>, check: Check<T> | undefined) {
    this.#store = store;
    this.#check = check;
  }

  /** Someone in line who asked for nothing in particular: all that there is to know stands in the waiter. */
  serveInLine({ extras }: Waiter, timeout: number | undefined): Served<T> {
    const { stock, isClosed } = this.#store;
    if (this.#check === undefined && !isClosed) {
      const entry = stock.take(undefined);
      if (entry !== undefined) return this.lend(entry, extras?.details, undefined);
    }
    return this.#serveSlowly(
      new Wanted<T, Request>(this, undefined as Request, undefined, undefined, extras?.details, timeout, undefined, extras?.deadline?.time),
    );
  }

  serve(wanted: Wanted<T, Request>): Served<T> {
    const { stock, isClosed } = this.#store;
    if (this.#check === undefined && !isClosed) {
      const entry = stock.take(wanted.key);
      if (entry !== undefined) return this.lend(entry, wanted.details, wanted.label);
    }
    return this.#serveSlowly(wanted);
  }

  /** An idle one that may be lent within the call. Checks that were seen to take their time are not begun. */
  tryServe(key: string | undefined): Entry<T> | undefined {
    const check = this.#check;
    const { stock } = this.#store;
    if (check === undefined) return stock.take(key);
    for (;;) {
      const entry = check.isAsync ? stock.takeOne(key, (idle) => !check.isDue(idle)) : stock.take(key);
      if (entry === undefined) return undefined;
      if (!this.#isGood(check, entry)) continue;
      if (!this.#store.isClosed) return entry;
      // Its own check has closed the pool.
      this.#store.returnUnused(entry);
      return undefined;
    }
  }

  lend(entry: Entry<T>, details: Details | undefined, label: string | undefined): Lease<T> {
    entry.fresh = false;
    if (details === undefined && entry.makesPlain && !announces()) return new Lease(entry as unknown as Ownership<T>, entry.raw);
    return this.#lendRecorded(entry, details ?? newDetails(label));
  }

  #lendRecorded(entry: Entry<T>, details: Details): Lease<T> {
    const { aging } = this.#store;
    const record = new ResourceRecord(entry, entry.raw, details);
    if (aging.watchesLeases) aging.lent(entry, record);
    announce(record);
    return handOver(new Lease<T>(record as unknown as Ownership<T>), details);
  }

  async #serveSlowly(wanted: Wanted<T, Request>): Promise<Lease<T>> {
    const store = this.#store;
    try {
      for (;;) {
        this.#requireWanted(wanted);
        const entry = store.stock.take(wanted.key) ?? (await this.#waitForOne(wanted));
        if (!(await this.#passes(entry, wanted))) continue;
        try {
          // It may be wanted no more since it was taken, or since the check has begun.
          this.#requireWanted(wanted);
        } catch (error) {
          store.returnUnused(entry);
          throw error;
        }
        return this.lend(entry, wanted.details, wanted.label);
      }
    } catch (error) {
      store.freeSlot();
      if (wanted.details !== undefined) leaveFlow(wanted.details);
      throw error;
    }
  }

  #requireWanted({ signal }: Wanted<T, Request>): void {
    if (this.#store.isClosed) throw closedError(this.#store.settings.name, this.#store.leaseKind);
    if (signal?.aborted === true) throw signal.reason;
  }

  /** What comes first: one that is opened, or one that comes back. */
  async #waitForOne(wanted: Wanted<T, Request>): Promise<Entry<T>> {
    const { openings, stock } = this.#store;
    const shelf = stock.shelf(wanted.key);
    const opener = openings.join(shelf, wanted.request);
    try {
      return await within(opener.promise, wanted.patient, () => this.#timedOut(wanted, 'open'));
    } catch (error) {
      // Served in the same moment: it is not the one who wanted it any more.
      if (!openings.leave(shelf, opener)) opener.promise.then((entry) => this.#store.returnUnused(entry)).catch(() => {});
      stock.tidy(shelf);
      throw error;
    }
  }

  /** Checks an entry that is in hand. One that fails is released; where the wait ends before the answer, it decides where the entry goes. */
  async #passes(entry: Entry<T>, wanted: Wanted<T, Request>): Promise<boolean> {
    const check = this.#check;
    if (check === undefined || !check.isDue(entry)) return true;
    entry.state = BUSY;
    const verdict = check.run(entry);
    if (!isThenable(verdict)) return this.#judge(entry, verdict);
    try {
      return this.#judge(entry, await within(verdict, wanted.patient, () => this.#timedOut(wanted, 'check')));
    } catch (error) {
      this.#settleLater(entry, verdict);
      throw error;
    }
  }

  /** The same for one who cannot wait. */
  #isGood(check: Check<T>, entry: Entry<T>): boolean {
    if (!check.isDue(entry)) return true;
    entry.state = BUSY;
    const verdict = check.run(entry);
    if (!isThenable(verdict)) return this.#judge(entry, verdict);
    this.#settleLater(entry, verdict);
    return false;
  }

  #judge(entry: Entry<T>, isGood: boolean): boolean {
    if (isGood) entry.state = LEASED;
    else void this.#store.stock.release(entry);
    return isGood;
  }

  #settleLater(entry: Entry<T>, verdict: Promise<boolean>): void {
    void verdict.then((isGood) => this.#store.returnUnused(entry, isGood));
  }

  #timedOut({ label, timeout }: Wanted<T, Request>, phase: AcquirePhase): unknown {
    const { slot, leaseKind } = this.#store;
    return timedOut(slot, { kind: leaseKind, label }, phase, `within ${timeout ?? PATIENCE} ms`);
  }
}
