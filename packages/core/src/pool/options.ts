/** What a pool is told, checked before anything is taken. */
import type { WaitOptions } from '../budget/admit.ts';
import { requireAmount, requireMeasure, requireTimeout, show } from '../budget/amounts.ts';

/** Options of a Pool. All times are milliseconds. */
export interface PoolOptions<T, Request = void> {
  /** Said in messages. Default: the kind's name. */
  name?: string | undefined;
  /** How many exist at most: lent, idle, being opened, checked, reset or released. A whole number from 1 up. */
  max: number;
  /** So many stay open when others are evicted for idleness, and are opened ahead, in the background. Default 0. */
  min?: number | undefined;
  /** What `min` opens with, where opening needs a request. */
  minRequest?: Request | undefined;
  /** Resources of one key serve each other's requests. Without it, all of the pool do. */
  key?: ((request: Request) => string) | undefined;
  /** Asked before an idle one is lent; false, or a throw, releases it and the next one is tried. */
  check?: ((value: T) => boolean | PromiseLike<boolean>) | undefined;
  /** No check for what has been idle for less. Default 0. */
  checkAfter?: number | undefined;
  /** Makes a returned one ready for the next borrower; its slot stays taken meanwhile. Where it throws, the resource is released. */
  reset?: ((value: T) => void | PromiseLike<void>) | undefined;
  /** Idle for longer: released, down to `min`. Default: never. */
  idleTimeout?: number | undefined;
  /** Open for longer (less up to 2.5 %, so that not all end together): released when it comes back. Default: never. */
  maxLifetime?: number | undefined;
  /** The default `timeout` of an acquire. Without it, a wait ends after 30 s in which the pool lent nothing, or the opening took. */
  acquireTimeout?: number | undefined;
  /** A lease that is out for longer is reported, with its line, and again when it comes back. Each lease has its line recorded then, which costs microseconds. Default: never. */
  overdueAfter?: number | undefined;
  /** Which idle one is lent first: the last that came back (`lifo`, default: few stay hot, the rest age out), or the one that has waited for longest. */
  order?: 'lifo' | 'fifo' | undefined;
  /** How many are opened at once. Default 16. */
  openConcurrency?: number | undefined;
  /** How long a dispose waits for the leases that are out. Default 30 s. */
  drainTimeout?: number | undefined;
}

/** Options of a pool's `acquire`. */
export interface LeaseOptions extends WaitOptions {}

/** Options of `drain`. */
export interface DrainOptions {
  /** Milliseconds after which it rejects, naming who holds the leases that are out. Default: the pool's `drainTimeout`. */
  timeout?: number | undefined;
}

/** The counts of a Pool. */
export interface PoolStats {
  /** Resources that exist, but for those being released: idle, leased, or being checked for nobody, since who wanted them has gone. */
  readonly size: number;
  readonly idle: number;
  /** Out with borrowers, or being checked or reset. */
  readonly leased: number;
  /** Being opened. */
  readonly opening: number;
  /** Acquires in line. */
  readonly waiting: number;
  readonly max: number;
  readonly min: number;
  /** Opened, and released or detached, since the pool began. */
  readonly opened: number;
  readonly released: number;
}

/** The options with their defaults. */
export interface Settings {
  readonly name: string;
  readonly min: number;
  readonly checkAfter: number;
  readonly idleTimeout: number;
  readonly maxLifetime: number;
  readonly overdueAfter: number;
  readonly drainTimeout: number;
  /** Undefined where a wait ends by the default. */
  readonly acquireTimeout: number | undefined;
  /** The shelf of what is opened for `min`. */
  readonly minKey: string | undefined;
  readonly openConcurrency: number;
  readonly newestFirst: boolean;
}

const OPEN_AT_ONCE = 16;
const DRAIN_TIMEOUT = 30_000;

/** Throws TypeError or RangeError for options that make no pool. */
export function checkOptions<T, Request>(kind: { readonly kind: string; readonly acquire?: unknown } | undefined, options: PoolOptions<T, Request>): Settings {
  if (typeof kind?.acquire !== 'function') throw new TypeError(`Expected a kind of resource that opens (from defineResource), got ${show(kind)}`);
  if (typeof options !== 'object' || options === null) throw new TypeError(`Expected pool options with \`max\`, got ${show(options)}`);
  const { name = kind.kind, order = 'lifo', min = 0, max } = options;
  if (typeof name !== 'string' || name === '') throw new TypeError(`Expected \`name\` to be a text that names the pool, got ${show(name)}`);
  requireAmount(max, 'max');
  requireMeasure(min, 'min');
  if (min > max) throw new RangeError(`Expected \`min\` to be \`max\` at most, got min ${min} and max ${max}`);
  for (const each of ['key', 'check', 'reset'] as const) {
    if (options[each] !== undefined && typeof options[each] !== 'function')
      throw new TypeError(`Expected \`${each}\` to be a function, got ${show(options[each])}`);
  }
  if (order !== 'lifo' && order !== 'fifo') throw new TypeError(`Expected \`order\` to be 'lifo' or 'fifo', got ${show(order)}`);
  if (min > 0 && options.key !== undefined && options.minRequest === undefined) {
    throw new TypeError(`Expected \`minRequest\` beside \`min\` and \`key\`: which of the keys of pool ${show(name)} are the ${min} for?`);
  }
  const never = Number.POSITIVE_INFINITY;
  return {
    name,
    min,
    newestFirst: order === 'lifo',
    openConcurrency: requireAmount(options.openConcurrency ?? OPEN_AT_ONCE, 'openConcurrency'),
    acquireTimeout: requireTimeout(options.acquireTimeout, 'acquireTimeout'),
    minKey: min > 0 ? keyOf(options.key, options.minRequest as Request, name) : undefined,
    checkAfter: requireTime(options.checkAfter, 'checkAfter', 0),
    idleTimeout: requireTime(options.idleTimeout, 'idleTimeout', never),
    maxLifetime: requireTime(options.maxLifetime, 'maxLifetime', never),
    overdueAfter: requireTime(options.overdueAfter, 'overdueAfter', never),
    drainTimeout: requireTime(options.drainTimeout, 'drainTimeout', DRAIN_TIMEOUT),
  };
}

function requireTime(time: unknown, what: string, otherwise: number): number {
  return requireTimeout(time, what) ?? otherwise;
}

/** The key of a request; undefined in a pool without keys. */
export function keyOf<Request>(key: ((request: Request) => string) | undefined, request: Request, pool: string): string | undefined {
  if (key === undefined) return undefined;
  const answer: unknown = key(request);
  if (typeof answer !== 'string') throw new TypeError(`Expected \`key\` of pool ${show(pool)} to answer a text, got ${show(answer)}`);
  return answer;
}
