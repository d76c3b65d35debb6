/**
 * Forced collections, where the runtime offers them. The only portable spelling is `gc()` with no argument at all: on Node 20
 * `gc({ type: 'major' })` is a *minor* collection, and on Node 22 and later so is `gc(undefined)`.
 */
import { builtin, host, now } from './host.ts';
import { shared } from './protocol.ts';

export interface Collector {
  full(): void;
  /** A collection of the young generation alone; the full one where the engine has no such thing (Deno, Bun). */
  minor(): void;
}

let found: Collector | undefined;
let searched = false;

/** The collector of this runtime, obtained at the first call (it costs a context, 1–7 ms); undefined in browsers. */
export function collector(): Collector | undefined {
  if (!searched) {
    searched = true;
    found = find();
  }
  return found;
}

function find(): Collector | undefined {
  const bun = host.Bun;
  if (bun !== undefined) return { full: () => bun.gc(true), minor: () => bun.gc(true) };
  const gc = host.gc ?? exposed();
  if (gc === undefined) return undefined;
  // Deno and Node 20 disagree on every argument; `{ type: 'minor' }` is minor on all Nodes and full on Deno, which has no minor one.
  return { full: () => gc(), minor: () => (gc as (options: object) => void)({ type: 'minor' }) };
}

function exposed(): (() => void) | undefined {
  try {
    builtin<{ setFlagsFromString(flag: string): void }>('node:v8')?.setFlagsFromString('--expose-gc');
    const gc: unknown = builtin<{ runInNewContext(code: string): unknown }>('node:vm')?.runInNewContext('gc');
    return typeof gc === 'function' ? (gc as () => void) : undefined;
  } catch {
    return undefined;
  }
}

/** Runs a full collection and notes its duration, for the ration; false where the runtime offers no way. */
export function collectFull(): boolean {
  const engine = collector();
  if (engine === undefined) return false;
  const start = now();
  engine.full();
  shared.collection.end = now();
  shared.collection.duration = shared.collection.end - start;
  return true;
}

/** True when another forced full collection stays within a sixth of the time: five times the last one's duration has passed. */
export function fullIsDue(): boolean {
  const { end, duration } = shared.collection;
  return now() - end > 5 * duration;
}
