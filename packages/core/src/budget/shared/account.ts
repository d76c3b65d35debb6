/**
 * The account of a shared budget in one thread. It borrows in chunks from what all threads share, so that the price of crossing
 * threads is paid once a chunk; within what it has borrowed it counts plainly. What is idle goes back as soon as another thread
 * waits for it: every release looks.
 */
import { requireCapacity } from '../amounts.ts';
import { Account, amountOf, type AccountOptions, type ThreadShare } from '../account.ts';
import { firstIn, precedes, pump, type Place, type Waiter } from '../line.ts';
import { recording } from '../../leaks/levels.ts';
import { blockFor } from './block.ts';
import { isFixed, setCapacity } from './capacity.ts';
import { lookForDead } from './deaths.ts';
import { borrow, force, freeOf, giveBack, ledgerOf, type Ledger } from './ledger.ts';
import { borrowedAt, capacityAt, servedAt, usedAt } from './memory.ts';
import { register, UNKNOWN } from './names.ts';
import { Needs } from './needs.ts';
import { slotsInUse, threadIn, type Seat } from './thread.ts';

/** A chunk is at most the capacity, divided by four times as many as there are threads: a quarter may lie idle, elsewhere. */
const IDLE = 4;
/** How many of its own line a thread serves before it lets go of what another waits for. A hand-over between threads costs as much as some hundred grants. */
const OWN_GRANTS = 64;
/** Above this part of the capacity the fast path is not taken, so that some acquires have their line recorded. */
const CROWDED = 0.75;

/** How the capacity is found, from what is in use in all threads. */
export type FindCapacity = (used: number) => number;

/** Options of the account of a shared budget. */
export interface SharedAccountOptions extends Omit<AccountOptions, 'capacity' | 'parent'> {
  readonly capacity: number | FindCapacity;
}

export class SharedAccount extends Account {
  readonly seat: Seat;
  readonly budget: number;
  readonly ledger: Ledger;
  readonly needs: Needs;
  readonly doubles: Float64Array;
  readonly usedAt: number;
  readonly capacityAt: number;
  readonly find: FindCapacity | undefined;
  /** What this thread has borrowed. */
  lent = 0;
  /** The capacity for which this thread has last given back what it held idle beyond it. */
  heeded: number = UNKNOWN;
  /** The capacity that the lines were last fitted to. */
  fitted: number = UNKNOWN;
  /** How often a waiting thread had been served when this one looked last. */
  servings = 0;
  /** The ticket of another thread for which what is idle here is soon let go, and how many grants until then. */
  patienceFor = 0n;
  patienceEnd = 0;
  pumping = false;

  constructor(options: SharedAccountOptions, seat: Seat) {
    const declared = typeof options.capacity === 'number' ? options.capacity : UNKNOWN;
    super({ ...options, parent: undefined, capacity: declared }, false);
    this.find = typeof options.capacity === 'number' ? undefined : options.capacity;
    this.seat = seat;
    this.budget = register(seat, options.name, declared);
    this.ledger = ledgerOf(seat, this.budget);
    this.needs = new Needs(seat, this.budget);
    this.doubles = seat.memory.doubles;
    this.usedAt = usedAt(seat.slot, this.budget);
    this.capacityAt = capacityAt(this.budget);
    this.calm = -1;
  }

  override capacity(): number {
    const capacity = this.knownCapacity();
    if (capacity !== UNKNOWN || this.find === undefined) return capacity;
    return this.lookUp(this.find);
  }

  /** The capacity in force, or UNKNOWN: to look it up is for those who use it. */
  knownCapacity(): number {
    return this.doubles[this.capacityAt] as number;
  }

  /** Looks the capacity up again, unless somebody has set it. */
  lookAgain(): number {
    return this.find === undefined || isFixed(this.seat, this.budget) ? this.capacity() : this.lookUp(this.find);
  }

  lookUp(find: FindCapacity): number {
    setCapacity(this.seat, this.budget, requireCapacity(find(this.total())), false);
    return this.knownCapacity();
  }

