/** Handles whose release is synchronous. */
import { endThenSearch } from '../runtime/no-then.ts';
import { AsyncHandle, closingOf, disposeHandle } from './async-handle.ts';

/**
 * Owns one resource whose release is synchronous: hold it with `using`.
 *
 * *See* AsyncHandle for what both share, and for how classes of one's own extend it.
 */
export class Handle<T> extends AsyncHandle<T> implements Disposable {
  /**
   * Closes it: new uses throw from now on, and the release runs now, or when the last use in flight has ended. Again: nothing.
   * Throws what the release threw, if it ran within the call.
   */
  dispose(): void {
    disposeHandle(this, Handle.prototype.dispose);
  }

  override disposeAsync(): Promise<void> {
    // By way of `dispose` where a subclass overrides it, so that `await using` and stacks dispose by it too.
    const own = this.dispose !== Handle.prototype.dispose;
    return closingOf(this, Handle.prototype.disposeAsync, own ? () => this.dispose() : undefined);
  }

  [Symbol.dispose](): void {
    // By name, so that a subclass that overrides the method is disposed by it.
    this.dispose();
  }
}
endThenSearch(Handle);
