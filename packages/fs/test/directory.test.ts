import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collectGarbage, leaks } from '@handback/core';
import { descriptors, opendir, opendirSync } from '@handback/fs';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

const names = Array.from({ length: 100 }, (_, index) => `file ${index}`);
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'handback-'));
  for (const name of names) writeFileSync(join(folder, name), '');
  mkdirSync(join(folder, 'folder'));
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => expect(descriptors.stats().used).toBe(0));

const all = [...names, 'folder'].sort();

test('a loop yields every entry and closes the directory at its end', async () => {
  const directory = await opendir(folder);
  expect(descriptors.stats().used).toBe(1);
  expect(directory.path).toBe(folder);
  const seen: string[] = [];
  for await (const entry of directory) seen.push(entry.name);
  expect(seen.sort()).toEqual(all);
  expect(directory.state).toBe('closed');
});

test('a loop left by `break` or by a throw closes the directory', async () => {
  for await (const _entry of await opendir(folder)) break;
  expect(descriptors.stats().used).toBe(0);
  await expect(async () => {
    for await (const _entry of await opendir(folder)) throw new Error('enough');
  }).rejects.toThrow('enough');
});

test('read and readSync answer entry after entry, then null', async () => {
  using directory = opendirSync(folder, { bufferSize: 7 });
  const seen: string[] = [];
  for (let entry = await directory.read(); entry !== null; entry = directory.readSync()) {
    seen.push(entry.name);
    expect(entry.isDirectory()).toBe(entry.name === 'folder');
  }
  expect(seen.sort()).toEqual(all);
  expect(await directory.read()).toBeNull();
});

test('a directory disposed under a read is closed after it, and refuses new reads at once', async () => {
  const directory = opendirSync(folder);
  const reading = directory.read();
  directory.closeSync();
  expect(directory.state).toBe('closing');
  await expect(directory.read()).rejects.toMatchObject({ code: 'ERR_RESOURCE_DISPOSED', kind: 'directory' });
  expect((await reading)?.name).toBeTypeOf('string');
  await directory.close();
  expect(directory.state).toBe('closed');
});

test('a missing directory says what the system said, and holds nothing', async () => {
  await expect(opendir(join(folder, 'missing'))).rejects.toMatchObject({ code: 'ENOENT' });
  expect(() => opendirSync(join(folder, 'missing'))).toThrow('ENOENT');
  await expect(opendir(folder, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
});

test('a forgotten directory is found, closed and named, not closed by Node within a collection', async () => {
  const kinds: string[] = [];
  using _listener = leaks.subscribe((event) => event.event === 'leak' && kinds.push(event.kind));
  const warnings: Error[] = [];
  const listener = (warning: Error): void => void warnings.push(warning);
  process.on('warning', listener);
  (() => opendirSync(folder))();
  await expect.poll(async () => (await collectGarbage(), kinds)).toEqual(['directory']);
  process.off('warning', listener);
  expect(warnings.filter(({ message }) => message.includes('Closing directory handle'))).toEqual([]);
});
