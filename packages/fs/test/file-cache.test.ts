import { closeSync, linkSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync, fstatSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { collectGarbage, leaks, ResourceError, type LeakEvent } from '@handback/core';
import { descriptors, FileCache, FileReplacedError, open, openSync, type CachedFile } from '@handback/fs';
import { afterEach, beforeEach, expect, test } from 'vitest';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'handback-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  expect(descriptors.stats().used).toBe(0);
});

function make(name: string, text = name): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function textOf(file: CachedFile, length = 16, position = 0): Promise<string> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  return buffer.toString('utf8', 0, bytesRead);
}

/** The pages of a file that are longer than what is read within the call. */
const LARGE = 8_192;

test('many files are read on few descriptors, each its own bytes', async () => {
  await using cache = new FileCache({ capacity: 3 });
  const files = Array.from({ length: 40 }, (_, index) => cache.open(make(`file ${index}`)));
  for (let round = 0; round < 3; round++) {
    expect(await Promise.all(files.map((file) => textOf(file)))).toEqual(files.map((_, index) => `file ${index}`));
  }
  expect(cache.stats()).toMatchObject({ capacity: 3, files: 40, open: 3, idle: 3, opening: 0, peak: 3 });
  expect(descriptors.stats().used).toBe(3);
  for (const file of files) file.dispose();
  expect(cache.stats()).toMatchObject({ files: 0, open: 0 });
});

test('the least recently used file is closed first, and one that was read again is not', async () => {
  await using cache = new FileCache({ capacity: 2 });
  using a = cache.open(make('a'));
  using b = cache.open(make('b'));
  using c = cache.open(make('c'));
  for (const file of [a, b, a, c]) await textOf(file);
  const { misses } = cache.stats();
  await textOf(a);
  expect(cache.stats().misses).toBe(misses);
  await textOf(b);
  expect(cache.stats().misses).toBe(misses + 1);
});

test('a missing file is an error when it is opened, and takes nothing', async () => {
  await using cache = new FileCache({ capacity: 1 });
  expect(() => cache.open(join(folder, 'missing'))).toThrow('ENOENT');
  expect(() => cache.open('')).toThrow('ENOENT');
  expect(cache.stats()).toMatchObject({ files: 0, open: 0 });
});

test('a failure to open again is not kept: the file is read when it is back', async () => {
  await using cache = new FileCache({ capacity: 1 });
  const path = make('a');
  using file = cache.open(path);
  renameSync(path, `${path}.away`);
  await expect(textOf(file)).rejects.toMatchObject({ code: 'ENOENT' });
  expect(() => file.readSync(Buffer.alloc(1), { position: 0 })).toThrow('ENOENT');
  expect(cache.stats()).toMatchObject({ open: 0, opening: 0 });
  renameSync(`${path}.away`, path);
  expect(await textOf(file)).toBe('a');
});

test.each(['renamed over', 'removed and made anew'])('a file that was %s is noticed when it is opened again', async (how) => {
  await using cache = new FileCache({ capacity: 1 });
  const path = make('a', 'old');
  using file = cache.open(path);
  using other = cache.open(make('b'));
  expect(await textOf(file)).toBe('old');
  await textOf(other);
  if (how === 'renamed over') renameSync(make('new'), path);
  else {
    unlinkSync(path);
    writeFileSync(path, 'new');
  }
  const error: unknown = await textOf(file).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(FileReplacedError);
  expect(error).toBeInstanceOf(ResourceError);
  expect(error).toMatchObject({ code: 'ERR_FILE_REPLACED', name: 'FileReplacedError', path, kind: 'cached file' });
  expect((error as Error).message).toContain("onReplaced: 'follow'");
  expect(() => file.readSync(Buffer.alloc(1), { position: 0 })).toThrow(FileReplacedError);
  // Whoever opens it now means the new one.
  using again = cache.open(path);
  expect(await textOf(again)).toBe('new');
  await expect(textOf(file)).rejects.toThrow(FileReplacedError);
});

test("with onReplaced: 'follow' the new file is read once it is opened again", async () => {
  await using cache = new FileCache({ capacity: 1, onReplaced: 'follow' });
  const path = make('a', 'old');
  using file = cache.open(path);
  expect(await textOf(file)).toBe('old');
  renameSync(make('new'), path);
  expect(await textOf(file)).toBe('old');
  cache.evict();
  expect(await textOf(file)).toBe('new');
});

