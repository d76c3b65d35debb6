import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { descriptors, open, openAll, openSync, own, readFile } from '@handback/fs';
import { openSync as openRaw } from 'node:fs';
import fsp from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

let folder: string;
let path: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'handback-'));
  path = join(folder, 'file');
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => expect(descriptors.stats().used).toBe(0));

test('reads without a position go on at the cursor, in the order of the calls', async () => {
  writeFileSync(path, 'abcdefghij');
  using file = await open(path);
  const buffers = Array.from({ length: 5 }, () => Buffer.alloc(2));
  await Promise.all(buffers.map((buffer) => file.read(buffer)));
  expect(buffers.map(String)).toEqual(['ab', 'cd', 'ef', 'gh', 'ij']);
});

test('a read with a position leaves the cursor where it is', async () => {
  writeFileSync(path, 'abcdef');
  using file = openSync(path);
  const buffer = Buffer.alloc(2);
  await file.read(buffer, { position: 4 });
  expect(buffer.toString()).toBe('ef');
  expect(file.readSync(buffer)).toBe(2);
  expect(buffer.toString()).toBe('ab');
});

test('a synchronous call at the cursor is refused while an asynchronous one is under way there', async () => {
  writeFileSync(path, 'abcdef');
  using file = openSync(path);
  const reading = file.read(Buffer.alloc(2));
  expect(() => file.readSync(Buffer.alloc(2))).toThrow('await it, or give a `position`');
  await reading;
  expect(file.readSync(Buffer.alloc(2))).toBe(2);
});

test('a failing read at the cursor does not stop the next one', async () => {
  using directory = openSync(folder);
  await expect(directory.read(Buffer.alloc(2))).rejects.toMatchObject({ code: 'EISDIR' });
  await expect(directory.read(Buffer.alloc(2))).rejects.toMatchObject({ code: 'EISDIR' });
});

test.each(['write', 'writeSync'] as const)(
  '%s takes the arguments of a FileHandle: parts of a buffer at a place, a text at a place in an encoding',
  async (write) => {
    using file = openSync(path, 'w+');
    const handle = await fsp.open(`${path}-handle`, 'w+');
    const abc = Buffer.from('abcdef');
    const calls: unknown[][] = [
      [abc],
      [abc, 1, 2, 3],
      [abc, 4, 2, null],
      [abc, 0, null, 7],
      [abc, { offset: 3, length: 2, position: 12 }],
      ['text', 14, 'latin1'],
      ['é', null, 'latin1'],
      ['ff00', 20, 'hex'],
      ['end'],
    ];
    for (const call of calls) {
      const written = await (file[write] as (...call: unknown[]) => unknown)(...call);
      const { bytesWritten } = await (handle.write as (...call: unknown[]) => Promise<{ bytesWritten: number }>)(...call);
      expect(write === 'write' ? (written as object) : { bytesWritten: written }, String(call)).toMatchObject({ bytesWritten });
    }
    await handle.close();
    expect(readFileSync(path, 'latin1')).toBe(readFileSync(`${path}-handle`, 'latin1'));
  },
);

test('arguments of a write that are none of a FileHandle are refused before a byte is written', async () => {
  using file = openSync(path, 'w+');
  const abc = Buffer.from('abc');
  const wrong: unknown[][] = [
    [abc, 'utf8'],
    [abc, 0, 'utf8'],
    [abc, 0, 3, '7'],
    [abc, 0, 3n],
    [abc, { position: 1 }, 3],
    [abc, [1, 2]],
    ['abc', 'utf8'],
    ['abc', 0, 'no-encoding'],
    ['abc', 0, 3],
    ['abc', 0, 'utf8', 4],
    ['abc', { position: '4' }],
    [new ArrayBuffer(3)],
    [3],
    [null],
  ];
  for (const call of wrong) {
    await expect((file.write as (...call: unknown[]) => Promise<unknown>)(...call), String(call)).rejects.toThrow(TypeError);
    expect(() => (file.writeSync as (...call: unknown[]) => unknown)(...call), String(call)).toThrow(TypeError);
  }
  await expect(file.write(abc, 2, 2)).rejects.toThrow(RangeError);
  expect(file.statSync().size).toBe(0);
});

test('a text is written and read in the encoding that was said', async () => {
  using file = openSync(path, 'w+');
  await file.writeFile('é', 'latin1');
  expect([...readFileSync(path)]).toEqual([0xe9]);
  await expect(file.writeFile('é', 'none' as 'utf8')).rejects.toThrow('Expected `encoding`');
});

test('writes, truncates, syncs and stats the file it was opened on', async () => {
  using file = await open(path, 'w+');
  await file.write('one two three');
  await file.write('TWO', { position: 4 });
  expect((await file.stat()).size).toBe(13);
  await file.truncate(7);
  await file.sync();
  await file.datasync();
  expect(readFileSync(path, 'utf8')).toBe('one TWO');
  expect(file.statSync().size).toBe(7);
  expect(file.path).toBe(path);
});

test.each([
  ['in its turn', {}],
  ['by a handle', { label: 'by a handle' }],
])('readFile %s reads whole files: empty ones, large ones, and those of /proc that claim no size and come in pieces', async (_way, options) => {
  writeFileSync(path, '');
  expect(await readFile(path, { encoding: 'utf8', ...options })).toBe('');
  const large = Buffer.alloc(300_000, 'abc');
  writeFileSync(path, large);
  expect((await readFile(pathToFileURL(path), options)).equals(large)).toBe(true);
  const maps = await readFile('/proc/self/smaps', { encoding: 'latin1', ...options });
  expect(maps).toContain('[stack]');
});

