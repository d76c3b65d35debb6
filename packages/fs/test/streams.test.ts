// Streams of paths: one permit each, from before they open to their 'close', whatever ends them.
import { mkdtempSync, readFileSync, ReadStream as NodeReadStream, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once, type EventEmitter } from 'node:events';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { collectGarbage, leaks } from '@handback/core';
import { createReadStream, createWriteStream, descriptors, openSync } from '@handback/fs';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

const SIZE = 300_000;
const bytes = Buffer.alloc(SIZE, 'abcdefghij');
const { capacity } = descriptors.stats();
let folder: string;
let path: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'handback-'));
  path = join(folder, 'file');
  writeFileSync(path, bytes);
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => {
  descriptors.resize(capacity);
  expect(descriptors.stats()).toMatchObject({ used: 0, waiting: 0 });
});

test('a read stream is one of Node, holds one permit, and gives it back before its close', async () => {
  const stream = createReadStream(path, { highWaterMark: 1_000 });
  expect(stream).toBeInstanceOf(NodeReadStream);
  expect(stream.pending).toBe(true);
  await once(stream, 'open');
  expect(descriptors.stats().used).toBe(1);
  const read: Buffer[] = [];
  stream.once('close', () => expect(descriptors.stats().used).toBe(0));
  for await (const piece of stream) read.push(piece as Buffer);
  expect(Buffer.concat(read).equals(bytes)).toBe(true);
  expect(stream.bytesRead).toBe(SIZE);
});

test('a part of a file, as text', async () => {
  let text = '';
  for await (const piece of createReadStream(path, { start: 3, end: 7, encoding: 'utf8' })) text += piece as string;
  expect(text).toBe('defgh');
});

test('a stream left by `break` half-way gives its descriptor back', async () => {
  for await (const piece of createReadStream(path, { highWaterMark: 10 })) {
    expect(String(piece)).toBe('abcdefghij');
    expect(descriptors.stats().used).toBe(1);
    break;
  }
  // A read ahead may be in flight: the descriptor is closed after it.
  await expect.poll(() => descriptors.stats().used).toBe(0);
});

test('a pipeline that fails half-way gives both descriptors back', async () => {
  const fails = new Transform({ transform: (_piece, _encoding, done) => done(new Error('half-way')) });
  await expect(pipeline(createReadStream(path), fails, createWriteStream(join(folder, 'out')))).rejects.toThrow('half-way');
  await expect.poll(() => descriptors.stats().used).toBe(0);
});

test('a pipeline copies a file', async () => {
  const out = join(folder, 'out');
  await pipeline(createReadStream(path), createWriteStream(out, { mode: 0o600 }));
  expect(readFileSync(out).equals(bytes)).toBe(true);
});

test('a missing file is an error of the stream, with its path; nothing is held', async () => {
  const missing = join(folder, 'missing', 'file');
  for (const stream of [createReadStream(missing), createWriteStream(missing)]) {
    const [error] = await once(stream, 'error');
    expect(error).toMatchObject({ code: 'ENOENT', path: missing });
    if (!stream.closed) await once(stream, 'close');
  }
});

test('a stream waits in line for its descriptor, and is opened when one comes back', async () => {
  descriptors.resize(1);
  const first = openSync(path);
  const stream = createReadStream(path, { end: 9, encoding: 'utf8' });
  const text = stream.toArray();
  expect(descriptors.stats().waiting).toBe(1);
  first.dispose();
  expect(await text).toEqual(['abcdefghij']);
  await expect.poll(() => descriptors.stats().used).toBe(0);
});

test.each([
  ['read', () => createReadStream(path)],
  ['write', () => createWriteStream(join(folder, 'out'))],
])('a %s stream destroyed while it waits in line leaves it at once, and closes without an error', async (_name, create) => {
  descriptors.resize(1);
  using _first = openSync(path);
  const stream = create();
  await new Promise(setImmediate);
  expect(descriptors.stats().waiting).toBe(1);
  (stream as EventEmitter).on('error', (error) => expect.unreachable(String(error)));
  const closed = once(stream, 'close');
  stream.destroy();
  expect(descriptors.stats().waiting).toBe(0);
  await closed;
  expect(descriptors.stats().used).toBe(1);
});

test('a stream destroyed while the system opens it closes what comes', async () => {
  const streams = Array.from({ length: 20 }, () => createReadStream(path));
  const closed = streams.map((stream) => once(stream, 'close'));
  for (const stream of streams) stream.destroy();
  await Promise.all(closed);
  await expect.poll(() => descriptors.stats().used).toBe(0);
});

test('the signal ends a stream that waits, one that reads, and one that has not begun', async () => {
  const waits = new AbortController();
  descriptors.resize(1);
  {
    using _first = openSync(path);
    const stream = createReadStream(path, { signal: waits.signal });
    waits.abort();
    await expect(stream.toArray()).rejects.toMatchObject({ name: 'AbortError' });
  }
  const reads = new AbortController();
  await expect(async () => {
    for await (const _piece of createReadStream(path, { signal: reads.signal, highWaterMark: 10 })) reads.abort();
  }).rejects.toMatchObject({ name: 'AbortError' });
  await expect(createReadStream(path, { signal: AbortSignal.abort() }).toArray()).rejects.toMatchObject({ name: 'AbortError' });
  await expect.poll(() => descriptors.stats().used).toBe(0);
});

test('a stream that waited too long fails with the numbers and the holders', async () => {
  descriptors.resize(1);
  using _first = openSync(path, 'r', undefined, { label: 'the only one' });
  await expect(createReadStream(path, { timeout: 20 }).toArray()).rejects.toMatchObject({
    code: 'ERR_ACQUIRE_TIMEOUT',
    phase: 'wait',
    message: /the only one/,
  });
});

test('options that make no sense are refused within the call, and hold nothing', () => {
  expect(() => createReadStream(path, { start: 5, end: 2 })).toThrow(RangeError);
  expect(() => createWriteStream(path, { start: -1 })).toThrow(RangeError);
  expect(() => createReadStream(undefined as never)).toThrow(TypeError);
});

test('`using` closes a read stream; `await using` a write stream after all that was written to it', async () => {
  const out = join(folder, 'out');
  {
    using stream = createReadStream(path);
    await once(stream, 'readable');
  }
  {
    await using stream = createWriteStream(out);
    stream.write('one ');
    stream.write('two');
  }
  expect(readFileSync(out, 'utf8')).toBe('one two');
  {
    await using stream = createReadStream(path);
    await once(stream, 'open');
  }
});

test('the dispose of a write stream tells that a write failed', async () => {
  const stream = createWriteStream(path, { flags: 'r' });
  stream.write('x');
  await expect(stream.disposeAsync()).rejects.toMatchObject({ code: 'EBADF' });
});

test('a forgotten stream is found, closed, and named by its line', async () => {
  const found: string[] = [];
  using _listener = leaks.subscribe((event) => event.event === 'leak' && found.push(`${event.kind} ${event.site?.frames[0]?.fn}`));
  await forgetOne();
  await expect.poll(async () => (await collectGarbage(), descriptors.stats().used)).toBe(0);
  await expect.poll(() => found).toEqual(['stream forgetOne']);
});

async function forgetOne(): Promise<void> {
  const stream = createReadStream(path, { highWaterMark: 10 });
  await once(stream, 'readable');
  expect(descriptors.stats().used).toBe(1);
}
