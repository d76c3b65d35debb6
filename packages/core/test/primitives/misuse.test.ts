// When the stacks refuse, and with which error: wrong receivers, disposed stacks, arguments that cannot be disposed of.
import { describe, expect, it } from 'vitest';
import { own } from './own.ts';

const { DisposableStack, AsyncDisposableStack } = own;

describe.each([
  ['DisposableStack', 'dispose', DisposableStack, AsyncDisposableStack],
  ['AsyncDisposableStack', 'disposeAsync', AsyncDisposableStack, DisposableStack],
] as const)('%s', (name, dispose, Stack, Other) => {
  const fresh = (): DisposableStack => new Stack() as DisposableStack;
  const disposalOf = (stack: unknown): unknown => (stack as Record<typeof dispose, () => unknown>)[dispose]();
  const wrong = 1 as never;

  it('cannot be called without new', () => {
    expect(() => (Stack as unknown as () => void)()).toThrow(TypeError);
  });

  it('throws a TypeError on a receiver that is not such a stack', () => {
    for (const receiver of [undefined, null, 1, {}, Stack.prototype, new Other(), Object.create(fresh())]) {
      for (const method of ['use', 'adopt', 'defer', 'move'] as const) {
        expect(() => Reflect.apply(Stack.prototype[method] as () => void, receiver, [null, () => {}])).toThrow(TypeError);
      }
      const { get } = Object.getOwnPropertyDescriptor(Stack.prototype, 'disposed') as { get(): boolean };
      expect(() => Reflect.apply(get, receiver, [])).toThrow(TypeError);
    }
  });

  it('says which method was called on what', () => {
    const { use } = fresh();
    expect(() => Reflect.apply(use, undefined, [null])).toThrow(`${name}.prototype.use: expected a stack of that class as the receiver, got undefined.`);
  });

  it('throws a ReferenceError once disposed or moved, before it looks at the arguments', () => {
    const disposed = fresh();
    void disposalOf(disposed);
    const moved = fresh();
    moved.move();
    for (const stack of [disposed, moved]) {
      expect(() => stack.use(wrong)).toThrow(ReferenceError);
      expect(() => stack.adopt(1, wrong)).toThrow(ReferenceError);
      expect(() => stack.defer(wrong)).toThrow(ReferenceError);
      expect(() => stack.move()).toThrow(ReferenceError);
    }
  });

  it('refuses at use what it could not dispose of later, and keeps nothing of it', async () => {
    const stack = fresh();
    for (const value of [1, 'text', true, Symbol(), 1n, {}, [], () => {}, { [Symbol.dispose]: null }, { [Symbol.dispose]: 1 }]) {
      expect(() => stack.use(value as never)).toThrow(TypeError);
    }
    for (const value of [undefined, null, {}, 'text']) {
      expect(() => stack.adopt(1, value as never)).toThrow(TypeError);
      expect(() => stack.defer(value as never)).toThrow(TypeError);
    }
    expect(await disposalOf(stack)).toBe(undefined);
  });

  it('takes null and undefined for nothing to dispose of', () => {
    expect([fresh().use(null), fresh().use(undefined)]).toEqual([null, undefined]);
  });

  it('takes a function for a resource', () => {
    const resource = Object.assign(() => {}, { [Symbol.dispose]: () => {} });
    expect(fresh().use(resource)).toBe(resource);
  });

  it('reads the disposer once, at use, and lets the throw of its getter through', () => {
    let reads = 0;
    const resource = {
      get [Symbol.dispose]() {
        reads += 1;
        if (reads > 1) throw new Error('read again');
        return () => {};
      },
    };
    const stack = fresh();
    stack.use(resource);
    void disposalOf(stack);
    expect(reads).toBe(1);
    expect(() => fresh().use(resource)).toThrow('read again');
  });
});

it('DisposableStack.dispose throws on a wrong receiver, AsyncDisposableStack.disposeAsync rejects', async () => {
  for (const receiver of [undefined, 1, {}, DisposableStack.prototype, AsyncDisposableStack.prototype]) {
    expect(() => Reflect.apply(DisposableStack.prototype.dispose, receiver, [])).toThrow(TypeError);
    await expect(Reflect.apply(AsyncDisposableStack.prototype.disposeAsync, receiver, [])).rejects.toBeInstanceOf(TypeError);
  }
});

it('AsyncDisposableStack.use does not look at Symbol.dispose where Symbol.asyncDispose is there, even if it cannot be called', () => {
  const resource = {
    [Symbol.asyncDispose]: 1,
    get [Symbol.dispose]() {
      return expect.unreachable();
    },
  };
  expect(() => new AsyncDisposableStack().use(resource as never)).toThrow(TypeError);
});