  /** Changes the capacity for all threads. Each fits its own lines to it when it is woken. */
  override resize(capacity: number): void {
    setCapacity(this.seat, this.budget, capacity, true);
    // Whoever asked for it fits ours.
    this.fitted = capacity;
    this.giveExcess();
  }

  override share(): number {
    return this.lent;
  }

  override isFull(): boolean {
    return false;
  }

  override total(): number {
    const { memory } = this.seat;
    let total = 0;
    for (const slot of slotsInUse(memory)) total += this.doubles[usedAt(slot, this.budget)] as number;
    return total;
  }

  override elsewhere(): readonly ThreadShare[] {
    const { memory, slot } = this.seat;
    return slotsInUse(memory)
      .filter((other) => other !== slot)
      .map((other) => ({
        thread: threadIn(memory, other),
        borrowed: Number(Atomics.load(memory.bigs, borrowedAt(other, this.budget))),
        used: this.doubles[usedAt(other, this.budget)] as number,
      }))
      .filter(({ borrowed }) => borrowed > 0);
  }

  /** Borrows first. What it says is missing may come from other threads; reclaimers here need not win it all. */
  override missing(amount: number): number {
    this.heedCapacity();
    // What came back since may be beyond a lowered capacity too: it is not lent again.
    if (this.used < this.lent) this.giveExcess();
    const missing = this.used + amount - this.lent;
    if (missing <= 0) return missing;
    if (this.borrow(missing, false) || (lookForDead(this.seat) && this.borrow(missing, false))) {
      this.pumpSoon();
      return 0;
    }
    this.countServings();
    return Math.max(1, missing - Math.max(0, this.free()));
  }

  /** Takes from what was borrowed, where nobody waits and nothing else is to be looked at. */
  takeCalmly(amount: number): boolean {
    if (!Number.isSafeInteger(amount) || amount <= 0) return false;
    const used = this.used + amount;
    if (used > this.calm || this.lines.length > 0 || recording !== 0 || this.doubles[this.capacityAt] !== this.heeded) return false;
    this.used = used;
    if (used > this.peak) this.peak = used;
    this.doubles[this.usedAt] = used;
    return true;
  }

  override refund(amount: number): void {
    const used = this.used - amount;
    this.used = used;
    this.refunded += amount;
    this.doubles[this.usedAt] = used;
    if (this.needs.anyElsewhere()) this.yieldIdle();
    if (this.lines.length > 0) pump(this);
  }

  override changed(): void {
    this.doubles[this.usedAt] = this.used;
    if (this.used > this.lent) {
      this.capacity();
      force(this.ledger, this.used - this.lent);
      this.lent = this.used;
      this.calm = this.calmLimit();
      if (this.free() < 0) this.needs.wakeHolders();
    } else if (this.needs.anyElsewhere()) this.yieldIdle();
  }

  /** After its lines were served: asks the other threads for what the first of them lacks. */
  override served(): void {
    const lack = this.lack();
    if (lack <= 0) {
      this.needs.lower(false);
      // Its own line has just had the choice.
      if (this.needs.anyElsewhere()) this.giveIdle();
      return;
    }
    this.needs.raise(lack);
    // What others gave back before they could see the need is seen here; what they give back later, they tell of.
    if (this.borrow(lack, false)) this.pumpSoon();
    else if (this.needs.isBehind() && this.giveIdle()) this.needs.raise(this.lack());
  }

  override awaitThreads(amount: number): boolean {
    return blockFor(this, amount);
  }

  /** What the first in line lacks here; 0 where nobody waits for this account. */
  lack(): number {
    let first: Waiter | undefined;
    for (const line of this.lines) {
      const { waiter } = firstIn(line) as Place;
      if ((first === undefined || precedes(waiter, first)) && this.isNext(line, waiter)) first = waiter;
    }
    return first === undefined ? 0 : this.used + amountOf(first.wanted, this) - this.lent;
  }

