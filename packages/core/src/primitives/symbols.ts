/// <reference lib="esnext.disposable" preserve="true" />
// The two well-known symbols that every disposer hangs on. They are the runtime's (on Node 20 and 22: Node's) wherever it has them.
// Where it has none (old browsers, a bare `vm` context) each is a stand-in that nobody else knows of, until the polyfill installs that
// very symbol on `Symbol`: so the classes beside this file are right whether they were evaluated before the polyfill's body or after it.

export const disposeSymbol: typeof Symbol.dispose = Symbol.dispose ?? (Symbol('Symbol.dispose') as typeof Symbol.dispose);

export const asyncDisposeSymbol: typeof Symbol.asyncDispose = Symbol.asyncDispose ?? (Symbol('Symbol.asyncDispose') as typeof Symbol.asyncDispose);
