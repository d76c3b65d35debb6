// Pipes have no positions: what is read or written at the cursor goes through them all the same.
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync as openRaw, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { appendFile, descriptors, FileCache, open, openSync, readFile, readLines, writeFile } from '@handback/fs';
import { afterEach, beforeEach, expect, test } from 'vitest';

let folder: string;
let path: string;
/** Both ends of the pipe, so that no opening waits for the other one. */
let ends: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'handback-'));
  path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  ends = openRaw(path, 'r+');
});
afterEach(() => {
  closeSync(ends);
  rmSync(folder, { recursive: true });
  expect(descriptors.stats().used).toBe(0);
});

test.skipIf(process.platform === 'win32')('reads at the cursor of a pipe go on where the last one ended', async () => {
  using file = await open(path);
  writeSync(ends, 'one two ');
  const buffer = Buffer.alloc(4);
  expect((await file.read(buffer)).buffer.toString()).toBe('one ');
  expect(file.readSync(buffer)).toBe(4);
  expect(buffer.toString()).toBe('two ');
  await expect(file.read(buffer, { position: 0 })).rejects.toMatchObject({ code: 'ESPIPE' });
});

test.skipIf(process.platform === 'win32')('a pipe is read to its end by a handle, by lines, and by a stream over an open file', async () => {
  const read = async (how: () => Promise<unknown>): Promise<unknown> => {
    writeSync(ends, 'one\ntwo\n');
    const reading = how();
    // The end of a pipe comes when nobody has it open to write.
    await expect.poll(() => descriptors.stats().used).toBe(1);
    closeSync(ends);
    const answer = await reading;
    ends = openRaw(path, 'r+');
    return answer;
  };
  expect(await read(() => readFile(path, { encoding: 'utf8', label: 'by a handle' }))).toBe('one\ntwo\n');
  expect(
    await read(async () => {
      const lines: string[] = [];
      for await (const line of readLines(path)) lines.push(line);
      return lines;
    }),
  ).toEqual(['one', 'two']);
  expect(
    await read(async () => {
      using file = openSync(path);
      return (await file.createReadStream({ encoding: 'utf8' }).toArray()).join('');
    }),
  ).toBe('one\ntwo\n');
});

test.skipIf(process.platform === 'win32')('a pipe is written to', async () => {
  const buffer = Buffer.alloc(16);
  await appendFile(path, 'one ');
  await writeFile(path, ['two ', 'three ']);
  using file = openSync(path, 'w');
  file.writeSync('4 ');
  expect(buffer.toString('utf8', 0, readSync(ends, buffer))).toBe('one two three 4 ');
});

test.skipIf(process.platform === 'win32')('a pipe is not cached, and no opening of it waits for its other end', () => {
  using cache = new FileCache({ capacity: 1 });
  expect(() => cache.open(path, 'w')).toThrow(TypeError);
  closeSync(ends);
  // Nobody reads: refused at once, where the process would stand still for ever.
  expect(() => cache.open(path, 'w')).toThrow(expect.objectContaining({ code: 'ENXIO' }) as Error);
  ends = openRaw(path, 'r+');
});
