/** Several handles as one disposable array: what `acquireAll` answers. */
import { AsyncDisposableStack, DisposableStack } from '../primitives/index.ts';

/** An array of handles that is disposed as one, last first; every one of them, even if some throw. */
export class AsyncHandles<H extends AsyncDisposable> extends Array<H> implements AsyncDisposable {
  /** What `map` and the like make of it is a plain array: it holds no handles of its own. */
  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }

  /** Disposes all, last first, and resolves after the last release; failures are joined as SuppressedError. */
  async disposeAsync(): Promise<void> {
    const stack = new AsyncDisposableStack();
    for (const handle of this) stack.use(handle);
    await stack.disposeAsync();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.disposeAsync();
  }
}

/** An array of handles whose releases are synchronous. */
export class Handles<H extends Disposable & AsyncDisposable> extends AsyncHandles<H> implements Disposable {
  /** Disposes all, last first; failures are joined as SuppressedError. */
  dispose(): void {
    const stack = new DisposableStack();
    for (const handle of this) stack.use(handle);
    stack.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
