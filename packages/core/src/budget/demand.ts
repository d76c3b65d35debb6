/**
 * Demand: how much room lacks of an account for all who wait, not for the first alone. It is what those are asked for who can give
 * way, so it errs on the low side: who lacks something elsewhere too holds up all behind, and they are not counted. They are asked
 * again as soon as somebody was served.
 */
import type { Account, Charge } from './account.ts';
import { Heap } from './heap.ts';
import { isBlocked, precedes, Waiter, type Place } from './line.ts';

/** Some of those in the line of an account, in order. */
export interface Line {
  readonly account: Account;
  readonly places: Iterable<Place>;
}

/** Those for whom room is won, as long as they wait. */
export interface Wanted {
  /** What those want of them who could be served next. */
  first(): Charge[];
  lines(): Line[];
}

/** A line, and how far it was looked at. */
interface Cursor {
  readonly account: Account;
  readonly rest: Iterator<Place, undefined>;
  place: Place;
  index: number;
}

/** How much `target` lacks for all in these lines together. Once it is more than `enough`, it matters no more by how much. */
export function demandOn(target: Account, lines: Iterable<Line>, enough: number): number {
  const cursors = new Heap<Cursor>((a, b) => precedes(a.place.waiter, b.place.waiter));
  for (const { account, places } of lines) {
    // Of another tree, and nobody there wants something of a second one.
    if (account.root !== target.root && account.root.ties === 0) continue;
    const rest = places[Symbol.iterator]() as Iterator<Place, undefined>;
    const place = rest.next().value;
    if (place !== undefined) cursors.add({ account, rest, place, index: -1 });
  }
  const demand = new Demand(target);
  let lack = 0;
  for (let cursor = cursors.first; cursor !== undefined; cursor = cursors.first) {
    const before = demand.amount;
    const next = demand.add(cursor.place.waiter, cursor.account) ? cursor.rest.next().value : undefined;
    cursors.remove(cursor);
    if (next !== undefined) {
      cursor.place = next;
      cursors.add(cursor);
    }
    lack += demand.amount - before;
    // Until it is looked at, there might be no room at all.
    if (lack > enough && (lack = target.missing(demand.amount)) > enough) return lack;
  }
  return demand.amount > 0 ? target.missing(demand.amount) : 0;
}

/** What is wanted of an account, by those that were looked at, in their common order. */
class Demand {
  amount = 0;
  readonly #target: Account;
  /** What they take of other accounts. */
  readonly #taken = new Map<Account, number>();
  /** Lines in which somebody is held up. */
  readonly #heldUp = new Set<Account>();
  /** Who wants several budgets stands in several lines. */
  readonly #seen = new Set<Waiter>();

  constructor(target: Account) {
    this.#target = target;
  }

  /** Adds what one wants who stands in the line of `account`; false where nobody behind is to be looked at. */
  add(waiter: Waiter, account: Account): boolean {
    const { wanted } = waiter;
    const wantsSeveral = wanted.next !== undefined;
    if (!wantsSeveral || !this.#seen.has(waiter)) {
      if (wantsSeveral) this.#seen.add(waiter);
      const amount = this.#wantedBy(waiter);
      // Those of another copy of the package are counted there.
      if (waiter instanceof Waiter) this.amount += amount;
    }
    return !this.#heldUp.has(account);
  }

  /** What one adds to the demand: nothing once something else is lacking. */
  #wantedBy({ wanted }: Waiter): number {
    let amount = 0;
    // Nobody passes those before, in a line of their own or below it.
    let isHeldUp = isBlocked(wanted, this.#heldUp);
    for (let charge: Charge | undefined = wanted; charge !== undefined; charge = charge.next) {
      for (let at: Account | undefined = charge.account; at !== undefined; at = at.parent) {
        if (at === this.#target) {
          if (!isHeldUp) amount += charge.amount;
          break;
        }
        isHeldUp ||= !this.#fits(at, charge.amount);
      }
    }
    if (isHeldUp) for (let charge: Charge | undefined = wanted; charge !== undefined; charge = charge.next) this.#heldUp.add(charge.account);
    return amount;
  }

  /** Takes an amount of another account, as if it were granted; false where it lacks there. */
  #fits(account: Account, amount: number): boolean {
    const taken = (this.#taken.get(account) ?? 0) + amount;
    this.#taken.set(account, taken);
    return account.missing(taken) <= 0;
  }
}

/** Some who wait, whoever stands before them. */
export function only(some: readonly Waiter[]): Wanted {
  const inOrder = [...some].sort((a, b) => (precedes(a, b) ? -1 : 1));
  const waiting = (): Waiter[] => inOrder.filter(({ outcome }) => outcome !== undefined);
  return {
    first: () => waiting().map(({ wanted }) => wanted),
    lines: () => {
      const lines = new Map<Account, Waiter[]>();
      for (const waiter of waiting()) {
        const { account } = waiter.wanted;
        const places = lines.get(account);
        if (places === undefined) lines.set(account, [waiter]);
        else places.push(waiter);
      }
      return Array.from(lines, ([account, places]) => ({ account, places }));
    },
  };
}
