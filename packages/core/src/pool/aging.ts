/** What time does to a pool, tick by tick: evicts what is idle for too long or too old, and tells of leases that are out for too long. */
import type { Details, ResourceRecord } from '../leaks/record.ts';
import { IDLE, type Entry } from './entry.ts';
import type { Settings } from './options.ts';
import { reportOverdue, reportReturned } from './overdue.ts';
import type { Stock } from './stock.ts';
import { Upkeep, type Kept } from './upkeep.ts';

/** Lifetimes are shortened by up to this part, so that what was opened together does not end together (after HikariCP). */
const JITTER = 0.025;

export class Aging<T> implements Kept {
  readonly #stock: Stock<T, never>;
  readonly #settings: Settings;
  readonly upkeep: Upkeep;
  readonly #idleTicks: number;
  readonly #overdueTicks: number;
  /** Told after each tick: there may be less than `min` now. */
  readonly #ticked: () => void;

  constructor(stock: Stock<T, never>, settings: Settings, ticked: () => void) {
    this.#stock = stock;
    this.#settings = settings;
    this.#ticked = ticked;
    this.upkeep = new Upkeep(this, [settings.idleTimeout, settings.maxLifetime / 5, settings.overdueAfter]);
    this.#idleTicks = this.upkeep.inTicks(settings.idleTimeout);
    this.#overdueTicks = this.upkeep.inTicks(settings.overdueAfter);
  }

  /** Leases are watched, and have their lines recorded. */
  get watchesLeases(): boolean {
    return this.#settings.overdueAfter !== Number.POSITIVE_INFINITY;
  }

  /** A resource was opened: its life begins. */
  begin(entry: Entry<T>): void {
    entry.end = this.upkeep.ticks + this.upkeep.inTicks(this.#settings.maxLifetime * (1 - Math.random() * JITTER));
    this.upkeep.start();
  }

  /** It was lent: whoever has it may be told of. */
  lent(entry: Entry<T>, record: ResourceRecord): void {
    entry.lease = record;
    entry.lentAt = this.upkeep.ticks;
  }

  /** It came back. What was forgotten did not: the leak itself is told. */
  returned(entry: Entry<T>): void {
    const { lease, overdue } = entry;
    entry.lease = undefined;
    entry.overdue = false;
    if (overdue && lease !== undefined && (lease.details as Details).leaked === undefined) reportReturned(lease, this.#settings.name);
  }

  tick(): boolean {
    const stock = this.#stock;
    for (let entry = stock.idle.first?.member; entry !== undefined; entry = stock.idle.first?.member) {
      if (this.upkeep.ticks - entry.since < this.#idleTicks || stock.size <= this.#settings.min) break;
      void stock.release(entry);
    }
    for (const entry of [...stock.entries]) this.#age(entry);
    this.#ticked();
    return stock.count > 0;
  }

  #age(entry: Entry<T>): void {
    if (this.upkeep.ticks >= entry.end) {
      if (entry.state === IDLE) void this.#stock.release(entry);
      else entry.condemned = true;
    }
    const { lease } = entry;
    if (lease === undefined || entry.overdue || this.upkeep.ticks - entry.lentAt < this.#overdueTicks) return;
    entry.overdue = true;
    reportOverdue(lease, this.#settings.name, this.#settings.overdueAfter);
  }
}
