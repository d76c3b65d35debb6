/// <reference lib="esnext.disposable" preserve="true" />
// SuppressedError: what is thrown when a disposer fails while another error is on its way. The later one is `error`, the earlier
// `suppressed`, so the error of the user's own code ends deepest. Beside our own class stands the one in force: the runtime's where it
// has one, since code that asks `instanceof SuppressedError` means that.
import { type Constructor, defineHidden, nameIntrinsic, settlePrototype } from './intrinsics.ts';

/** A constructor that may be called without `new`, like all error constructors; hence a function where the stacks are classes. */
function createSuppressedError(): SuppressedErrorConstructor {
  const constructor = function SuppressedError(this: unknown, error: unknown, suppressed: unknown, message?: unknown): object {
    // Made by Error itself, for the engine's error slot and its stack, which begins at our caller. Only the message is handed on: unlike other
    // errors this one takes no options, and reads no `cause` (ES2027, SuppressedError).
    const instance: object = Reflect.construct(Error, message === undefined ? [] : [message], constructor);
    if (new.target !== undefined && new.target !== constructor) becomeOne(instance, this as object, new.target, prototype);
    defineHidden(instance, 'error', error);
    defineHidden(instance, 'suppressed', suppressed);
    return instance;
  };
  const prototype: object = Object.create(Error.prototype);
  defineHidden(prototype, 'constructor', constructor);
  defineHidden(prototype, 'name', 'SuppressedError');
  defineHidden(prototype, 'message', '');
  Object.defineProperty(constructor, 'prototype', { value: prototype, writable: false, enumerable: false, configurable: false });
  Object.setPrototypeOf(constructor, Error);
  return nameIntrinsic(constructor, 'SuppressedError') as unknown as SuppressedErrorConstructor;
}

/**
 * Makes an error an instance of the subclass (or whatever stands in as newTarget). Its prototype is taken from the object that the engine
 * made for `this`, since to read `newTarget.prototype` again could be seen; its stack begins where the subclass was called.
 */
function becomeOne(instance: object, allocated: object, newTarget: Constructor, prototype: object): void {
  settlePrototype(allocated, newTarget, 'SuppressedError', prototype);
  Object.setPrototypeOf(instance, Object.getPrototypeOf(allocated));
  (Error as { captureStackTrace?(target: object, above: Constructor): void }).captureStackTrace?.(instance, newTarget);
}

/** Our own SuppressedError, whatever the runtime has. */
export const OwnSuppressedError: SuppressedErrorConstructor = /* @__PURE__ */ createSuppressedError();

/** The SuppressedError in force: the runtime's own, else ours. */
export const SuppressedError: SuppressedErrorConstructor = globalThis.SuppressedError ?? OwnSuppressedError;

/** Joins an error to the earlier one that it would have hidden. The message is V8's. */
export function suppress(error: unknown, earlier: unknown): SuppressedError {
  return new SuppressedError(error, earlier, 'An error was suppressed during disposal');
}
