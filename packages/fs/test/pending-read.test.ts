import { closeSync, fstatSync, mkdtempSync, openSync as openRaw, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pbkdf2 } from 'node:crypto';
import { collectGarbage } from '@handback/core';
import { openSync } from '@handback/fs';
import { afterAll, beforeAll, expect, test } from 'vitest';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'handback-'));
  writeFileSync(join(folder, 'right'), 'right');
  writeFileSync(join(folder, 'wrong'), 'wrong');
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Keeps the four threads of the pool busy, so that what is queued behind them has not begun. */
function busyPool(): Promise<unknown> {
  return Promise.all(Array.from({ length: 4 }, () => new Promise((resolve) => pbkdf2('a', 'b', 5_000, 64, 'sha512', resolve))));
}

test('a file disposed under a queued read is read to the end before its descriptor is closed', async () => {
  for (let round = 0; round < 50; round++) {
    const busy = busyPool();
    const file = openSync(join(folder, 'right'));
    const { fd } = file;
    const buffer = Buffer.alloc(5);
    const reading = file.read(buffer);
    file.dispose();
    expect(file.state).toBe('closing');
    // The number must still be taken: else this open gets it, and the read finds the other file's bytes.
    const other = openRaw(join(folder, 'wrong'), 'r');
    expect(other).not.toBe(fd);
    await reading;
    expect(buffer.toString()).toBe('right');
    expect(file.state).toBe('closed');
    closeSync(other);
    await busy;
  }
});

test('a file forgotten under a queued read is not closed by collections until the read has ended', async () => {
  const busy = busyPool();
  const buffer = Buffer.alloc(5);
  const reading = (() => openSync(join(folder, 'right')).read(buffer))();
  await collectGarbage();
  await collectGarbage();
  expect((await reading).bytesRead).toBe(5);
  expect(buffer.toString()).toBe('right');
  await busy;
});

test('close() resolves after the descriptor is closed, and new reads are refused at once', async () => {
  const busy = busyPool();
  const file = openSync(join(folder, 'right'));
  const { fd } = file;
  const reading = file.read(Buffer.alloc(5));
  const closing = file.close();
  await expect(file.read(Buffer.alloc(5))).rejects.toMatchObject({ code: 'ERR_RESOURCE_DISPOSED', kind: 'file' });
  expect(file.close()).toBe(closing);
  await closing;
  await reading;
  expect(() => fstatSync(fd)).toThrow('EBADF');
  await busy;
});