test.skipIf(process.platform === 'win32')('a pipe that was put in the place of a file neither blocks the process nor is read', async () => {
  await using cache = new FileCache({ capacity: 1, onReplaced: 'follow' });
  const path = make('a');
  using file = cache.open(path);
  unlinkSync(path);
  execFileSync('mkfifo', [path]);
  await expect(textOf(file)).rejects.toThrow('a pipe or socket');
  expect(() => cache.open(path)).toThrow('a pipe or socket');
  expect(cache.stats().open).toBe(0);
});

test('flags that create or empty a file do so once: opened again it keeps what was written', async () => {
  await using cache = new FileCache({ capacity: 1 });
  const path = join(folder, 'new');
  using file = cache.open(path, 'wx+', 0o600);
  using other = cache.open(make('other'));
  expect((await file.write('one two', { position: 0 })).bytesWritten).toBe(7);
  await textOf(other);
  expect(file.writeSync('TWO', { position: 4 })).toBe(3);
  await textOf(other);
  expect(await textOf(file)).toBe('one TWO');
  expect(() => cache.open(path, 'wx')).toThrow('EEXIST');
  // By the same flags, it shares what is open; and it has emptied the file.
  using emptied = cache.open(path, 'w+');
  expect(await textOf(file)).toBe('');
  expect(emptied.path).toBe(path);
  await file.sync();
});

test('a file opened to append is written at its end, and takes no position', async () => {
  await using cache = new FileCache({ capacity: 1 });
  const path = make('log', 'a');
  using file = cache.open(path, 'a');
  await file.write('b');
  cache.evict();
  file.writeSync(Buffer.from('xcx'), { offset: 1, length: 1 });
  await expect(file.write('d', { position: 0 })).rejects.toThrow('opened to append');
  expect(readFileSync(path, 'utf8')).toBe('abc');
});

test('a cached file is written in the forms of a FileHandle, and by nothing else', async () => {
  await using cache = new FileCache({ capacity: 1 });
  const path = make('written', '..........');
  using file = cache.open(path, 'r+');
  const bytes = Buffer.from('abcdef');
  await file.write(bytes, 1, 2, 3);
  await file.write('é', 6, 'latin1');
  file.writeSync(bytes, 4, 2, 8);
  file.writeSync('41', 0, 'hex');
  const wrong = [[bytes], [bytes, 0, 2], ['text'], ['text', 'utf8'], ['text', 0, 4], [bytes, 'hex', 0, 0], [7, 0]];
  for (const call of wrong) {
    await expect((file.write as (...call: unknown[]) => Promise<unknown>)(...call), String(call)).rejects.toThrow(TypeError);
    expect(() => (file.writeSync as (...call: unknown[]) => unknown)(...call), String(call)).toThrow(TypeError);
  }
  expect(readFileSync(path, 'latin1')).toBe('A..bc.é.ef');
  using log = cache.open(path, 'a');
  await expect(log.write(bytes, 0, 2, 0)).rejects.toThrow('opened to append');
  await log.write(bytes, 0, 2, null);
  expect(readFileSync(path, 'latin1')).toBe('A..bc.é.efab');
});

test('what the flags do not allow is refused with what would', async () => {
  await using cache = new FileCache({ capacity: 1 });
  const path = make('a');
  using reading = cache.open(path);
  using writing = cache.open(path, 'a');
  await expect(reading.write('x', { position: 0 })).rejects.toThrow("Open it with 'r+'");
  expect(() => reading.writeSync('x', { position: 0 })).toThrow(TypeError);
  await expect(textOf(writing)).rejects.toThrow("Open it with 'r+'");
  expect(() => writing.readSync(Buffer.alloc(1), { position: 0 })).toThrow(TypeError);
});

test('a pinned file is never evicted, nor is any descriptor of the same file closed, by whichever path and flags', async () => {
  await using cache = new FileCache({ capacity: 3 });
  const path = make('database');
  linkSync(path, join(folder, 'link'));
  using file = cache.open(path, 'r+');
  const linked = cache.open(join(folder, 'link'));
  using other = cache.open(make('other'));
  using another = cache.open(make('another'));
  await textOf(linked);
  using pin = await file.pin();
  const { fd } = pin;
  for (let round = 0; round < 4; round++) {
    await textOf(other);
    await textOf(another);
  }
  cache.evict();
  linked.dispose();
  expect(cache.stats().open).toBe(2);
  expect(fstatSync(fd).ino).toBe(fstatSync((await holderOf(file)).fd).ino);
  pin.dispose();
  expect(cache.stats().open).toBe(1);
  cache.evict();
  expect(cache.stats().open).toBe(0);
});

