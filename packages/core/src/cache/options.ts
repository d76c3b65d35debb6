/** What a cache is told, and the refusal of what makes no cache: before anything is opened. */
import { requireAmount, show } from '../budget/amounts.ts';
import type { AsyncHandle } from '../handle/async-handle.ts';
import { Kind } from '../handle/kind.ts';

/** Options of a ResourceCache. */
export interface CacheOptions<Request> {
  /** Names what a request asks for: requests of the same key share one resource. */
  key: (request: Request) => string;
  /** How many resources it has open at most, in use or not; default: as many as the budgets of the kind admit. */
  max?: number | undefined;
  /** Milliseconds after which an idle one is evicted (Infinity: never, the default; 0: at once); up to an eighth later. */
  idleTimeout?: number | undefined;
}

/** The counts of a ResourceCache. */
export interface CacheStats {
  /** Keys that are open, in use or idle. */
  readonly size: number;
  /** Of these, the ones that nobody uses. */
  readonly idle: number;
  /** Openings under way, those that wait for room included. */
  readonly opening: number;
}

/** The kind behind a public `kind`, and the options as they hold; or throws TypeError, or RangeError. */
export function requireOptions<H extends AsyncHandle<unknown>, Request>(
  kind: unknown,
  options: CacheOptions<Request>,
): { kind: Kind<unknown, Request, H>; key: (request: Request) => string; max: number; idleTimeout: number } {
  if (!(kind instanceof Kind)) throw new TypeError(`Expected \`kind\` to be what defineResource of this copy of @handback/core answers, got ${show(kind)}`);
  const { open, openSync } = kind.definition as { open?: unknown; openSync?: unknown };
  if (open === undefined && openSync === undefined) throw new TypeError(`Expected a kind that opens, and kind '${kind.kind}' has no \`open\``);
  const { key, max = Number.POSITIVE_INFINITY, idleTimeout = Number.POSITIVE_INFINITY } = options ?? {};
  if (typeof key !== 'function') throw new TypeError(`Expected \`key\` to be a function that names what a request asks for, got ${show(key)}`);
  if (max !== Number.POSITIVE_INFINITY) requireAmount(max, 'max');
  if (typeof idleTimeout !== 'number' || !(idleTimeout >= 0))
    throw new RangeError(`Expected \`idleTimeout\` to be a number of milliseconds from 0 up (or Infinity), got ${show(idleTimeout)}`);
  return { kind: kind as unknown as Kind<unknown, Request, H>, key, max, idleTimeout };
}
