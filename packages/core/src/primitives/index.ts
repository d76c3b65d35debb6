/// <reference lib="esnext.disposable" preserve="true" />
// The TC39 primitives: the runtime's own classes wherever it has them, else ours, so that `instanceof` and `using` agree with the rest of
// the program. Ours stay reachable under their explicit names from the files beside this one. Nothing global is touched here; that is
// for `@handback/core/polyfill` alone.
import { OwnAsyncDisposableStack } from './async-disposable-stack.ts';
import { OwnDisposableStack } from './disposable-stack.ts';
import { SuppressedError as SuppressedErrorInForce } from './suppressed-error.ts';

/**
 * Holds resources and disposes of them all, in reverse order.
 *
 * *When to use*: to undo half-made work, and for a number of resources known only at run time; `move()` at success hands all of them on.
 *
 * *See*: `AsyncDisposableStack`, where a disposer is asynchronous.
 */
export const DisposableStack: DisposableStackConstructor = globalThis.DisposableStack ?? OwnDisposableStack;
export type DisposableStack = globalThis.DisposableStack;

/**
 * Holds resources whose disposal may be asynchronous, and disposes of them all, in reverse order, one after the other.
 *
 * *See*: `DisposableStack`, which is cheaper where every disposer is synchronous.
 */
export const AsyncDisposableStack: AsyncDisposableStackConstructor = globalThis.AsyncDisposableStack ?? OwnAsyncDisposableStack;
export type AsyncDisposableStack = globalThis.AsyncDisposableStack;

/**
 * Joins an error (`error`) to the earlier one that it would have hidden (`suppressed`).
 *
 * *Details*: several failures nest; the error of the user's own code ends deepest. On Node 20 and 22, code that TypeScript lowered through
 * tslib throws this class only if `@handback/core/polyfill` was loaded before tslib; before that, a plain Error of the same name.
 */
export const SuppressedError: SuppressedErrorConstructor = SuppressedErrorInForce;
export type SuppressedError = globalThis.SuppressedError;
