// The young list: where a handle is tracked until its turn ends, the list is full, or it weighs too much; so that most cost nothing more.
import { defineResource, type Handle, leaks, type LeakLevel } from '@handback/core';
import { afterEach, expect, it } from 'vitest';
import { forEachRecord } from '../../src/leaks/ledger.ts';
import { IN_LEDGER, YOUNG } from '../../src/leaks/record.ts';
import { turn } from '../handle/platform.ts';

const levels: LeakLevel[] = ['off', 'count', 'trace', 'strict'];
afterEach(() => leaks.configure({ level: 'trace' }));

const files = defineResource({ kind: 'aging file', openSync: () => 1, release: () => {} });
const images = defineResource({ kind: 'aging image', openSync: (bytes: number) => bytes, release: () => {}, externalBytes: (bytes) => bytes });

/** How many of ours are young, and how many have left the list. */
function ages(kind = 'aging file'): [young: number, old: number] {
  let young = 0;
  let old = 0;
  forEachRecord((record) => {
    if (record.kind.kind !== kind) return;
    if (record.tracking === YOUNG) young++;
    if (record.tracking === IN_LEDGER) old++;
  });
  return [young, old];
}

const open = (count: number): Handle<number>[] => Array.from({ length: count }, () => files.own(1));
const disposeAll = (handles: readonly Handle<number>[]): void => handles.forEach((handle) => handle.dispose());

it.each(levels)('holds a handle until the turn ends, microtasks included (level %s)', async (level) => {
  leaks.configure({ level });
  await turn();
  const [file] = open(1) as [Handle<number>];
  for (let index = 0; index < 100; index++) await Promise.resolve();
  expect(ages()).toEqual([1, 0]);
  await turn();
  expect(ages()).toEqual([0, 1]);
  file.dispose();
  expect(ages()).toEqual([0, 0]);
});

it.each(levels)('holds sixty-four, though no turn ends: a loop of microtasks cannot pile them up (level %s)', async (level) => {
  leaks.configure({ level });
  await turn();
  const held = open(64);
  expect(ages()).toEqual([64, 0]);
  held.push(...open(1));
  expect(ages()).toEqual([1, 64]);
  for (let index = 0; index < 20; index++) {
    held.push(...open(50));
    await Promise.resolve();
    expect(ages()[0]).toBeLessThanOrEqual(64);
  }
  expect(ages()[0] + ages()[1]).toBe(held.length);
  disposeAll(held);
  expect(ages()).toEqual([0, 0]);
});

it('lets go at once of what weighs a megabyte, alone or together', async () => {
  await turn();
  using large = images.acquireSync(2 ** 20);
  expect(ages('aging image')).toEqual([0, 1]);
  const small = Array.from({ length: 3 }, () => images.acquireSync(2 ** 18));
  expect(ages('aging image')).toEqual([3, 1]);
  small.push(images.acquireSync(2 ** 18));
  expect(ages('aging image')).toEqual([0, 5]);
  disposeAll([...small, large]);
});

it('never takes in what was disposed within its turn, in whatever order', async () => {
  await turn();
  const held: Handle<number>[] = [];
  for (let index = 0; index < 1_000; index++) {
    const [first, second, third] = open(3) as [Handle<number>, Handle<number>, Handle<number>];
    first.dispose();
    third.dispose();
    if (index % 100 === 0) held.push(second);
    else second.dispose();
  }
  await turn();
  expect(ages()).toEqual([0, held.length]);
  disposeAll(held);
});

it('tracks each once, though it is moved and shared while young', async () => {
  await turn();
  const file = files.own(1);
  const held = [file.share(), file.share().move(), file.move().move()];
  await turn();
  expect(ages()).toEqual([0, 3]);
  disposeAll(held);
  expect(ages()).toEqual([0, 0]);
});
