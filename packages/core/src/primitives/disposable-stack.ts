/// <reference lib="esnext.disposable" preserve="true" />
// DisposableStack, to the letter of ES2027: holds resources and gives them back in reverse order, all of them, whatever some of them
// throw. The order of checks in each method is the specification's: receiver, state, argument.
import {
  alreadyDisposed,
  type Capability,
  type Disposer,
  disposeEntry,
  methodOf,
  notDisposable,
  requireFunction,
  requireObject,
  wrongReceiver,
} from './dispose-capability.ts';
import { asIntrinsicStack, isObject, settlePrototype } from './intrinsics.ts';
import { suppress } from './suppressed-error.ts';
import { disposeSymbol } from './symbols.ts';

/** Our own DisposableStack, whatever the runtime has. */
export const OwnDisposableStack: DisposableStackConstructor = /* @__PURE__ */ asIntrinsicStack(
  class DisposableStack {
    declare [Symbol.dispose]: () => void;
    declare readonly [Symbol.toStringTag]: string;

    /** Undefined once disposed or moved. The field is the brand, too: what lacks it is not a DisposableStack. */
    #capability: Capability | undefined = { top: undefined };

    constructor() {
      if (new.target !== DisposableStack) settlePrototype(this, new.target, 'DisposableStack', DisposableStack.prototype);
    }

    use<T extends Disposable | null | undefined>(value: T): T {
      const capability = DisposableStack.#pending(this, 'DisposableStack.prototype.use');
      if (value === null || value === undefined) return value;
      requireObject(value, 'DisposableStack.prototype.use');
      const disposer = methodOf(value, disposeSymbol, 'DisposableStack.prototype.use');
      if (disposer === undefined) throw notDisposable('DisposableStack.prototype.use', '[Symbol.dispose]()');
      capability.top = { value, disposer, rule: 'method', below: capability.top };
      return value;
    }

    dispose(): void {
      if (!isObject(this) || !(#capability in this)) throw wrongReceiver('DisposableStack.prototype.dispose', this);
      const capability = this.#capability;
      if (capability === undefined) return;
      this.#capability = undefined;
      let failed = false;
      let failure: unknown;
      for (let entry = capability.top; entry !== undefined; entry = entry.below) {
        try {
          disposeEntry(entry);
        } catch (error) {
          failure = failed ? suppress(error, failure) : error;
          failed = true;
        }
      }
      if (failed) throw failure;
    }

    adopt<T>(value: T, onDispose: (value: T) => void): T {
      const capability = DisposableStack.#pending(this, 'DisposableStack.prototype.adopt');
      requireFunction(onDispose, 'DisposableStack.prototype.adopt');
      capability.top = { value, disposer: onDispose as Disposer, rule: 'adopted', below: capability.top };
      return value;
    }

    defer(onDispose: () => void): void {
      const capability = DisposableStack.#pending(this, 'DisposableStack.prototype.defer');
      requireFunction(onDispose, 'DisposableStack.prototype.defer');
      capability.top = { value: undefined, disposer: onDispose, rule: 'deferred', below: capability.top };
    }

    /** Always answers a plain DisposableStack, on a subclass as well: no species here. */
    move(): DisposableStack {
      const capability = DisposableStack.#pending(this, 'DisposableStack.prototype.move');
      const moved = new DisposableStack();
      moved.#capability = capability;
      this.#capability = undefined;
      return moved;
    }

    get disposed(): boolean {
      if (!isObject(this) || !(#capability in this)) throw wrongReceiver('DisposableStack.prototype.disposed', this);
      return this.#capability === undefined;
    }

    /** Static, because a private method of instances would cost each of them a brand of its own. */
    static #pending(stack: DisposableStack, where: string): Capability {
      if (!isObject(stack) || !(#capability in stack)) throw wrongReceiver(where, stack);
      const capability = stack.#capability;
      if (capability === undefined) throw alreadyDisposed(where);
      return capability;
    }
  },
  'DisposableStack',
  disposeSymbol,
  'dispose',
);
