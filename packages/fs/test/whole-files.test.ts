import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { appendFile, copyFile, descriptors, open, openSync, readFile, readLines, writeFile } from '@handback/fs';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';

const { capacity } = descriptors.stats();
let folder: string;
let path: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'handback-'));
  path = join(folder, 'file');
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => {
  descriptors.resize(capacity);
  expect(descriptors.stats()).toMatchObject({ used: 0, waiting: 0 });
});

test('writeFile replaces, appendFile adds: texts, bytes, pieces', async () => {
  await writeFile(path, 'ünï', { mode: 0o600, flush: true });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  await appendFile(path, Buffer.from(' two'));
  await appendFile(path, 'c3bc', 'hex');
  expect(readFileSync(path, 'utf8')).toBe('ünï twoü');
  await writeFile(path, ['one ', Buffer.from('two')]);
  expect(readFileSync(path, 'utf8')).toBe('one two');
  await writeFile(
    path,
    (async function* () {
      yield 'a';
      expect(descriptors.stats().used).toBe(1);
      yield 'b';
    })(),
  );
  expect(readFileSync(path, 'utf8')).toBe('ab');
  await expect(writeFile(path, 'x', { flag: 'wx' })).rejects.toMatchObject({ code: 'EEXIST' });
});

test('data that cannot be written is refused before the file is touched', async () => {
  writeFileSync(path, 'kept');
  await expect(writeFile(path, 5 as never)).rejects.toThrow('Expected `data`');
  await expect(writeFile(path, null as never)).rejects.toThrow('got null');
  expect(readFileSync(path, 'utf8')).toBe('kept');
  await expect(writeFile(path, [5] as never)).rejects.toThrow('pieces');
});

test('the signal ends a write between two pieces, and pieces that throw end it; the file is closed', async () => {
  const controller = new AbortController();
  const pieces = (function* () {
    yield 'one';
    controller.abort(new Error('enough'));
    yield 'two';
  })();
  await expect(writeFile(path, pieces, { signal: controller.signal })).rejects.toThrow('enough');
  expect(readFileSync(path, 'utf8')).toBe('one');
  const failing = (function* () {
    yield 'one';
    throw new Error('no more');
  })();
  await expect(writeFile(path, failing)).rejects.toThrow('no more');
});

test('readFile refuses what is no path, in either road, and the next read goes on', async () => {
  writeFileSync(path, 'x');
  const wrong = [readFile(5 as never), readFile(undefined as never), readFile(undefined as never, { timeout: 100 }), readFile(join(folder, 'missing'))];
  const right = readFile(path, 'utf8');
  const results = await Promise.allSettled(wrong);
  expect(results.map((result) => (result.status === 'rejected' ? (result.reason as { code?: string }).code : result.status))).toEqual([
    'ERR_INVALID_ARG_TYPE',
    'ERR_INVALID_ARG_TYPE',
    'ERR_INVALID_ARG_TYPE',
    'ENOENT',
  ]);
  expect(await right).toBe('x');
});

test('readFile with a signal that fires rejects with its reason', async () => {
  writeFileSync(path, 'x');
  const controller = new AbortController();
  const reading = readFile(path, { signal: controller.signal });
  controller.abort(new Error('enough'));
  await expect(reading).rejects.toThrow('enough');
  await expect.poll(() => descriptors.stats().used).toBe(0);
});

test('many reads at once hold a few descriptors, and leave one to who waits to hold a file open', async () => {
  writeFileSync(path, 'x');
  const reads = Array.from({ length: 5_000 }, () => readFile(path, 'utf8'));
  await new Promise(setImmediate);
  expect(descriptors.stats().used).toBeLessThanOrEqual(32);
  expect(new Set(await Promise.all(reads))).toEqual(new Set(['x']));
});

test('reads in a full budget stand in line: an open asked for meanwhile gets its turn before all of them are done', async () => {
  writeFileSync(path, 'x');
  descriptors.resize(1);
  let read = 0;
  const reads = Array.from({ length: 5_000 }, () => readFile(path).then(() => read++));
  await reads[0];
  {
    using _file = await open(path);
    expect(read).toBeLessThan(5_000);
  }
  await Promise.all(reads);
  expect(read).toBe(5_000);
  await expect.poll(() => descriptors.stats().waiting).toBe(0);
});

test('reads for which no descriptor comes fail with the numbers, and later ones are served', async () => {
  writeFileSync(path, 'x');
  descriptors.resize(1);
  {
    using _file = openSync(path, 'r', undefined, { label: 'the only one' });
    await expect(readFile(path, { timeout: 20 })).rejects.toMatchObject({ code: 'ERR_ACQUIRE_TIMEOUT', message: /the only one/ });
    descriptors.resize(0);
    const failed = await Promise.allSettled([readFile(path), readFile(path)]);
    expect(failed.map((result) => result.status === 'rejected' && (result.reason as { code: string }).code)).toEqual([
      'ERR_BUDGET_EXCEEDED',
      'ERR_BUDGET_EXCEEDED',
    ]);
  }
  descriptors.resize(1);
  expect(await readFile(path, 'utf8')).toBe('x');
});

test('readLines closes its file at the end, by `break`, by a throw, and by the signal', async () => {
  const lines = Array.from({ length: 10_000 }, (_, index) => `line ${index}`);
  writeFileSync(path, lines.join('\n'));
  const read: string[] = [];
  for await (const line of readLines(path)) read.push(line);
  expect(read).toEqual(lines);
  expect(descriptors.stats().used).toBe(0);
  for await (const line of readLines(path)) {
    expect(line).toBe('line 0');
    expect(descriptors.stats().used).toBe(1);
    break;
  }
  expect(descriptors.stats().used).toBe(0);
  const controller = new AbortController();
  await expect(async () => {
    for await (const _line of readLines(path, { signal: controller.signal })) controller.abort(new Error('enough'));
  }).rejects.toThrow('enough');
  await expect(readLines(join(folder, 'missing')).next()).rejects.toMatchObject({ code: 'ENOENT' });
  void readLines(path); // Not begun: it holds nothing.
});

test('copyFile takes no permit', async () => {
  writeFileSync(path, 'x');
  descriptors.resize(0);
  await copyFile(path, join(folder, 'copy'));
  expect(readFileSync(join(folder, 'copy'), 'utf8')).toBe('x');
});

test('one line of many megabytes is searched once, not with each of its pieces again', async () => {
  const most = 16 * 2 ** 20;
  writeFileSync(path, Buffer.alloc(most, 'x'));
  let searched = 0;
  const { split } = String.prototype;
  const spy = vi.spyOn(String.prototype, 'split').mockImplementation(function (this: string, ...how: unknown[]) {
    searched += this.length;
    return split.apply(this, how as [never]);
  });
  try {
    for await (const line of readLines(path)) expect(line.length).toBe(most);
  } finally {
    spy.mockRestore();
  }
  // Others split their own.
  expect(searched).toBeLessThan(most * 1.1);
});
