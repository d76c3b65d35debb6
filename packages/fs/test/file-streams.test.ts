// Streams over an open file: one use of it until their 'close'.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { pipeline } from 'node:stream/promises';
import { collectGarbage } from '@handback/core';
import { descriptors, open, openSync, type OpenFile } from '@handback/fs';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

const bytes = Buffer.alloc(300_000, 'abcdefghij');
let folder: string;
let path: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'handback-'));
  path = join(folder, 'file');
});
afterAll(() => rmSync(folder, { recursive: true }));
// A read in flight when a loop is left finishes first.
afterEach(() => expect.poll(() => descriptors.stats().used).toBe(0));

test('a file disposed under its stream lets it finish, and is closed after it', async () => {
  writeFileSync(path, bytes);
  const file = openSync(path);
  const stream = file.createReadStream();
  file.dispose();
  expect(file.state).toBe('closing');
  expect(() => file.createReadStream()).toThrow('disposed');
  const read = Buffer.concat((await stream.toArray()) as Buffer[]);
  expect(read.equals(bytes)).toBe(true);
  await file.close();
  expect(file.state).toBe('closed');
});

test('a stream that is done, or left by `break`, leaves the file open', async () => {
  writeFileSync(path, bytes);
  using file = openSync(path);
  for await (const _piece of file.createReadStream({ start: 0 })) break;
  expect((await file.createReadStream({ start: 5, end: 6 }).toArray()).map(String)).toEqual(['fg']);
  expect(file.state).toBe('open');
});

test('a stream without a start goes on at the cursor, as reads do', async () => {
  writeFileSync(path, 'abcdefghij');
  using file = openSync(path);
  const buffer = Buffer.alloc(2);
  await file.read(buffer);
  expect((await file.createReadStream({ end: 3 }).toArray()).map(String)).toEqual(['cdef']);
  await file.read(buffer);
  expect(buffer.toString()).toBe('gh');
});

test('write streams write at the cursor or from a start, and their failures are theirs', async () => {
  {
    using file = openSync(path, 'w');
    await file.write('head ');
    await pipeline(['one ', 'two'], file.createWriteStream());
    await file.write(' tail');
    await pipeline(['HEAD'], file.createWriteStream({ start: 0 }));
  }
  expect(readFileSync(path, 'utf8')).toBe('HEAD one two tail');
  using readOnly = openSync(path);
  await expect(pipeline(['x'], readOnly.createWriteStream())).rejects.toMatchObject({ code: 'EBADF' });
  await expect(pipeline(['x'], readOnly.createWriteStream({ start: 1 }))).rejects.toMatchObject({ code: 'EBADF' });
});

test('options that make no sense, and a signal that has fired, leave no use behind', async () => {
  writeFileSync(path, bytes);
  using file = openSync(path);
  expect(() => file.createReadStream({ start: 5, end: 2 })).toThrow(RangeError);
  await expect(file.createReadStream({ signal: AbortSignal.abort() }).toArray()).rejects.toMatchObject({ name: 'AbortError' });
  await file.close();
});

test('a forgotten stream keeps no disposed file open', async () => {
  writeFileSync(path, bytes);
  const file = openSync(path);
  await forgetOne(file);
  file.dispose();
  expect(file.state).toBe('closing');
  await expect.poll(async () => (await collectGarbage(), file.state)).toBe('closed');
});

async function forgetBoth(): Promise<void> {
  const file = await open(path, 'r', undefined, { timeout: 10_000 });
  file.createReadStream();
}

async function forgetOne(file: OpenFile): Promise<void> {
  await once(file.createReadStream({ start: 0, highWaterMark: 10 }), 'readable');
}

test('forgotten streams over forgotten files are what a full budget looks for too', async () => {
  writeFileSync(path, bytes);
  const { capacity } = descriptors.stats();
  descriptors.resize(4);
  try {
    // A file in use could not have been forgotten; that of a stream could.
    for (let index = 0; index < 40; index++) await forgetBoth();
    await expect.poll(async () => (await collectGarbage(), descriptors.stats().used)).toBe(0);
  } finally {
    descriptors.resize(capacity);
  }
});

test('a stream that says no `close` is no use without an end', async () => {
  writeFileSync(path, bytes);
  const file = openSync(path);
  const options: object = { emitClose: false };
  for await (const _chunk of file.createReadStream(options));
  await file.close();
  expect(file.state).toBe('closed');
});
