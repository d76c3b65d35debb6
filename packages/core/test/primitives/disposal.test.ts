// What the stacks promise when all goes as it should, and when disposers throw.
import { describe, expect, it } from 'vitest';
import { SuppressedError } from '../../src/primitives/index.ts';
import { own } from './own.ts';

const { DisposableStack, AsyncDisposableStack } = own;

function thrown(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('Expected a throw, got none.');
}

describe('DisposableStack', () => {
  it('disposes in reverse order, whichever way a resource was added', () => {
    const log: unknown[] = [];
    const stack = new DisposableStack();
    stack.use({ [Symbol.dispose]: () => log.push('used') });
    stack.adopt('value', (value) => log.push(value));
    stack.defer(() => log.push('deferred'));
    stack.dispose();
    expect(log).toEqual(['deferred', 'value', 'used']);
  });

  it('disposes once however often it is disposed', () => {
    let count = 0;
    const stack = new DisposableStack();
    stack.defer(() => (count += 1));
    stack.dispose();
    expect([stack.dispose(), stack[Symbol.dispose](), count, stack.disposed]).toEqual([undefined, undefined, 1, true]);
  });

  it('is disposed already while its disposers run', () => {
    const stack = new DisposableStack();
    let seen: unknown;
    stack.defer(() => (seen = [stack.disposed, thrown(() => stack.defer(() => {}))]));
    stack.dispose();
    expect(seen).toEqual([true, expect.any(ReferenceError)]);
  });

  it('passes a single error on as it is', () => {
    const stack = new DisposableStack();
    stack.defer(() => {
      throw undefined;
    });
    expect(thrown(() => stack.dispose())).toBe(undefined);
  });

  it('runs every disposer, and nests what they throw: the later is error, the earlier suppressed', () => {
    const stack = new DisposableStack();
    for (const message of ['first added', 'second added', 'third added']) {
      stack.defer(() => {
        throw message;
      });
    }
    const error = thrown(() => stack.dispose()) as SuppressedError;
    expect(error).toBeInstanceOf(SuppressedError);
    expect([error.error, error.suppressed.error, error.suppressed.suppressed]).toEqual(['first added', 'second added', 'third added']);
    expect(error.message).toBe('An error was suppressed during disposal');
  });

  it('hands all of it on with move, to a plain stack even from a subclass', () => {
    const log: string[] = [];
    class Special extends DisposableStack {}
    const stack = new Special();
    stack.defer(() => log.push('disposed'));
    const moved = stack.move();
    stack.dispose();
    expect([stack.disposed, moved.disposed, log]).toEqual([true, false, []]);
    expect(Object.getPrototypeOf(moved)).toBe(DisposableStack.prototype);
    moved.dispose();
    expect(log).toEqual(['disposed']);
  });

  it('adds a resource to what was moved when its getter moves the stack, as ES2027 does and V8 does not', () => {
    const log: string[] = [];
    const stack = new DisposableStack();
    let moved: DisposableStack | undefined;
    stack.use({
      get [Symbol.dispose]() {
        moved = stack.move();
        return () => log.push('disposed');
      },
    });
    moved?.dispose();
    expect(log).toEqual(['disposed']);
  });

  it('calls a disposer that has a call of its own all the same', () => {
    let receiver: unknown;
    const resource = {
      [Symbol.dispose]: Object.assign(
        function (this: unknown) {
          receiver = this;
        },
        { call: () => expect.unreachable(), apply: () => expect.unreachable() },
      ),
    };
    const stack = new DisposableStack();
    stack.use(resource);
    stack.dispose();
    expect(receiver).toBe(resource);
  });
});

describe('AsyncDisposableStack', () => {
  it('disposes in reverse order, each after the last has settled', async () => {
    const log: string[] = [];
    const stack = new AsyncDisposableStack();
    stack.defer(() => void log.push('deferred'));
    stack.use({
      async [Symbol.asyncDispose]() {
        await Promise.resolve();
        await Promise.resolve();
        log.push('used');
      },
    });
    stack.adopt('value', async (value) => void log.push(value));
    await stack.disposeAsync();
    expect(log).toEqual(['value', 'used', 'deferred']);
  });

  it('prefers Symbol.asyncDispose, and falls back on Symbol.dispose for null as for undefined', async () => {
    const log: string[] = [];
    const stack = new AsyncDisposableStack();
    stack.use({ [Symbol.asyncDispose]: async () => void log.push('async'), [Symbol.dispose]: () => void log.push('wrong') });
    stack.use({ [Symbol.asyncDispose]: null, [Symbol.dispose]: () => void log.push('sync') } as unknown as Disposable);
    await stack.disposeAsync();
    expect(log).toEqual(['sync', 'async']);
  });

  it('ignores what a synchronous disposer returns', async () => {
    const stack = new AsyncDisposableStack();
    const never = { [Symbol.dispose]: () => new Promise(() => {}) };
    stack.use(never);
    await expect(stack.disposeAsync()).resolves.toBe(undefined);
  });

  it('nests throws and rejections alike', async () => {
    const stack = new AsyncDisposableStack();
    stack.use({
      [Symbol.dispose]() {
        throw 'thrown by the fallback';
      },
    });
    stack.defer(() => Promise.reject('rejected'));
    stack.defer(() => {
      throw 'thrown';
    });
    const error = (await stack.disposeAsync().catch((reason: unknown) => reason)) as SuppressedError;
    expect([error.error, error.suppressed.error, error.suppressed.suppressed]).toEqual(['thrown by the fallback', 'rejected', 'thrown']);
  });

  it('resolves at once when asked again, while the first disposal is still under way', async () => {
    const stack = new AsyncDisposableStack();
    let finish: (() => void) | undefined;
    stack.defer(() => new Promise<void>((resolve) => (finish = resolve)));
    const first = stack.disposeAsync();
    await stack.disposeAsync();
    finish?.();
    await expect(first).resolves.toBe(undefined);
  });

  it('disposes of what a use under way adds while the disposal runs', async () => {
    const log: string[] = [];
    const stack = new AsyncDisposableStack();
    let disposal: Promise<void> | undefined;
    stack.use(null);
    stack.use({
      get [Symbol.asyncDispose]() {
        disposal = stack.disposeAsync();
        return async () => void log.push('disposed');
      },
    });
    await disposal;
    expect(log).toEqual(['disposed']);
  });
});