async function holderOf(file: CachedFile): Promise<{ fd: number }> {
  using pin = await file.pin();
  return { fd: pin.fd };
}

test('while all descriptors are pinned a read waits for one, and a read within the call says who has them', async () => {
  await using cache = new FileCache({ capacity: 1, name: 'segments' });
  using a = cache.open(make('a'));
  using b = cache.open(make('b'));
  using pin = a.pinSync();
  expect(() => b.readSync(Buffer.alloc(1), { position: 0 })).toThrow(/budget 'segments' is full.*1 of 1 descriptor in use(.|\n)*held by 1 descriptor/);
  const reading = textOf(b);
  expect(await textOf(a)).toBe('a');
  expect(cache.stats().opening).toBe(1);
  pin.dispose();
  expect(await reading).toBe('b');
  expect(cache.stats().peak).toBe(1);
});

test('a read that waits for longer than the time-out is refused, and the next one is served', async () => {
  await using cache = new FileCache({ capacity: 1, timeout: 5 });
  using a = cache.open(make('a'));
  using b = cache.open(make('b'));
  using pin = a.pinSync();
  await expect(textOf(b)).rejects.toMatchObject({ code: 'ERR_ACQUIRE_TIMEOUT', phase: 'wait' });
  pin.dispose();
  expect(await textOf(b)).toBe('b');
});

test('a file that is in use all the time does not starve one that waits', async () => {
  await using cache = new FileCache({ capacity: 1 });
  using hot = cache.open(make('hot', 'h'.repeat(LARGE)));
  using cold = cache.open(make('cold'));
  const state = { served: false };
  const one = async (): Promise<void> => {
    for (let round = 0; round < 2_000 && !state.served; round++) await textOf(hot, LARGE);
  };
  const readers = Array.from({ length: 4 }, one);
  await textOf(cold);
  state.served = true;
  await Promise.all(readers);
  expect(cache.stats().hits).toBeLessThan(1_000);
});

test('a file is opened once, however many read it at once', async () => {
  await using cache = new FileCache({ capacity: 4, openInPool: true });
  using file = cache.open(make('a'));
  await Promise.all(Array.from({ length: 20 }, () => textOf(file)));
  expect(cache.stats()).toMatchObject({ misses: 1, open: 1, peak: 1 });
});

test('opened within the call while it is being opened in the pool, it has one descriptor in the end', async () => {
  await using cache = new FileCache({ capacity: 4, openInPool: true });
  using file = cache.open(make('a'));
  const reading = textOf(file);
  const buffer = Buffer.alloc(1);
  file.readSync(buffer, { position: 0 });
  expect(await reading).toBe('a');
  expect(cache.stats()).toMatchObject({ open: 1, idle: 1 });
});

test('idle files give way to other opens when the budget of descriptors is full, also once they become idle', async () => {
  await using cache = new FileCache({ capacity: 8 });
  const files = Array.from({ length: 8 }, (_, index) => cache.open(make(`file ${index}`)));
  for (const file of files) await textOf(file);
  const { capacity } = descriptors.stats();
  descriptors.resize(8);
  try {
    using first = openSync(join(folder, 'file 0'));
    expect(first.state).toBe('open');
    expect(cache.stats().open).toBe(7);
    const pins = files.slice(0, 7).map((file) => file.pinSync());
    const opening = open(join(folder, 'file 0'));
    pins[0]?.dispose();
    using second = await opening;
    expect(second.state).toBe('open');
    expect(cache.stats().open).toBe(6);
    for (const pin of pins) pin.dispose();
  } finally {
    descriptors.resize(capacity);
    for (const file of files) file.dispose();
  }
});

test('states are those of handles: disposed, moved, shared', async () => {
  await using cache = new FileCache({ capacity: 1 });
  const file = cache.open(pathToFileURL(make('a')), 'r', undefined, { label: 'mine' });
  expect(file.label).toBe('mine');
  const moved = file.move();
  await expect(textOf(file)).rejects.toMatchObject({ code: 'ERR_RESOURCE_MOVED' });
  const shared = moved.share();
  moved.dispose();
  expect(await textOf(shared)).toBe('a');
  shared.dispose();
  await expect(textOf(shared)).rejects.toMatchObject({ code: 'ERR_RESOURCE_DISPOSED', kind: 'cached file' });
  expect(() => shared.readSync(Buffer.alloc(1), { position: 0 })).toThrow('disposed');
});

