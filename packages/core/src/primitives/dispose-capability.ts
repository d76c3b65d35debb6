/// <reference lib="esnext.disposable" preserve="true" />
// What both stacks hold: a linked list of entries, newest on top, and how one entry is disposed. A list of small objects, because most
// stacks hold one to four entries: an array reserves 17 slots at its first push, and a list is walked in the order of disposal anyhow
// (half the cost of an array of objects, a fifth of the native stack's).
import { isObject } from './intrinsics.ts';
import { disposeSymbol } from './symbols.ts';

/** What can be disposed, as far as the stacks know: any function, called by its entry's rule. */
export type Disposer = (this: unknown, ...args: unknown[]) => unknown;

/**
 * How an entry is disposed: a method on its value, a method whose result and throw are taken as a promise's (the synchronous fallback in
 * an asynchronous stack), a function that is given the value, a function alone, or not at all (null in an asynchronous stack: an await).
 */
export type Rule = 'method' | 'fallback' | 'adopted' | 'deferred' | 'nothing';

export interface Entry {
  readonly value: unknown;
  readonly disposer: Disposer | undefined;
  readonly rule: Rule;
  readonly below: Entry | undefined;
}

/**
 * The entries of a stack. An object of its own, so that `use` adds to the capability that it saw at its start, though a getter of
 * Symbol.dispose should move or dispose of the stack in between: then the entry goes with what was moved, as the specification has it.
 */
export interface Capability {
  top: Entry | undefined;
}

const { apply } = Reflect;

/** Calls what disposes of an entry, and answers what that answered. */
export function disposeEntry(entry: Entry): unknown {
  const { disposer, rule } = entry as { disposer: Disposer; rule: Rule };
  if (rule === 'deferred') return disposer();
  if (rule === 'adopted') return disposer(entry.value);
  // Reflect.apply and not disposer.call, because a function may have a property `call` of its own.
  return apply(disposer, entry.value, []);
}

/** GetMethod: undefined for undefined and null alike, a TypeError for what is there but cannot be called. The property is read once. */
export function methodOf(value: object, symbol: symbol, where: string): Disposer | undefined {
  const method = (value as Record<symbol, unknown>)[symbol];
  if (typeof method === 'function') return method as Disposer;
  if (method === undefined || method === null) return undefined;
  throw new TypeError(`${where}: expected a function as [${symbolName(symbol)}] of the resource, got ${kindOf(method)}.`);
}

export function requireObject(value: unknown, where: string): asserts value is object {
  if (!isObject(value)) throw new TypeError(`${where}: expected a disposable object, null or undefined, got ${kindOf(value)}.`);
}

export function requireFunction(value: unknown, where: string): asserts value is Disposer {
  if (typeof value !== 'function') throw new TypeError(`${where}: expected a function that disposes, got ${kindOf(value)}.`);
}

export function notDisposable(where: string, wanted: string): TypeError {
  return new TypeError(`${where}: expected an object with a ${wanted} method, null or undefined, got an object without one.`);
}

export function wrongReceiver(where: string, receiver: unknown): TypeError {
  return new TypeError(`${where}: expected a stack of that class as the receiver, got ${kindOf(receiver)}.`);
}

export function alreadyDisposed(where: string): ReferenceError {
  return new ReferenceError(`${where}: this stack was disposed or moved and takes nothing more. Use the stack that move() returned, or a new one.`);
}

function symbolName(symbol: symbol): string {
  return symbol === disposeSymbol ? 'Symbol.dispose' : 'Symbol.asyncDispose';
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === 'object' ? 'another object' : `a ${typeof value}`;
}
