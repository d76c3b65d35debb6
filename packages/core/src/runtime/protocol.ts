/**
 * What duplicate copies of the package share in one process: a frozen protocol of plain objects at `Symbol.for('handback/1')`.
 * Private fields cannot be read across copies, so whatever crosses is a plain object with methods. Another protocol number means
 * separate ledgers, and one warning.
 */
import type { Holder } from '../errors/index.ts';
import { host } from './host.ts';

export const PROTOCOL = 1;

/** The symbol of the shared state, and of the plain account that a Budget of any copy carries. */
export const shareKey: symbol = Symbol.for(`handback/${PROTOCOL}`);

/** One loaded copy of the package, as the others see it. */
export interface Copy {
  /** Lets go of the young: from here on only the app's own references keep a handle alive. */
  promote(): void;
  /** After a collection: releases what has leaked, answers how many; undefined where this runtime cannot tell within the job. */
  sweep(): number | undefined;
  /** Those of this copy's resources and permits that hold a part of `account`, in groups. */
  holders(account: object): Holder[];
  /** Plain data about every live resource of this copy. */
  live(): LiveResource[];
}

/** Plain data about one live resource. */
export interface LiveResource {
  readonly id: number;
  readonly kind: string;
  readonly label: string | undefined;
  /** The line that acquired it, where the level records lines. */
  readonly site: string | undefined;
  readonly ageMs: number;
  /** Bytes outside the heap that the kind declared (`externalBytes`). */
  readonly bytes: number;
  readonly state: 'open' | 'closing';
  /** Operations in flight. */
  readonly uses: number;
  /** The `id` of the resource it was acquired under. */
  readonly parentId: number | undefined;
}

export interface Shared {
  readonly copies: Copy[];
  /** Accounts of the process-wide budgets (native memory, descriptors) by name. */
  readonly accounts: Map<string, object>;
  /** The last ticket given out: one order over all budgets. */
  ticket: number;
  /** The last id given to a record. */
  id: number;
  /** The last forced full collection: its end, its duration in ms, and whether it freed anything. */
  readonly collection: { end: number; duration: number; freed: boolean };
  /** True while the code of a reclaimer runs. */
  reclaiming: boolean;
}

const numbersKey = Symbol.for('handback');

function join(): Shared {
  const global = globalThis as { [key: symbol]: unknown };
  const numbers = (global[numbersKey] ??= []) as number[];
  if (!numbers.includes(PROTOCOL)) numbers.push(PROTOCOL);
  if (numbers.length === 2 && global[shareKey] === undefined) {
    host.process?.emitWarning?.(
      `@handback/core is loaded in versions that do not share a ledger (protocols ${numbers.join(' and ')}): budgets count apart. Install one version.`,
      { type: 'HandbackWarning', code: 'HANDBACK_PROTOCOL' },
    );
  }
  return (global[shareKey] ??= {
    copies: [],
    accounts: new Map(),
    ticket: 0,
    id: 0,
    collection: { end: Number.NEGATIVE_INFINITY, duration: 0, freed: true },
    reclaiming: false,
  }) as Shared;
}

/** The state that all copies in this process share. */
export const shared: Shared = join();
