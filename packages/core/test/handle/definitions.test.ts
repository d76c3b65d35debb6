// What is no definition of a kind is refused where it is written, in words that say what was expected.
import { AsyncHandle, defineAsyncResource, defineResource, Handle } from '@handback/core';
import { expect, it } from 'vitest';
import { thrownBy } from './platform.ts';

const release = (): void => {};

it.each<[unknown, string]>([
  [undefined, 'Expected `kind` to be a word for the sort of resource, got undefined'],
  [{ kind: '', release }, 'Expected `kind` to be a word for the sort of resource, got ""'],
  [{ kind: 7, release }, 'Expected `kind` to be a word for the sort of resource, got 7'],
  [{ kind: 'file' }, "Kind 'file': expected `release` to be a function, got undefined"],
  [{ kind: 'file', release, open: 'r' }, 'Kind \'file\': expected `open` to be a function, got "r"'],
  [{ kind: 'file', release, cost: 1 }, "Kind 'file': expected `cost` to be a function, got 1"],
  [{ kind: 'file', release, handle: {} }, "Kind 'file': expected `handle` to be a function"],
  [
    { kind: 'file', release, handle: class Foreign {} },
    "Kind 'file': expected `handle` to be a class that extends Handle of this copy of @handback/core, got class Foreign",
  ],
  [
    { kind: 'file', release, handle: class Slow extends AsyncHandle<number> {} },
    "Kind 'file': expected `handle` to be a class that extends Handle of this copy of @handback/core, got class Slow",
  ],
])('refuses %o', (definition, message) => {
  const error = thrownBy(() => defineResource(definition as never)) as Error;
  expect(error).toBeInstanceOf(TypeError);
  expect(error.message).toContain(message);
});

it('takes the classes themselves, and for asynchronous kinds either sort', () => {
  for (const handle of [AsyncHandle, Handle, class extends AsyncHandle<number> {}, class extends Handle<number> {}]) {
    expect(defineAsyncResource({ kind: 'x', release, handle: handle as never }).kind).toBe('x');
  }
  expect(thrownBy(() => defineAsyncResource({ kind: 'x', release, handle: Map as never }))).toBeInstanceOf(TypeError);
});

it('has acquireSync only where the kind can open within the call', () => {
  expect(defineResource({ kind: 'x', open: async () => 1, release })['acquireSync' as 'kind']).toBeUndefined();
  expect(defineResource({ kind: 'x', openSync: () => 1, release }).acquireSync).toBeTypeOf('function');
});