test('a file disposed under a read is read to the end, and closed after it', async () => {
  await using cache = new FileCache({ capacity: 2 });
  const file = cache.open(make('a', 'right'.padEnd(LARGE)));
  const reading = textOf(file, LARGE);
  file.dispose();
  expect(file.state).toBe('closing');
  expect(cache.stats().open).toBe(1);
  expect((await reading).trim()).toBe('right');
  await file.disposeAsync();
  expect(cache.stats()).toMatchObject({ files: 0, open: 0 });
});

test('a disposed cache refuses its files, ends those that wait, and is closed when the last read has ended', async () => {
  const cache = new FileCache({ capacity: 1 });
  using a = cache.open(make('a', 'a'.repeat(LARGE)));
  using b = cache.open(make('b'));
  const reading = textOf(a, LARGE);
  const waiting = expect(textOf(b)).rejects.toMatchObject({ code: 'ERR_CLOSED' });
  const closing = cache.disposeAsync();
  expect(cache.disposeAsync()).toBe(closing);
  await expect(textOf(a)).rejects.toMatchObject({ code: 'ERR_CLOSED' });
  expect(() => cache.open(join(folder, 'a'))).toThrow('disposed');
  expect(cache.stats().open).toBe(1);
  await waiting;
  expect((await reading).length).toBe(LARGE);
  await closing;
  expect(cache.stats().open).toBe(0);
});

test('a close that fails at an eviction is told to the file that it was, not to the one that needed the room', async () => {
  await using cache = new FileCache({ capacity: 1 });
  using a = cache.open(make('a'));
  using b = cache.open(make('b'));
  closeSync((await holderOf(a)).fd);
  expect(await textOf(b)).toBe('b');
  await expect(textOf(a)).rejects.toMatchObject({ code: 'EBADF', syscall: 'close' });
  expect(await textOf(a)).toBe('a');
});

test('lines are read over descriptors that come and go', async () => {
  await using cache = new FileCache({ capacity: 1 });
  const lines = Array.from({ length: 30_000 }, (_, index) => `line ${index}`);
  using file = cache.open(make('lines', lines.join('\r\n')));
  using other = cache.open(make('other'));
  const read: string[] = [];
  for await (const line of file.readLines()) {
    if (read.length % 1_000 === 0) await textOf(other);
    read.push(line);
  }
  expect(read).toEqual(lines);
  const rest: string[] = [];
  for await (const line of file.readLines({ position: lines.join('\r\n').length - 10 })) rest.push(line);
  expect(rest).toEqual(['line 29999']);
});

test('reads that are done within the call let the event loop turn', async () => {
  await using cache = new FileCache({ capacity: 1 });
  using a = cache.open(make('a'));
  using b = cache.open(make('b'));
  const loop = { turned: false };
  setImmediate(() => (loop.turned = true));
  let rounds = 0;
  for (; !loop.turned && rounds < 1_000; rounds++) await textOf(rounds % 2 === 0 ? a : b);
  expect(rounds).toBeLessThan(200);
});

test('a file and a cache that were forgotten are reported, and nothing of them stays open', async () => {
  const events: LeakEvent[] = [];
  using _subscription = leaks.subscribe((event) => void events.push(event));
  const path = make('a');
  (() => {
    const cache = new FileCache({ capacity: 1 });
    cache.open(path).readSync(Buffer.alloc(1), { position: 0 });
  })();
  expect(descriptors.stats().used).toBe(1);
  for (let round = 0; round < 10 && !events.some(({ kind }) => kind === 'file cache'); round++) await collectGarbage();
  expect(descriptors.stats().used).toBe(0);
  const kinds = events.map(({ kind }) => kind);
  expect(kinds).toContain('cached file');
  expect(kinds).toContain('file cache');
  expect(kinds).not.toContain('descriptor');
});

test('a cache that was forgotten is not closed while a file of it is held', async () => {
  const file = (() => new FileCache({ capacity: 1 }).open(make('a')))();
  await collectGarbage();
  await collectGarbage();
  expect(await textOf(file)).toBe('a');
  file.dispose();
  for (let round = 0; round < 10 && leaks.live().some(({ kind }) => kind === 'file cache'); round++) await collectGarbage();
});

