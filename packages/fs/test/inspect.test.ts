// What is shown of a handle, and that looking at it is no use of it and hides nothing from the sweep.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { collectGarbageSync } from '@handback/core';
import { descriptors, FileCache, open, opendirSync, type OpenFile } from '@handback/fs';
import { afterAll, beforeAll, expect, test } from 'vitest';

let folder: string;
let path: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'handback-'));
  path = join(folder, 'file');
  writeFileSync(path, 'text');
});
afterAll(() => rmSync(folder, { recursive: true }));

test('a handle is shown by its path, its number and its state, without its insides', async () => {
  const file = await open(path);
  expect(inspect(file, { breakLength: Infinity })).toBe(`OpenFile { path: '${path}', fd: ${file.fd}, state: 'open' }`);
  expect(inspect({ a: { b: { c: file } } }, { depth: 2 })).toContain('[OpenFile]');
  const moved = file.move();
  expect(inspect(file)).toBe(`OpenFile { state: 'moved' }`);
  moved.dispose();
  expect(inspect(moved)).toBe(`OpenFile { state: 'closed' }`);
  using directory = opendirSync(folder);
  await using cache = new FileCache({ capacity: 1 });
  using cached = cache.open(path);
  expect([inspect(directory, { breakLength: Infinity }), inspect(cached, { breakLength: Infinity })]).toEqual([
    `Directory { path: '${folder}', state: 'open' }`,
    `CachedFile { path: '${path}', state: 'open' }`,
  ]);
});

test('handles that are held survive a sweep, and forgotten ones are found by it, though all can be shown', async () => {
  const before = descriptors.stats().used;
  const held: OpenFile[] = [];
  for (let index = 0; index < 50; index++) {
    held.push(await open(path));
    await open(path);
  }
  inspect(held, { showHidden: true, depth: 9 });
  expect(collectGarbageSync()).toBe(true);
  await new Promise(setImmediate);
  expect(collectGarbageSync()).toBe(true);
  // What the last turn of the loop holds may stay.
  expect(descriptors.stats().used - before).toBeLessThan(held.length + 3);
  for (const file of held) expect([file.state, file.statSync().size]).toEqual(['open', 4]);
  for (const file of held) file.dispose();
});
