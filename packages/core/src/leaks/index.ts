/** The public face of leak detection: levels, subscriptions, what is live. */
import { shared, type LiveResource } from '../runtime/protocol.ts';
import { subscribe, type LeakListener } from './events.ts';
import { leakSettings, type LeakLevel, type LeakOptions } from './levels.ts';
import { configure } from './report.ts';

/** Leak detection: how much is recorded, who is told, what is live. */
export interface Leaks {
  /** The level in force. */
  readonly level: LeakLevel;
  /** Changes what is recorded and reported; a call wins over `HANDBACK_LEAKS`. Throws TypeError for an unknown level. */
  configure(options: LeakOptions): void;
  /** Calls `listener` for each leak and each failure that nobody else could be told of, until the subscription is disposed. */
  subscribe(listener: LeakListener): Disposable;
  /** Every live resource of all copies of the package in this process, as plain data. */
  live(): LiveResource[];
}

export const leaks: Leaks = {
  get level(): LeakLevel {
    return leakSettings.level;
  },
  configure,
  subscribe,
  live: () => shared.copies.flatMap((copy) => copy.live()),
};
