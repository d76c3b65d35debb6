/// <reference lib="esnext.disposable" preserve="true" />
// The polyfill entry, the one module of the package that changes globals: it installs what the runtime lacks of ES2027's explicit resource
// management, with the attributes of the specification, and overrides nothing that is there. Import it before anything that loads
// tslib, which decides at its own load whether lowered `using` throws a real SuppressedError.
import { OwnAsyncDisposableStack } from './primitives/async-disposable-stack.ts';
import { OwnDisposableStack } from './primitives/disposable-stack.ts';
import { defineHidden } from './primitives/intrinsics.ts';
import { installIteratorDispose } from './primitives/iterators.ts';
import { OwnSuppressedError } from './primitives/suppressed-error.ts';
import { asyncDisposeSymbol, disposeSymbol } from './primitives/symbols.ts';

for (const [name, symbol] of [
  ['dispose', disposeSymbol],
  ['asyncDispose', asyncDisposeSymbol],
] as const) {
  if (!(name in Symbol)) Object.defineProperty(Symbol, name, { value: symbol, writable: false, enumerable: false, configurable: false });
}

for (const [name, intrinsic] of [
  ['DisposableStack', OwnDisposableStack],
  ['AsyncDisposableStack', OwnAsyncDisposableStack],
  ['SuppressedError', OwnSuppressedError],
] as const) {
  if (!(name in globalThis)) defineHidden(globalThis, name, intrinsic);
}

installIteratorDispose();
