/**
 * The census: which tokens are still reachable, answered within one job, without a turn of the event loop. FinalizationRegistry
 * cannot answer it (its callbacks are macrotasks), nor can WeakRefs in V8 (a target touched in this job stays alive to its end).
 * A WeakSet can: after a collection it holds the living alone, and `util.inspect` with `showHidden` is documented to show them.
 *
 * A census that is wrong closes a live resource. So it is tested once, on objects of its own, before it is believed.
 */
import { collector } from './collector.ts';
import { builtin, host } from './host.ts';

interface Util {
  inspect: { (value: unknown, options: object): string; readonly custom: symbol };
}

/** What stands in the census for a handle: the handle owns it, nothing else does, and it knows the record. */
export interface Counted<R extends object> {
  readonly record: R | undefined;
}

export interface Census<R extends object> {
  enter(token: Counted<R>): void;
  /** Called by a token that is being inspected. */
  note(record: R): void;
  /** False where the census cannot be taken, or failed its test. The first call runs a full collection. */
  isTrusted(): boolean;
  /** The records whose tokens are alive, as of the last collection; undefined where it cannot be known. */
  living(): Set<R> | undefined;
}

/** A method name that `util.inspect` calls on each member of an inspected WeakSet, where the host has it. */
export const inspectHook: symbol = Symbol.for('nodejs.util.inspect.custom');

// Every option that an app may have changed in `util.inspect.defaultOptions` and that matters here is named.
const everything = {
  showHidden: true,
  depth: 2,
  maxArrayLength: Infinity,
  customInspect: true,
  showProxy: false,
  sorted: false,
  getters: false,
  compact: 3,
  breakLength: Infinity,
  colors: false,
};

/** Makes a census, by the means that this runtime offers. */
export function createCensus<R extends object>(): Census<R> {
  return host.Bun === undefined ? new WeakSetCensus<R>() : new WeakRefCensus<R>();
}

class WeakSetCensus<R extends object> implements Census<R> {
  readonly #tokens = new WeakSet<Counted<R>>();
  #seen: Set<R> | undefined;

  enter(token: Counted<R>): void {
    this.#tokens.add(token);
  }

  // Records are noted, never tokens: a set of tokens would keep them alive.
  note(record: R): void {
    this.#seen?.add(record);
  }

  isTrusted(): boolean {
    return trusted();
  }

  living(): Set<R> | undefined {
    if (!trusted()) return undefined;
    const seen = (this.#seen = new Set<R>());
    // An inspection that was cut short (no stack left) does not throw: it answers another text, and the rest would look dead.
    const isWhole = inspect?.(this.#tokens, everything).startsWith('WeakSet') === true;
    this.#seen = undefined;
    return isWhole ? seen : undefined;
  }
}

/** Bun shows no members of a WeakSet, and needs not: there a WeakRef is cleared within the job. */
class WeakRefCensus<R extends object> implements Census<R> {
  #tokens: WeakRef<Counted<R>>[] = [];

  enter(token: Counted<R>): void {
    this.#tokens.push(new WeakRef(token));
  }

  note(): void {}

  isTrusted(): boolean {
    return false; // Its tokens must be registered when they enter: no inspection calls back for the living.
  }

  living(): Set<R> {
    const seen = new Set<R>();
    this.#tokens = this.#tokens.filter((reference) => {
      const record = reference.deref()?.record;
      if (record !== undefined) seen.add(record);
      return record !== undefined;
    });
    return seen;
  }
}

let verdict: boolean | undefined;
/** The function that passed the test: what an app puts in its place later is not asked. */
let inspect: Util['inspect'] | undefined;

/** The self-test: of sixteen tokens, eight held and eight dropped, a full collection must leave exactly the held ones. */
function trusted(): boolean {
  verdict ??= selfTest();
  return verdict;
}

function selfTest(): boolean {
  const engine = collector();
  const util = builtin<Util>('node:util');
  if (engine === undefined || util?.inspect?.custom !== inspectHook) return false;
  ({ inspect } = util);
  const seen = new Set<number>();
  class Probe {
    readonly id: number;
    constructor(id: number) {
      this.id = id;
    }
    [inspectHook](): string {
      seen.add(this.id);
      return '';
    }
  }
  const members = new WeakSet<Probe>();
  const held = enterProbes(members, Probe);
  engine.full();
  inspect(members, everything);
  return held.length === 8 && seen.size === 8 && held.every((probe) => seen.has(probe.id));
}

// A function of its own: no frame of the test still holds the dropped ones when the collection runs.
function enterProbes<P extends object>(members: WeakSet<P>, Probe: new (id: number) => P): P[] {
  const held: P[] = [];
  for (let id = 0; id < 16; id++) {
    const probe = new Probe(id);
    members.add(probe);
    if (id % 2 === 0) held.push(probe);
  }
  return held;
}
