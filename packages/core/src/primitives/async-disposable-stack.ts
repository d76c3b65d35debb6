/// <reference lib="esnext.disposable" preserve="true" />
// AsyncDisposableStack, to the letter of ES2027, turns of the microtask queue included: the first disposer runs within the call of
// disposeAsync, each result is awaited, entries of null cost one await in all (and none where something else was awaited), an empty stack none.
import {
  alreadyDisposed,
  type Capability,
  type Disposer,
  disposeEntry,
  type Entry,
  methodOf,
  notDisposable,
  requireFunction,
  requireObject,
  wrongReceiver,
} from './dispose-capability.ts';
import { asIntrinsicStack, isObject, settlePrototype } from './intrinsics.ts';
import { suppress } from './suppressed-error.ts';
import { asyncDisposeSymbol, disposeSymbol } from './symbols.ts';

/** Our own AsyncDisposableStack, whatever the runtime has. */
export const OwnAsyncDisposableStack: AsyncDisposableStackConstructor = /* @__PURE__ */ asIntrinsicStack(
  class AsyncDisposableStack {
    declare [Symbol.asyncDispose]: () => Promise<void>;
    declare readonly [Symbol.toStringTag]: string;

    /** Undefined once disposed or moved. The field is the brand, too: what lacks it is not an AsyncDisposableStack. */
    #capability: Capability | undefined = { top: undefined };

    constructor() {
      if (new.target !== AsyncDisposableStack) settlePrototype(this, new.target, 'AsyncDisposableStack', AsyncDisposableStack.prototype);
    }

    use<T extends AsyncDisposable | Disposable | null | undefined>(value: T): T {
      const capability = AsyncDisposableStack.#pending(this, 'AsyncDisposableStack.prototype.use');
      if (value === null || value === undefined) {
        capability.top = { value: undefined, disposer: undefined, rule: 'nothing', below: capability.top };
        return value;
      }
      requireObject(value, 'AsyncDisposableStack.prototype.use');
      let rule: Entry['rule'] = 'method';
      let disposer = methodOf(value, asyncDisposeSymbol, 'AsyncDisposableStack.prototype.use');
      if (disposer === undefined) {
        rule = 'fallback';
        disposer = methodOf(value, disposeSymbol, 'AsyncDisposableStack.prototype.use');
        if (disposer === undefined) throw notDisposable('AsyncDisposableStack.prototype.use', '[Symbol.asyncDispose]() or [Symbol.dispose]()');
      }
      capability.top = { value, disposer, rule, below: capability.top };
      return value;
    }

    // An async method, so that a wrong receiver rejects and the promise is the realm's own. Its awaits are the Awaits of DisposeResources.
    async disposeAsync(): Promise<void> {
      if (!isObject(this) || !(#capability in this)) throw wrongReceiver('AsyncDisposableStack.prototype.disposeAsync', this);
      const capability = this.#capability;
      if (capability === undefined) return;
      this.#capability = undefined;
      let needsAwait = false;
      let hasAwaited = false;
      let failed = false;
      let failure: unknown;
      // Taken off one by one, so that an entry that a `use` under way adds meanwhile (its getter called disposeAsync) is disposed of as well,
      // like in V8. The specification leaves that open; to skip the entry would leak it.
      for (;;) {
        const entry = capability.top;
        if (entry === undefined) {
          if (!needsAwait || hasAwaited) break;
          needsAwait = false;
          // oxlint-disable-next-line typescript/await-thenable -- the Await(undefined) of DisposeResources
          await undefined;
          continue;
        }
        capability.top = entry.below;
        if (entry.rule === 'nothing') {
          needsAwait = true;
          continue;
        }
        try {
          const result = entry.rule === 'fallback' ? disposeSynchronous(entry) : disposeEntry(entry);
          hasAwaited = true;
          await result;
        } catch (error) {
          failure = failed ? suppress(error, failure) : error;
          failed = true;
        }
      }
      if (failed) throw failure;
    }

    adopt<T>(value: T, onDisposeAsync: (value: T) => PromiseLike<void> | void): T {
      const capability = AsyncDisposableStack.#pending(this, 'AsyncDisposableStack.prototype.adopt');
      requireFunction(onDisposeAsync, 'AsyncDisposableStack.prototype.adopt');
      capability.top = { value, disposer: onDisposeAsync as Disposer, rule: 'adopted', below: capability.top };
      return value;
    }

    defer(onDisposeAsync: () => PromiseLike<void> | void): void {
      const capability = AsyncDisposableStack.#pending(this, 'AsyncDisposableStack.prototype.defer');
      requireFunction(onDisposeAsync, 'AsyncDisposableStack.prototype.defer');
      capability.top = { value: undefined, disposer: onDisposeAsync, rule: 'deferred', below: capability.top };
    }

    /** Always answers a plain AsyncDisposableStack, on a subclass as well: no species here. */
    move(): AsyncDisposableStack {
      const capability = AsyncDisposableStack.#pending(this, 'AsyncDisposableStack.prototype.move');
      const moved = new AsyncDisposableStack();
      moved.#capability = capability;
      this.#capability = undefined;
      return moved;
    }

    get disposed(): boolean {
      if (!isObject(this) || !(#capability in this)) throw wrongReceiver('AsyncDisposableStack.prototype.disposed', this);
      return this.#capability === undefined;
    }

    /** Static, because a private method of instances would cost each of them a brand of its own. */
    static #pending(stack: AsyncDisposableStack, where: string): Capability {
      if (!isObject(stack) || !(#capability in stack)) throw wrongReceiver(where, stack);
      const capability = stack.#capability;
      if (capability === undefined) throw alreadyDisposed(where);
      return capability;
    }
  },
  'AsyncDisposableStack',
  asyncDisposeSymbol,
  'disposeAsync',
);

/**
 * The wrapper that GetDisposeMethod puts around a synchronous disposer: what it returns is ignored, so that a promise from a method
 * that never promised one is not waited for, and what it throws arrives as a rejection, one await later. An async function is just that.
 */
async function disposeSynchronous(entry: Entry): Promise<void> {
  disposeEntry(entry);
}
