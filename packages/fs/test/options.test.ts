// Options as node:fs takes them, and what is refused before anything happens.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Handles } from '@handback/core';
import {
  appendFile,
  createReadStream,
  createWriteStream,
  descriptors,
  lock,
  open,
  openAll,
  opendir,
  opendirSync,
  openSync,
  readFile,
  readLines,
  writeFile,
  type OpenFile,
  type OpenRequest,
} from '@handback/fs';
import { afterAll, afterEach, beforeAll, expect, expectTypeOf, test } from 'vitest';

let folder: string;
let path: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'handback-'));
  path = join(folder, 'file');
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => expect(descriptors.stats().used).toBe(0));

test('null stands for no options, as with node:fs', async () => {
  await writeFile(path, 'text', null);
  await appendFile(path, ' more\n', null);
  expect(await readFile(path, null)).toEqual(Buffer.from('text more\n'));
  expect(await readFile(path, { encoding: null, label: 'in line' })).toEqual(Buffer.from('text more\n'));
  using file = await open(path, 'r', undefined, null);
  expect(await file.readFile(null)).toEqual(Buffer.from('text more\n'));
  using now = openSync(path, 'r', undefined, null);
  expect(now.statSync().size).toBe(10);
  const pieces: unknown[] = [];
  for await (const piece of createReadStream(path, null)) pieces.push(piece);
  for await (const line of readLines(path, null)) pieces.push(line);
  expect(pieces).toEqual([Buffer.from('text more\n'), 'text more']);
  {
    await using stream = createWriteStream(path, null);
    stream.write('stream');
  }
  expect(readFileSync(path, 'utf8')).toBe('stream');
  using directory = await opendir(folder, null);
  using other = opendirSync(folder, null);
  expect([directory.readSync()?.name, other.readSync()?.name]).toEqual(['file', 'file']);
});

test.each([{ bufferSize: 'x' }, { bufferSize: 0 }, { bufferSize: 1.5 }, { bufferSize: 2 ** 32 }, { encoding: 'none' }, { recursive: true }])(
  'opendir refuses %j at once, and its permit is not lost',
  async (options) => {
    await expect(opendir(folder, options as object)).rejects.toThrow(/Expected `|`recursive` is not/);
    expect(() => opendirSync(folder, options as object)).toThrow(/Expected `|`recursive` is not/);
  },
);

test.each([['a'], [['a']], [undefined], [[null]], [[{ flags: 'r' }]]])('openAll refuses %j, and says what it takes', async (requests) => {
  await expect(openAll(requests as never)).rejects.toThrow('Expected an array of files to open, each { path, flags?, mode? }');
});

test('what openAll answers is typed by what it was asked for', async () => {
  writeFileSync(path, 'text');
  const [first, second] = await openAll([{ path }, { path, flags: 'r+' }]);
  expectTypeOf(first).toEqualTypeOf<OpenFile>();
  using one = first;
  using two = second;
  expect([one.path, two.path]).toEqual([path, path]);
  const requests: OpenRequest[] = [{ path }];
  using all = await openAll(requests);
  expectTypeOf(all).toExtend<Handles<OpenFile>>();
  expectTypeOf(all[0]).toEqualTypeOf<OpenFile | undefined>();
  expectTypeOf(all.map((file) => file.fd)).toEqualTypeOf<number[]>();
});

test('a file is locked by its URL too, and by nothing that is no path', async () => {
  writeFileSync(path, '');
  using held = await lock(pathToFileURL(path));
  expect(held.path).toBe(path);
  for (const wrong of [3, null, undefined, {}]) await expect(lock(wrong as never)).rejects.toThrow(TypeError);
});

test('a read of a whole file through its handle ends by its signal, and the cursor stays', async () => {
  writeFileSync(path, 'text');
  using file = openSync(path, 'r+');
  await expect(file.readFile({ signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow('before');
  const controller = new AbortController();
  const reading = file.readFile({ encoding: 'utf8', signal: controller.signal });
  controller.abort(new Error('meanwhile'));
  await expect(reading).rejects.toThrow('meanwhile');
  await expect(file.writeFile('other', { signal: controller.signal })).rejects.toThrow('meanwhile');
  await expect(file.readFile('none' as 'utf8')).rejects.toThrow('Expected `encoding`');
  expect(await file.readFile({ encoding: 'utf8', signal: new AbortController().signal })).toBe('text');
});

test('sizes are bigints where that was asked for, within the call too', async () => {
  writeFileSync(path, 'text');
  using file = openSync(path);
  expect([file.statSync({ bigint: true }).size, file.statSync().size, (await file.stat({ bigint: true })).size]).toEqual([4n, 4, 4n]);
});
