/**
 * A permit: a held part of a budget, and the only way to give it back. It can do so once, and for what it holds; there is no
 * `release(n)`, so giving back more than is held cannot be written. A forgotten permit is refunded and reported like any handle.
 *
 * Most permits live within a turn: such a one is a single object in the young list, and gets its record only when it leaves it.
 */
import { DisposedError } from '../errors/index.ts';
import { untrack, voidToken } from '../leaks/ledger.ts';
import { recording, sampled } from '../leaks/levels.ts';
import { CLOSED, Details, ResourceRecord, UNTRACKED, type RecordKind } from '../leaks/record.ts';
import { capture } from '../leaks/site.ts';
import { holdYoung, releaseYoung, type Breed } from '../leaks/young.ts';
import { Charge, refundCharges, settleCharge, type Account } from './account.ts';
import { requireAmount, requireMeasure } from './amounts.ts';

const permits: RecordKind = {
  kind: 'permit',
  reclaim: (record) => end(record),
  describe: (raw) => `of budget '${(raw as Account).name}'`,
};

function end(record: ResourceRecord): void {
  untrack(record);
  record.state = CLOSED;
  refundCharges(record.details?.charge as Charge | undefined);
}

let breed: Breed;

/** Is a held part of a budget's capacity. Dispose it to give it back; disposing again does nothing. */
export class Permit implements Disposable {
  #account: Account | undefined;
  #amount: number;
  #ahead: boolean;
  #slot: number;
  #record: ResourceRecord | undefined = undefined;
  #token: object | undefined = undefined;

  /** @internal Permits come from a Budget. */
  constructor(account: Account, amount: number, ahead: boolean, details: Details | undefined) {
    if (typeof account?.refund !== 'function') throw new TypeError('A Permit comes from a Budget: call budget.acquire(amount)');
    this.#account = account;
    this.#amount = amount;
    this.#ahead = ahead;
    if (details !== undefined) this.#record = recordFor(account, amount, ahead, details);
    this.#slot = holdYoung(this, breed);
    if (this.#record !== undefined) this.#record.slot = this.#slot;
  }

  static {
    breed = {
      record: (owner) => (owner as Permit).#recorded(),
      place: (owner, slot) => {
        const permit = owner as Permit;
        permit.#slot = slot;
        if (permit.#record !== undefined) permit.#record.slot = slot;
      },
      anchor: (owner, token) => {
        (owner as Permit).#token = token;
      },
    };
  }

  /** What it holds, in the budget's unit; 0 once it was disposed. */
  get amount(): number {
    if (this.#account === undefined) return 0;
    return this.#record === undefined ? this.#amount : this.#charge().amount;
  }

  /** Gives back what it holds. Again: nothing. */
  dispose(): void {
    const account = this.#account;
    if (account === undefined) return;
    this.#account = undefined;
    if (this.#record === undefined) {
      releaseYoung(this.#slot);
      if (this.#ahead) account.ahead -= this.#amount;
      if (account.quiet) account.used -= this.#amount;
      else account.refund(this.#amount);
      return;
    }
    voidToken(this.#token);
    this.#token = undefined;
    end(this.#record);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /**
   * Moves `amount` of it to a new permit; the sum stays the same. Throws RangeError for more than it holds (all of it is not a
   * split), DisposedError once it was disposed.
   */
  split(amount: number): Permit {
    const account = this.#requireHeld('split');
    const part = requireAmount(amount, 'amount');
    if (part >= this.amount) throw new RangeError(`Expected \`amount\` to be less than the ${this.amount} that this permit of budget '${account.name}' holds, got ${part}`);
    const ahead = this.#ahead;
    this.#setAmount(this.amount - part);
    return new Permit(account, part, ahead, detailsFor(undefined, Permit.prototype.split));
  }

  /**
   * Changes what it holds to what was really used: less is given back at once, more is taken without waiting and may leave
   * `available` negative. Throws RangeError for what is no amount, DisposedError once it was disposed.
   */
  settle(actual: number): void {
    const account = this.#requireHeld('settle');
    const amount = requireMeasure(actual, 'actual');
    const charge = this.#record === undefined ? new Charge(account, this.#amount, undefined) : this.#charge();
    charge.ahead = this.#ahead;
    this.#amount = amount;
    settleCharge(charge, amount);
  }

  #setAmount(amount: number): void {
    this.#amount = amount;
    if (this.#record !== undefined) this.#charge().amount = amount;
  }

  #charge(): Charge {
    return (this.#record as ResourceRecord).details?.charge as Charge;
  }

  #recorded(): ResourceRecord {
    if (this.#record === undefined) {
      this.#record = recordFor(this.#account as Account, this.#amount, this.#ahead, new Details());
      this.#record.slot = this.#slot;
    }
    return this.#record;
  }

  #requireHeld(what: string): Account {
    if (this.#account !== undefined) return this.#account;
    throw new DisposedError(`Cannot ${what} a permit: it was disposed, and holds nothing.`, { kind: 'permit' });
  }
}

function recordFor(account: Account, amount: number, ahead: boolean, details: Details): ResourceRecord {
  const charge = new Charge(account, amount, undefined);
  charge.ahead = ahead;
  details.charge = charge;
  const record = new ResourceRecord(permits, account, details);
  record.slot = UNTRACKED;
  return record;
}

/** Details for a permit that has a label, or whose line is to be recorded; undefined for the others. */
export function detailsFor(label: string | undefined, below: Function, crowded = false): Details | undefined {
  const traced = recording === 2 || ((recording === 1 || crowded) && sampled());
  if (label === undefined && !traced) return undefined;
  const details = new Details();
  details.label = label;
  if (traced) details.trace = capture(below);
  return details;
}
