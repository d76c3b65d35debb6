import { setImmediate as turn } from 'node:timers/promises';
import { adjustExternalMemory, defineResource } from '@handback/core';
import { afterEach, expect, test } from 'vitest';

const MIB = 2 ** 20;
let released = 0;
const blocks = defineBlocks();
// Beside no handle: a release function written where one is in sight would keep it alive.
function defineBlocks() {
  return defineResource({ kind: 'block', openSync: (bytes: number) => bytes, externalBytes: (bytes) => bytes, release: () => void released++ });
}
const forget = (bytes: number): void => void blocks.acquireSync(bytes);

afterEach(() => {
  released = 0;
});

test('blocks forgotten are released at the end of the turn in which bytes outside pass 64 MiB, without a budget and unasked', async () => {
  forget(40 * MIB);
  await turn();
  await turn();
  expect(released).toBe(0);
  forget(40 * MIB);
  await turn();
  await turn();
  expect(released).toBe(2);
  expect(adjustExternalMemory(0)).toBe(0);
});

test('blocks that are held are not looked for again until a quarter more is outside', async () => {
  using first = blocks.acquireSync(80 * MIB);
  await turn();
  await turn();
  forget(10 * MIB);
  await turn();
  await turn();
  expect(released).toBe(0);
  forget(20 * MIB);
  await turn();
  await turn();
  expect(released).toBe(2);
  expect(first.state).toBe('open');
});
