// To reflection our classes look as the native ones of Node 24 and 26 do: attributes, names, lengths, what can be constructed.
import { beforeAll, describe, expect, it } from 'vitest';
import * as primitives from '../../src/primitives/index.ts';
import { own } from './own.ts';
import { type Portrait, portrait } from './reflection.ts';
import { type Runtime, runtime } from './runtimes.ts';

describe.each([24, 26])('Node %i', (major) => {
  let node: Runtime | undefined;
  beforeAll(() => {
    node = runtime(major);
  }, 120_000);

  it('shows the same of its own classes as of ours', ({ skip }) => {
    if (node === undefined) {
      skip(`no binary of Node ${major}`);
      return;
    }
    const { native, ours } = node.run<{ native: Portrait; ours: Portrait }>(new URL('./reflection-child.ts', import.meta.url));
    expect(ours).toEqual(native);
    expect(portrait(own)).toEqual(native);
  });

  it('has its own classes exported by core', ({ skip }) => {
    if (node === undefined) {
      skip(`no binary of Node ${major}`);
      return;
    }
    const { exported } = node.run<{ exported: unknown }>(new URL('./reflection-child.ts', import.meta.url));
    expect(exported).toEqual({ DisposableStack: true, AsyncDisposableStack: true, SuppressedError: true });
  });
});

it.skipIf('DisposableStack' in globalThis)('has our classes exported by core where the runtime has none, and no global changed', () => {
  expect({ ...primitives }).toEqual(own);
  for (const name of Object.keys(own)) expect(name in globalThis).toBe(false);
});

it('keeps the methods from being constructed, and the classes from being called', () => {
  expect(() => Reflect.construct(own.DisposableStack.prototype.use as unknown as () => void, [])).toThrow(TypeError);
  expect(() => Reflect.construct(own.AsyncDisposableStack.prototype.disposeAsync as unknown as () => void, [])).toThrow(TypeError);
  expect(() => Reflect.apply(own.DisposableStack as unknown as () => void, undefined, [])).toThrow(TypeError);
});

it('names the getter of disposed and seals the prototype of each class', () => {
  for (const Stack of [own.DisposableStack, own.AsyncDisposableStack]) {
    expect(Object.getOwnPropertyDescriptor(Stack.prototype, 'disposed')?.get?.name).toBe('get disposed');
    expect(Object.getOwnPropertyDescriptor(Stack, 'prototype')).toMatchObject({ writable: false, enumerable: false, configurable: false });
  }
  expect(Object.getOwnPropertyDescriptor(own.SuppressedError, 'prototype')).toMatchObject({ writable: false, enumerable: false, configurable: false });
});