test('a failing open holds nothing, and says what the system said, with a stack', async () => {
  const missing = join(folder, 'missing');
  await expect(open(missing)).rejects.toMatchObject({ code: 'ENOENT', path: missing });
  await expect(readFile(missing)).rejects.toMatchObject({ code: 'ENOENT' });
  expect(() => openSync(missing)).toThrow('ENOENT');
});

test('an aborted open rejects with the reason and closes what still comes', async () => {
  writeFileSync(path, 'x');
  const controller = new AbortController();
  const opening = open(path, 'r', undefined, { signal: controller.signal });
  controller.abort(new Error('enough'));
  await expect(opening).rejects.toThrow('enough');
  // The system's call goes on: its descriptor is closed, and its permit comes back, when it is done.
  await expect.poll(() => descriptors.stats().used).toBe(0);
});

test('readLines yields the lines of a file without their ends, across pieces', async () => {
  const lines = Array.from({ length: 20_000 }, (_, index) => `line ${index} with ünïcödé`);
  writeFileSync(path, `${lines.join('\r\n')}\n\nlast`);
  using file = openSync(path);
  const read: string[] = [];
  for await (const line of file.readLines()) read.push(line);
  expect(read).toEqual([...lines, '', 'last']);
});

test('an adopted descriptor is counted, and closed with its handle', () => {
  {
    using file = own(openRaw('/dev/null', 'r'));
    expect(descriptors.stats().used).toBe(1);
    expect(file.path).toBeUndefined();
  }
  expect(descriptors.stats().used).toBe(0);
  expect(() => own(-1)).toThrow(RangeError);
});

test('a moved file keeps path and cursor; a shared one reads on at the same cursor', () => {
  writeFileSync(path, 'abcdef');
  const buffer = Buffer.alloc(2);
  using first = openSync(path);
  first.readSync(buffer);
  using second = first.move();
  using third = second.share();
  second.readSync(buffer);
  expect(buffer.toString()).toBe('cd');
  third.readSync(buffer);
  expect(buffer.toString()).toBe('ef');
  expect(third.path).toBe(path);
});

test('arguments that make no sense are refused before anything is read', async () => {
  writeFileSync(path, 'abcdef');
  using file = openSync(path);
  const buffer = Buffer.alloc(4);
  for (const range of [{ offset: -1 }, { offset: 5 }, { length: 5 }, { offset: 2, length: 3 }, { position: -1 }, { length: 1.5 }]) {
    await expect(file.read(buffer, range)).rejects.toThrow(RangeError);
    expect(() => file.readSync(buffer, range)).toThrow(RangeError);
  }
  // @ts-expect-error A text is no buffer.
  await expect(file.read('text')).rejects.toThrow(TypeError);
});

type Step = { readonly call: 'read' | 'readSync' | 'write' | 'writeSync'; readonly length: number; readonly position: number | undefined };

test('any sequence of reads and writes answers as a buffer with a cursor would', async () => {
  const step = fc.record<Step>({
    call: fc.constantFrom('read', 'readSync', 'write', 'writeSync'),
    length: fc.integer({ min: 1, max: 40 }),
    position: fc.option(fc.integer({ min: 0, max: 80 }), { nil: undefined }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      using file = openSync(path, 'w+');
      let model = Buffer.alloc(0);
      let cursor = 0;
      for (const [index, { call, length, position }] of steps.entries()) {
        const at = position ?? cursor;
        if (call.startsWith('write')) {
          const data = Buffer.alloc(length, index + 1);
          const written = call === 'write' ? (await file.write(data, { position })).bytesWritten : file.writeSync(data, { position });
          expect(written).toBe(length);
          const grown = Buffer.alloc(Math.max(model.length, at + length));
          model.copy(grown);
          data.copy(grown, at);
          model = grown;
          if (position === undefined) cursor += length;
        } else {
          const buffer = Buffer.alloc(length);
          const read = call === 'read' ? (await file.read(buffer, { position })).bytesRead : file.readSync(buffer, { position });
          expect(buffer.subarray(0, read)).toEqual(model.subarray(at, at + length));
          if (position === undefined) cursor += read;
        }
      }
      expect(readFileSync(path)).toEqual(model);
    }),
    { numRuns: 60 },
  );
});

test('openAll opens all in the order asked for, or none', async () => {
  writeFileSync(path, 'abc');
  const copy = join(folder, 'copy');
  {
    using pair = await openAll([{ path }, { path: copy, flags: 'w' }]);
    expect(pair.map((file) => file.path)).toEqual([path, copy]);
    expect(descriptors.stats().used).toBe(2);
    await pair[1]?.writeFile((await pair[0]?.readFile()) as Buffer);
  }
  expect(readFileSync(copy, 'utf8')).toBe('abc');
  await expect(openAll([{ path }, { path: join(folder, 'missing') }])).rejects.toMatchObject({ code: 'ENOENT' });
  // Where the other one was still being opened, its permit stays until it has come and been closed.
  await expect.poll(() => descriptors.stats().used).toBe(0);
});
