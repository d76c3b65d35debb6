/**
 * A permit: a held part of a budget, and the only way to give it back. It can do so once, and for what it holds; there is no
 * `release(n)`, so giving back more than is held cannot be written. A forgotten permit is refunded and reported like any handle.
 *
 * Most permits live within a turn: such a one is a single object in the young list, and gets its record only when it leaves it.
 */
import { DisposedError } from '../errors/index.ts';
import { leaveFlow } from '../leaks/following.ts';
import { untrack, voidToken } from '../leaks/ledger.ts';
import { recording, sampled } from '../leaks/levels.ts';
import { CLOSED, Details, ResourceRecord, YOUNG, type RecordKind } from '../leaks/record.ts';
import { capture } from '../leaks/site.ts';
import { BREED, holdYoung, type Breed } from '../leaks/young.ts';
import { endThenSearch } from '../runtime/no-then.ts';
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
  if (record.details !== undefined) leaveFlow(record.details);
  refundCharges(record.details?.charge as Charge | undefined);
}

/** What a permit has once it left the young list, was labelled, or had its line recorded. */
interface Recorded {
  readonly record: ResourceRecord;
  token: object | undefined;
}

let breed: Breed;

/** Is a held part of a budget's capacity. Dispose it to give it back; disposing again does nothing. */
export class Permit implements Disposable {
  #account: Account | undefined;
  #amount: number;
  #recorded: Recorded | undefined;

  /** @internal Permits come from a Budget. */
  declare readonly [BREED]: Breed;

  /** @internal Permits come from a Budget. */
  constructor(account: Account, amount: number, details: Details | undefined) {
    if (account === undefined) throw new TypeError('A Permit comes from a Budget: call budget.acquire(amount)');
    this.#account = account;
    this.#amount = amount;
    this.#recorded = details === undefined ? undefined : recordFor(account, amount, details);
    holdYoung(this);
  }

  static {
    breed = {
      isYoung: (owner) => {
        const permit = owner as Permit;
        return permit.#account !== undefined && (permit.#recorded === undefined || permit.#recorded.record.tracking === YOUNG);
      },
      record: (owner) => (owner as Permit).#record().record,
      anchor: (owner, token) => {
        (owner as Permit).#record().token = token;
      },
    };
  }

  /** What it holds, in the budget's unit; 0 once it was disposed. */
  get amount(): number {
    if (this.#account === undefined) return 0;
    return this.#recorded === undefined ? this.#amount : chargeOf(this.#recorded).amount;
  }

  /** Gives back what it holds. Again: nothing. */
  dispose(): void {
    const account = this.#account;
    if (account === undefined) return;
    this.#account = undefined;
    const recorded = this.#recorded;
    if (recorded !== undefined) {
      voidToken(recorded.token);
      recorded.token = undefined;
      end(recorded.record);
    } else if (account.quiet) account.used -= this.#amount;
    else account.refund(this.#amount);
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
    const held = this.amount;
    if (part >= held) throw new RangeError(`Expected \`amount\` to be less than the ${held} that this permit of budget '${account.name}' holds, got ${part}`);
    const charge = chargeOf(this.#record());
    charge.amount -= part;
    const details = detailsFor(undefined, Permit.prototype.split, false);
    const permit = new Permit(account, part, details);
    if (charge.ahead) chargeOf(permit.#record()).ahead = true;
    return permit;
  }

  /**
   * Changes what it holds to what was really used: less is given back at once, more is taken without waiting and may leave
   * `available` negative. Throws RangeError for what is no amount, DisposedError once it was disposed.
   */
  settle(actual: number): void {
    this.#requireHeld('settle');
    settleCharge(chargeOf(this.#record()), requireMeasure(actual, 'actual'));
  }

  #record(): Recorded {
    if (this.#recorded === undefined) this.#recorded = recordFor(this.#account as Account, this.#amount, new Details());
    return this.#recorded;
  }

  #requireHeld(what: string): Account {
    if (this.#account !== undefined) return this.#account;
    throw new DisposedError(`Cannot ${what} a permit: it was disposed, and holds nothing.`, { kind: 'permit' });
  }
}
// On the prototype, so that the young list finds it without an entry of its own.
Object.defineProperty(Permit.prototype, BREED, { value: breed });
endThenSearch(Permit);

function chargeOf({ record }: Recorded): Charge {
  return record.details?.charge as Charge;
}

function recordFor(account: Account, amount: number, details: Details): Recorded {
  details.charge ??= new Charge(account, amount, undefined);
  const record = new ResourceRecord(permits, account, details);
  record.tracking = YOUNG;
  return { record, token: undefined };
}

/** Details for a permit that has a label, or whose line is to be recorded; undefined for the others. */
export function detailsFor(label: string | undefined, below: Function, crowded: boolean): Details | undefined {
  if (label === undefined && recording === 0 && !crowded) return undefined;
  const traced = recording === 2 || sampled();
  if (label === undefined && !traced) return undefined;
  const details = new Details();
  details.label = label;
  if (traced) details.trace = capture(below);
  return details;
}