test('a forgotten pin is found, and its file can be evicted again', async () => {
  await using cache = new FileCache({ capacity: 1 });
  using a = cache.open(make('a'));
  using b = cache.open(make('b'));
  (() => void a.pinSync())();
  expect(await textOf(b)).toBe('b');
});

test('what makes no cache, file or read is refused before anything is opened', async () => {
  for (const capacity of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '4'])
    expect(() => new FileCache({ capacity: capacity as number })).toThrow(RangeError);
  expect(() => new FileCache(undefined as never)).toThrow(TypeError);
  expect(() => new FileCache({ capacity: 1, onReplaced: 'ignore' as never })).toThrow("'error' or 'follow'");
  expect(() => new FileCache({ capacity: 1, name: 1 as never })).toThrow(TypeError);
  expect(() => new FileCache({ capacity: 1, openInPool: 1 as never })).toThrow(TypeError);
  expect(() => new FileCache({ capacity: 1, timeout: -1 })).toThrow(RangeError);
  expect(() => new FileCache({ capacity: 1, readWithin: -1 })).toThrow(RangeError);
  await using cache = new FileCache({ capacity: 1 });
  expect(() => cache.evict(-1)).toThrow(RangeError);
  expect(() => cache.open(1 as never)).toThrow(TypeError);
  expect(() => cache.open(folder, 'rw' as never)).toThrow('to be one of r, rs');
  expect(() => cache.open(folder, 'toString' as never)).toThrow(TypeError);
  using file = cache.open(make('a'));
  const buffer = Buffer.alloc(4);
  await expect(file.read(buffer, {})).rejects.toThrow('no cursor');
  for (const range of [{ offset: 5 }, { length: 5 }, { position: -1 }]) await expect(file.read(buffer, { position: 0, ...range })).rejects.toThrow(RangeError);
  await expect(file.read('text' as never, { position: 0 })).rejects.toThrow(TypeError);
  expect(cache.stats().open).toBe(0);
  mkdirSync(join(folder, 'directory'));
  expect(() => cache.open(join(folder, 'directory'))).toThrow('it is a directory. Read it with `opendir`');
  cache.dispose();
  expect(() => cache.open(join(folder, 'a'))).toThrow(
    expect.objectContaining({ code: 'ERR_RESOURCE_DISPOSED', message: `Cannot open '${join(folder, 'a')}': the file cache was disposed.` }),
  );
});

test('a buffer that was transferred meanwhile fails the read and leaves nothing pinned', async () => {
  await using cache = new FileCache({ capacity: 1 });
  using a = cache.open(make('a', 'a'.repeat(LARGE)));
  using b = cache.open(make('b'));
  using pin = b.pinSync();
  const bytes = new Uint8Array(LARGE);
  const reading = a.read(bytes, { position: 0 });
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  pin.dispose();
  await reading.catch(() => undefined);
  expect(cache.stats()).toMatchObject({ open: 1, idle: 1 });
});

test('a signal ends the wait for a descriptor, and the others get theirs', async () => {
  await using cache = new FileCache({ capacity: 1 });
  using a = cache.open(make('a'));
  const b = cache.open(make('b'));
  using other = cache.open(make('b'));
  using pin = await a.pin();
  const controller = new AbortController();
  const { signal } = controller;
  const buffer = Buffer.alloc(1);
  const waiting = [b.read(buffer, { position: 0, signal }), b.pin({ signal })];
  const patient = textOf(other);
  controller.abort(new Error('enough'));
  for (const wait of waiting) await expect(wait).rejects.toThrow('enough');
  await expect(b.read(buffer, { position: 0, signal })).rejects.toThrow('enough');
  await expect(b.read(buffer, { position: 0, signal: {} as never })).rejects.toThrow('Expected `signal`');
  b.dispose();
  pin.dispose();
  expect(await patient).toBe('b');
  expect(cache.stats()).toMatchObject({ open: 1, idle: 1, opening: 0 });
});

test('what comes after all who wanted it have gone is closed', async () => {
  await using cache = new FileCache({ capacity: 1 });
  using a = cache.open(make('a'));
  const b = cache.open(make('b'));
  const pin = await a.pin();
  const controller = new AbortController();
  const reading = b.read(Buffer.alloc(1), { position: 0, signal: controller.signal });
  controller.abort(new Error('enough'));
  await expect(reading).rejects.toThrow('enough');
  await b.disposeAsync();
  pin.dispose();
  await expect.poll(() => cache.stats()).toMatchObject({ open: 0, opening: 0, files: 1 });
});
