// Our own classes by the names of the globals, wherever the test runs: the package's entry hands out the native ones from Node 24 on.
import { OwnAsyncDisposableStack } from '../../src/primitives/async-disposable-stack.ts';
import { OwnDisposableStack } from '../../src/primitives/disposable-stack.ts';
import { OwnSuppressedError } from '../../src/primitives/suppressed-error.ts';
import type { Classes } from './program.ts';

export const own: Classes & { readonly SuppressedError: SuppressedErrorConstructor } = {
  DisposableStack: OwnDisposableStack,
  AsyncDisposableStack: OwnAsyncDisposableStack,
  SuppressedError: OwnSuppressedError,
};
