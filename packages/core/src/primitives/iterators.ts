/// <reference lib="esnext.disposable" preserve="true" />
// Dispose on iterators and generators: Iterator.prototype[Symbol.dispose] and AsyncIterator.prototype[Symbol.asyncDispose] call `return`,
// so that `using` ends a generator that was left half-way. Only the polyfill installs them; importing this file changes nothing.
import { defineHidden, nameIntrinsic } from './intrinsics.ts';
import { asyncDisposeSymbol, disposeSymbol } from './symbols.ts';

/** GetMethod(O, "return"), read once; O may be a primitive value, as in the specification. */
function returnOf(iterator: unknown): ((this: unknown) => unknown) | undefined {
  const method = (iterator as { return?: unknown }).return;
  if (method === undefined || method === null) return undefined;
  if (typeof method !== 'function') throw new TypeError(`[Symbol.dispose] of an iterator: expected a function as its return, got a ${typeof method}.`);
  return method as (this: unknown) => unknown;
}

// Concise methods, because those cannot be constructed, like a built-in.
const methods = {
  dispose(this: unknown): void {
    const method = returnOf(this);
    if (method !== undefined) Reflect.apply(method, this, []);
  },

  // An async method awaits as PerformPromiseThen does here: one turn, the result dropped, every throw a rejection. ES2027 calls `return`
  // without an argument; V8 in Node 24 and 26 still hands it an undefined, which the proposal did until 2026.
  async asyncDispose(this: unknown): Promise<void> {
    const method = returnOf(this);
    if (method !== undefined) await Reflect.apply(method, this, []);
  },
};

// oxlint-disable typescript/unbound-method -- each is called on whatever iterator it is installed for

/** Iterator.prototype[Symbol.dispose] as it ought to be. */
export const iteratorDispose: (this: unknown) => void = /* @__PURE__ */ nameIntrinsic(methods.dispose, '[Symbol.dispose]');

/** AsyncIterator.prototype[Symbol.asyncDispose] as it ought to be. */
export const asyncIteratorDispose: (this: unknown) => Promise<void> = /* @__PURE__ */ nameIntrinsic(methods.asyncDispose, '[Symbol.asyncDispose]');

/** The prototype that all built-in iterators inherit from, which Node 20 has no global for. */
export function iteratorPrototype(): object {
  return Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));
}

/** The prototype that all asynchronous generators inherit from; no runtime has a global for it. */
export function asyncIteratorPrototype(): object {
  const generator = async function* (): AsyncGenerator<never, void, never> {};
  return Object.getPrototypeOf(Object.getPrototypeOf(generator.prototype));
}

/** Gives iterators and asynchronous iterators their dispose where they have none. */
export function installIteratorDispose(): void {
  const iterator = iteratorPrototype();
  if (!Object.hasOwn(iterator, disposeSymbol)) defineHidden(iterator, disposeSymbol, iteratorDispose);
  const asyncIterator = asyncIteratorPrototype();
  if (!Object.hasOwn(asyncIterator, asyncDisposeSymbol)) defineHidden(asyncIterator, asyncDisposeSymbol, asyncIteratorDispose);
}
