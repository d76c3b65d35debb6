// Two copies of the package in one process: errors of one are errors of the other, handles are not.
import { defineResource, DisposedError, InUseError, MovedError, ResourceError } from '@handback/core';
import { expect, it } from 'vitest';
import { useCopies } from '../budget/copies.ts';
import { thrownBy } from './platform.ts';

const copies = useCopies();

it('knows the errors of the other copy by instanceof, each by its class and its bases', async () => {
  const other = await copies.load();
  const file = other.defineResource({ kind: 'file', openSync: () => 1, release: () => {} }).acquireSync();
  const use = file.use(async () => {});
  const inUse = thrownBy(() => file.detach());
  await use;
  file.move().dispose();
  const moved = thrownBy(() => file.value);
  const closed = other.defineResource({ kind: 'file', openSync: () => 1, release: () => {} }).acquireSync();
  closed.dispose();
  const disposed = thrownBy(() => closed.value);
  const classes = [InUseError, MovedError, DisposedError] as const;
  for (const [index, error] of [inUse, moved, disposed].entries()) {
    expect([error instanceof ResourceError, error instanceof Error]).toEqual([true, true]);
    expect(classes.map((type) => error instanceof type)).toEqual(classes.map((_, at) => at === index));
    expect(Object.getPrototypeOf(error) === classes[index]?.prototype).toBe(false);
  }
});

it('refuses a parent and a class of the other copy, in words that say so', async () => {
  const other = await copies.load();
  const files = defineResource({ kind: 'file', openSync: () => 1, release: () => {} });
  using parent = other.defineResource({ kind: 'file', openSync: () => 1, release: () => {} }).acquireSync();
  expect(() => files.acquireSync(undefined, { parent: parent as never })).toThrow('Expected `parent` to be a handle of this copy of @handback/core');
  class Theirs extends other.Handle<number> {}
  expect(() => defineResource({ kind: 'file', openSync: () => 1, release: () => {}, handle: Theirs as never })).toThrow(
    "Kind 'file': expected `handle` to be a class that extends Handle of this copy of @handback/core, got class Theirs",
  );
});