  /** True for one that lacks nothing below this account. */
  isNext(line: Account, { wanted }: Waiter): boolean {
    for (let at: Account | undefined = line; at !== undefined && at !== this; at = at.parent) if (at.missing(amountOf(wanted, at)) > 0) return false;
    return true;
  }

  /** Borrows what is missing; more, where nobody waits elsewhere. What a line here waits for is not spent on others, unless they go `ahead`. */
  borrow(missing: number, ahead: boolean): boolean {
    const capacity = this.capacity();
    const contended = this.needs.anyElsewhere();
    if (contended && this.needs.isBehind()) return false;
    const chunk = contended ? 0 : Math.floor(Math.min(capacity, Number.MAX_SAFE_INTEGER) / (IDLE * slotsInUse(this.seat.memory).length));
    const waits = this.lines.length > 0;
    const least = waits && !ahead ? Math.max(missing, this.lack()) : missing;
    const borrowed = borrow(this.ledger, least, Math.max(least, chunk));
    if (borrowed === 0) return false;
    this.lent += borrowed;
    this.calm = this.calmLimit();
    if (!waits || !ahead) this.needs.lower(true);
    return true;
  }

  /** Lets go of what is idle for a thread that waits; but while its own line is served from it, of nothing yet. */
  yieldIdle(): void {
    if (this.used >= this.lent) return;
    if (this.lines.length > 0 && this.mayServeOwn()) return;
    this.giveIdle();
  }

  mayServeOwn(): boolean {
    const first = this.needs.firstElsewhere();
    if (first === undefined) return true;
    if (first.ticket !== this.patienceFor) {
      this.patienceFor = first.ticket;
      this.patienceEnd = this.grants + OWN_GRANTS;
    }
    if (this.grants < this.patienceEnd) return true;
    // It has had its turn: back to the end of the line of threads.
    this.needs.lower(true);
    return false;
  }

  /** Gives back what is idle, and wakes whoever can be served by it. */
  giveIdle(): boolean {
    const idle = this.lent - this.used;
    if (idle <= 0) return false;
    this.lent = this.used;
    this.calm = this.calmLimit();
    giveBack(this.ledger, idle);
    this.needs.wakeFirst();
    return true;
  }

  /** More is lent than there is (`reserve`, `settle` or `resize`): what is idle may not be spent. */
  giveExcess(): void {
    if (this.free() < 0) this.giveIdle();
  }

  /** Another thread may have lowered the capacity while this one was kept busy: what lies idle here may be too much by now. */
  heedCapacity(): void {
    const capacity = this.knownCapacity();
    if (capacity === this.heeded) return;
    this.heeded = capacity;
    this.giveExcess();
    this.calm = this.calmLimit();
  }

  /** What nobody has borrowed. */
  free(): number {
    return Number(freeOf(this.seat.memory, this.budget));
  }

  calmLimit(): number {
    return this.closed || this.free() < this.capacity() * (1 - CROWDED) ? -1 : this.lent;
  }

  /** A line that waits while other threads are served has not stalled. */
  countServings(): void {
    const servings = Atomics.load(this.seat.memory.ints, servedAt(this.budget));
    if (servings === this.servings) return;
    this.servings = servings;
    this.grants++;
  }

  /** Room came outside the serving of the lines: they are served in a job of their own. */
  pumpSoon(): void {
    if (this.pumping || this.lines.length === 0) return;
    this.pumping = true;
    void Promise.resolve().then(() => {
      this.pumping = false;
      pump(this);
    });
  }

  /** What another thread lacks of this account that nobody has given back yet; 0 or less for nothing. */
  lackElsewhere(): { readonly ticket: bigint; readonly lack: number } | undefined {
    const first = this.needs.firstElsewhere();
    if (first === undefined) return undefined;
    return { ticket: first.ticket, lack: Number(first.lack - freeOf(this.seat.memory, this.budget)) };
  }
}
