// Our SuppressedError: what it holds, what it is, and what it takes no notice of.
import { types } from 'node:util';
import { expect, it } from 'vitest';
import { own } from './own.ts';

const { SuppressedError } = own;

it('holds both errors and the message, hidden from enumeration', () => {
  const error = new SuppressedError('later', 'earlier', 'text');
  expect(Object.keys(error)).toEqual([]);
  for (const [key, value] of [
    ['error', 'later'],
    ['suppressed', 'earlier'],
    ['message', 'text'],
  ]) {
    expect(Object.getOwnPropertyDescriptor(error, key as string)).toEqual({ value, writable: true, enumerable: false, configurable: true });
  }
});

it('has no message of its own unless one was given', () => {
  const error = new SuppressedError(1, 2);
  expect([Object.hasOwn(error, 'message'), error.message, String(error)]).toEqual([false, '', 'SuppressedError']);
  expect(new SuppressedError(1, 2, null as unknown as string).message).toBe('null');
});

it('turns the message into a string before it defines anything, and lets its throw through', () => {
  const message = { toString: () => 'made' } as string;
  expect(new SuppressedError(1, 2, message).message).toBe('made');
  expect(() => new SuppressedError(1, 2, Symbol() as unknown as string)).toThrow(TypeError);
});

it('takes no options: it never reads a cause', () => {
  const Loose = SuppressedError as unknown as new (...args: unknown[]) => Error;
  const options = {
    get cause() {
      return expect.unreachable();
    },
  };
  expect(Object.hasOwn(new Loose(1, 2, 'text', options), 'cause')).toBe(false);
});

it('is an error to the engine, with or without new', () => {
  for (const error of [new SuppressedError(1, 2), SuppressedError(1, 2)]) {
    expect([types.isNativeError(error), error instanceof Error, error instanceof SuppressedError, Object.prototype.toString.call(error)]).toEqual([
      true,
      true,
      true,
      '[object Error]',
    ]);
  }
});

it('begins its stack at the caller', () => {
  class Special extends SuppressedError {
    override name = 'Special';
  }
  function caller(): Error[] {
    return [new SuppressedError(1, 2, 'text'), SuppressedError(1, 2, 'text'), new Special(1, 2, 'text')];
  }
  for (const error of caller()) expect(error.stack?.split('\n')[1]).toMatch(/at caller /);
});

it('can be extended', () => {
  class Special extends SuppressedError {}
  const error = new Special(1, 2, 'text');
  expect([error instanceof Special, error instanceof SuppressedError, error.error, error.suppressed]).toEqual([true, true, 1, 2]);
});
