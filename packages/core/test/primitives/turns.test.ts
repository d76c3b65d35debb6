// The turns of the microtask queue that an asynchronous disposal takes, to the letter of ES2027 (DisposeResources).
import { describe, expect, it } from 'vitest';
import { own } from './own.ts';

const { AsyncDisposableStack } = own;

/** Disposes, and answers the number of turns after which the promise had settled. */
async function turnsOf(stack: AsyncDisposableStack): Promise<number> {
  const state = { settled: false };
  stack.disposeAsync().then(
    () => (state.settled = true),
    () => (state.settled = true),
  );
  let turns = 0;
  for (; !state.settled; turns += 1) await Promise.resolve();
  return turns;
}

/** The awaits of the disposal of a stack that was filled so: its turns beyond those of an empty stack. */
async function awaitsOf(...fill: ((stack: AsyncDisposableStack) => unknown)[]): Promise<number> {
  const stack = new AsyncDisposableStack();
  for (const add of fill) add(stack);
  return (await turnsOf(stack)) - (await turnsOf(new AsyncDisposableStack()));
}

describe('disposeAsync', () => {
  it('runs the first disposer within the call, and the next one turn later', async () => {
    const log: string[] = [];
    const stack = new AsyncDisposableStack();
    stack.defer(() => void log.push('second'));
    stack.defer(() => void log.push('first'));
    const disposal = stack.disposeAsync();
    expect(log).toEqual(['first']);
    await Promise.resolve();
    expect(log).toEqual(['first', 'second']);
    await disposal;
  });

  it('awaits once for each disposer, and once in all for null', async () => {
    const use = (value: Disposable | AsyncDisposable | null | undefined) => (stack: AsyncDisposableStack) => stack.use(value);
    const synchronous = { [Symbol.dispose]: () => {} };
    const asynchronous = { [Symbol.asyncDispose]: async () => {} };
    expect(await awaitsOf()).toBe(0);
    expect(await awaitsOf(use(null))).toBe(1);
    expect(await awaitsOf(use(null), use(undefined), use(null))).toBe(1);
    expect(await awaitsOf(use(synchronous))).toBe(1);
    expect(await awaitsOf(use(asynchronous))).toBe(1);
    expect(await awaitsOf(use(null), use(asynchronous), use(null))).toBe(1);
    expect(await awaitsOf(use(synchronous), use(asynchronous), use(synchronous))).toBe(3);
  });

  it('does not await a disposer that throws, but does where it is the synchronous fallback', async () => {
    const fail = (): never => {
      throw new Error('failed');
    };
    expect(await awaitsOf((stack) => stack.defer(fail))).toBe(0);
    expect(await awaitsOf((stack) => stack.use({ [Symbol.asyncDispose]: fail }))).toBe(0);
    expect(await awaitsOf((stack) => stack.use({ [Symbol.dispose]: fail }))).toBe(1);
    // A throw is no await, so that the null beside it still costs its own.
    expect(
      await awaitsOf(
        (stack) => stack.use(null),
        (stack) => stack.defer(fail),
      ),
    ).toBe(1);
  });
});
