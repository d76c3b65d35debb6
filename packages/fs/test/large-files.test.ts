// Beyond 2 GiB, where Node's lengths end: nothing is cut, and nothing reads as the end of the file that is not. The files are holes.
import { closeSync, mkdtempSync, openSync as openRaw, rmSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileCache, open, readFile } from '@handback/fs';
import { afterAll, beforeAll, expect, test } from 'vitest';

let folder: string;
let path: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'handback-'));
  path = join(folder, 'file');
  writeFileSync(path, 'head');
});
afterAll(() => rmSync(folder, { recursive: true }));

test.each([2 ** 31, 2 ** 32 - 1])('a file of %d bytes does not read as an empty one', async (size) => {
  truncateSync(path, size);
  using file = await open(path);
  await expect(file.readFile()).rejects.toMatchObject({ code: 'ERR_FS_FILE_TOO_LARGE', message: /stream/ });
  await expect(readFile(path, { label: 'by a handle' })).rejects.toMatchObject({ code: 'ERR_FS_FILE_TOO_LARGE' });
  await expect(readFile(path)).rejects.toMatchObject({ code: 'ERR_FS_FILE_TOO_LARGE' });
  // The cursor has not moved.
  const buffer = Buffer.alloc(4);
  await file.read(buffer);
  expect(buffer.toString()).toBe('head');
});

test('a transfer of 4 GiB moves what it says', async () => {
  truncateSync(path, 2 ** 32 + 8);
  const raw = openRaw(path, 'r+');
  writeSync(raw, 'tail', 2 ** 32);
  closeSync(raw);
  // Reserved, not touched: the system gives pages where they are written.
  const buffer = new Uint8Array(2 ** 32);
  using file = await open(path);
  const { bytesRead } = await file.read(buffer, { position: BigInt(2 ** 32) });
  expect([bytesRead, Buffer.from(buffer.subarray(0, 4)).toString()]).toEqual([8, 'tail']);
  expect(file.readSync(buffer, { position: 2 ** 32 })).toBe(8);
  await using cache = new FileCache({ capacity: 1 });
  using cached = cache.open(path);
  expect((await cached.read(buffer, { position: 2 ** 32 })).bytesRead).toBe(8);
  expect(cached.readSync(buffer, { position: 2 ** 32 })).toBe(8);
  using nowhere = await open('/dev/null', 'w');
  expect((await nowhere.write(buffer)).bytesWritten).toBe(2 ** 32);
  expect(nowhere.writeSync(buffer)).toBe(2 ** 32);
});
