/**
 * Other engines' objects as handles: told apart by their shape, counted by the bytes they hold, and released by the call that really
 * frees them. An engine's own file says no more than that of each sort of its objects.
 */
import { defineResource, DisposedError, Handle, type Budget, type Cost, type OwnOptions } from '@handback/core';
import { imageMemory } from '../memory.ts';

/** Options of `own`. */
export interface OwnObjectOptions extends OwnOptions {
  /** Where its bytes are counted; default: `imageMemory`. */
  budget?: Budget | undefined;
}

/** What one sort of an engine's objects is, and does. */
export interface Sort<T extends object> {
  /** A word for it, in the singular: `mat`. */
  readonly kind: string;
  /** Tells it from the engine's other objects by what it can do: an `instanceof` would need the engine, of which there may be several. */
  readonly is: (raw: Shape) => boolean;
  /** Bytes that it holds; `parent` is the raw of the handle it belongs to, with which it may share them. */
  readonly bytes: (raw: T, parent: unknown) => number;
  readonly isReleased: (raw: T) => boolean;
  readonly release: (raw: T) => void;
  readonly describe: (raw: T) => string;
}

/** An object of which nothing is known yet. */
export type Shape = Readonly<Record<string, unknown>>;

/** A sort that can be owned. */
export interface OwnableSort {
  readonly is: (raw: Shape) => boolean;
  readonly own: (raw: object, options: OwnObjectOptions) => Handle<object>;
}

/** What has an owner: a second one would go on to lend what the first has freed. */
const owned = new WeakSet();

class OwnedObject<T extends object> extends Handle<T> {
  override detach(): T {
    const raw = super.detach();
    owned.delete(raw);
    return raw;
  }
}

/** Makes a sort ownable: a kind of resource of its own. */
export function ownable<T extends object>(sort: Sort<T>): OwnableSort {
  // A measure is given the raw alone, so what each costs stands beside it for the length of `own`.
  const costs = new WeakMap<T, Cost>();
  const kind = defineResource({
    kind: sort.kind,
    measure: (raw: T) => costs.get(raw),
    // Told for all, also where an engine tells V8 of its memory: by it the list of new handles is kept short, so that what is forgotten can go.
    externalBytes: (raw: T) => costs.get(raw)?.amount ?? 0,
    release: (raw: T) => {
      owned.delete(raw);
      // Its user may have deleted it under the handle; a second time would throw, or free what is somebody else's by now.
      if (!sort.isReleased(raw)) sort.release(raw);
    },
    describe: sort.describe,
    handle: OwnedObject<T>,
    module: import.meta.url,
  });
  const own = (raw: T, options: OwnObjectOptions): Handle<T> => {
    const { label, parent, budget = imageMemory } = options;
    const name = label === undefined ? sort.kind : `${sort.kind} '${label}'`;
    if (owned.has(raw)) throw new TypeError(`The ${name} has an owner already: share() or move() that handle, or detach() it first`);
    if (sort.isReleased(raw)) throw new DisposedError(`The ${name} was released already, so there is nothing left to own`, { kind: sort.kind, label });
    costs.set(raw, costOf(budget, sort.bytes(raw, parent?.state === 'open' ? parent.value : undefined)));
    try {
      const handle = kind.own(raw, options);
      owned.add(raw);
      return handle;
    } finally {
      costs.delete(raw);
    }
  };
  return { is: sort.is, own: own as unknown as OwnableSort['own'] };
}

// What an engine answers for an object it has not filled yet, NaN or -1, is no reason to leave it without an owner.
function costOf(budget: Budget, bytes: number): Cost {
  return { budget, amount: bytes > 0 ? Math.ceil(bytes) : 0 };
}

/** Owns an object of the first sort that it belongs to, or throws TypeError that says what was expected. */
export function ownFirst<T>(raw: T, options: OwnObjectOptions, sorts: readonly OwnableSort[], expected: string): Handle<T> {
  if (typeof raw === 'object' && raw !== null) {
    const sort = sorts.find(({ is }) => is(raw as unknown as Shape));
    if (sort !== undefined) return sort.own(raw, options) as Handle<unknown> as Handle<T>;
  }
  throw new TypeError(`Expected ${expected}, got ${show(raw)}`);
}

/** True for an object that has all these methods. */
export function can(raw: Shape, ...methods: readonly string[]): boolean {
  return methods.every((name) => typeof raw[name] === 'function');
}

function show(value: unknown): string {
  if (typeof value !== 'object' || value === null) return typeof value === 'string' ? `'${value}'` : String(value);
  if (value instanceof Handle) return `a handle of kind '${value.kind}': it is owned already`;
  const { constructor } = value;
  return typeof constructor === 'function' && constructor.name !== '' ? `an object of class ${constructor.name}` : 'an object';
}
