// What is asked for is what is opened, however late its turn comes; and what can never be opened is refused before anything is taken.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  appendFile,
  createReadStream,
  createWriteStream,
  descriptors,
  open,
  openAll,
  opendir,
  opendirSync,
  openSync,
  own,
  readFile,
  readLines,
  writeFile,
} from '@handback/fs';
import { afterEach, beforeEach, expect, test } from 'vitest';

const home = process.cwd();
let folder: string;
beforeEach(() => {
  descriptors.resize(8);
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'handback-')));
  for (const name of ['one', 'two']) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'file'), name);
  }
});
afterEach(() => {
  process.chdir(home);
  rmSync(folder, { recursive: true });
  expect(descriptors.stats().used).toBe(0);
});

/** Has everything wait in line while `meanwhile` runs. */
async function whileFull<R>(ask: () => R, meanwhile: () => void): Promise<R> {
  using _all = await descriptors.acquire(8);
  const asked = ask();
  meanwhile();
  return asked;
}

test('a relative path means what it meant at the call, though the working directory is another one when its turn comes', async () => {
  process.chdir(join(folder, 'one'));
  mkdirSync('inner');
  const asked = await whileFull(
    () => ({
      reads: [
        readFile('file', 'utf8'),
        readFile('file', { encoding: 'utf8', label: 'in line' }),
        readFile(Buffer.from('file'), 'utf8'),
        createReadStream('file', 'utf8')
          .toArray()
          .then((texts) => texts.join('')),
        open('file').then(async (file) => {
          using held = file;
          return `${await held.readFile('utf8')} ${held.path}`;
        }),
        openAll([{ path: 'file' }]).then(async ([file]) => {
          using held = file as NonNullable<typeof file>;
          return held.readFile('utf8');
        }),
      ],
      directory: opendir('inner'),
      writes: [writeFile('written', 'x'), appendFile('appended', 'x'), createWriteStream('streamed').end('x')[Symbol.asyncDispose]()],
    }),
    () => process.chdir(join(folder, 'two')),
  );
  expect(await Promise.all(asked.reads)).toEqual(['one', 'one', 'one', 'one', 'one file', 'one']);
  (await asked.directory).dispose();
  await Promise.all(asked.writes);
  expect(readdirSync(join(folder, 'one')).toSorted()).toEqual(['appended', 'file', 'inner', 'streamed', 'written']);
  expect(readdirSync(join(folder, 'two'))).toEqual(['file']);
});

test('a Buffer or a URL that is changed while it waits opens what it named at the call', async () => {
  const bytes = Buffer.from(join(folder, 'one', 'file'));
  const url = pathToFileURL(join(folder, 'one', 'file'));
  const reads = await whileFull(
    () => [readFile(bytes, 'utf8'), readFile(bytes, { encoding: 'utf8', label: 'in line' }), readFile(url, 'utf8')],
    () => {
      bytes.write('two/file', bytes.length - 'two/file'.length);
      url.pathname = join(folder, 'two', 'file');
    },
  );
  expect(await Promise.all(reads)).toEqual(['one', 'one', 'one']);
});

test('a name that is no text is opened by its bytes, and named as well as can be', async () => {
  const bytes = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff, 0xfe])]);
  await writeFile(bytes, 'odd');
  using file = await open(new Uint8Array(bytes) as Buffer);
  expect(await file.readFile('utf8')).toBe('odd');
  expect(file.path).toBe(`${folder}/\uFFFD\uFFFD`);
  expect(await readFile(bytes, 'utf8')).toBe('odd');
  using directory = opendirSync(Buffer.from(folder));
  expect(directory.path).toBe(folder);
});

test('what is no path, no flags, no mode and no encoding is refused before anything is waited for', async () => {
  const path = join(folder, 'one', 'file');
  using _all = await descriptors.acquire(8);
  for (const wrong of [5, null, undefined, {}, `${path}\0`, Buffer.from(`${path}\0`)] as never[]) {
    const code = expect.stringMatching(/^ERR_INVALID_ARG_(TYPE|VALUE)$/) as string;
    await expect(open(wrong)).rejects.toMatchObject({ code });
    expect(() => openSync(wrong)).toThrow(TypeError);
    await expect(openAll([{ path }, { path: wrong }])).rejects.toMatchObject({ code });
    await expect(opendir(wrong)).rejects.toMatchObject({ code });
    await expect(readFile(wrong)).rejects.toMatchObject({ code });
    await expect(writeFile(wrong, 'x')).rejects.toMatchObject({ code });
    await expect(readLines(wrong).next()).rejects.toMatchObject({ code });
    expect(() => createReadStream(wrong)).toThrow(TypeError);
  }
  await expect(open(new URL('http://localhost/'))).rejects.toMatchObject({ code: 'ERR_INVALID_URL_SCHEME' });
  await expect(open(path, 'z' as never)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_VALUE', message: /rs\+/ });
  await expect(open(path, 'r', 'rwx')).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_VALUE', message: /octal/ });
  expect(() => createWriteStream(path, { flags: 'z' })).toThrow(TypeError);
  await expect(readFile(path, 'none' as never)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
  await expect(readFile(path, { encoding: 'none' as never, label: 'in line' })).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
});

test('an encoding that there is not empties no file', async () => {
  const path = join(folder, 'one', 'file');
  await expect(writeFile(path, 'x', { encoding: 'none' as never })).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' });
  expect(readFileSync(path, 'utf8')).toBe('one');
});

test('null for options and encodings is what it is to node:fs', async () => {
  const path = join(folder, 'one', 'file');
  await writeFile(path, 'null', null);
  expect((await readFile(path, null)).toString()).toBe('null');
  expect((await readFile(path, { encoding: null, label: 'in line' })).toString()).toBe('null');
  using file = await open(path, null as never, null as never);
  expect(await file.readFile('latin1')).toBe('null');
});

test("a number that is not open is not adopted: it would be closed when it is somebody else's", () => {
  expect(() => own(1_000_000)).toThrow(expect.objectContaining({ code: 'EBADF' }) as Error);
  expect(() => own(2 ** 40)).toThrow(RangeError);
});
