import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { descriptors, mkdtempDisposable, mkdtempDisposableSync, open, temporaryFile } from '@handback/fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runLimited } from './children/run.ts';

let folder: string;
let prefix: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'handback-temporary-'));
  prefix = join(folder, 'made-');
});
afterEach(() => {
  expect(descriptors.stats().used).toBe(0);
  rmSync(folder, { recursive: true });
});

test('it is removed with all that is in it at the end of the block, and again does nothing', async () => {
  let path: string;
  {
    await using directory = await mkdtempDisposable(prefix);
    ({ path } = directory);
    expect(path.startsWith(prefix)).toBe(true);
    mkdirSync(join(path, 'a', 'b'), { recursive: true });
    writeFileSync(join(path, 'a', 'b', 'c'), '');
    expect(directory.kind).toBe('temporary directory');
  }
  expect(existsSync(path)).toBe(false);
  using now = mkdtempDisposableSync(prefix);
  writeFileSync(join(now.path, 'file'), '');
  const { path: second } = now;
  now.remove();
  now.remove();
  expect(existsSync(second)).toBe(false);
  expect(() => now.path).toThrow(expect.objectContaining({ code: 'ERR_RESOURCE_DISPOSED' }));
});

test('a relative prefix is meant from where it was said, and a prefix that is a directory makes one in it', () => {
  using inside = mkdtempDisposableSync(`${relative(process.cwd(), folder)}/`);
  expect(inside.path.startsWith(join(folder, '/'))).toBe(true);
  expect(() => mkdtempDisposableSync('')).toThrow('Expected `prefix` to be a path');
});

test('what links in it point to stays', async () => {
  writeFileSync(join(folder, 'kept'), 'kept');
  mkdirSync(join(folder, 'also'));
  writeFileSync(join(folder, 'also', 'kept'), 'kept');
  {
    await using directory = await mkdtempDisposable(prefix);
    symlinkSync(join(folder, 'kept'), join(directory.path, 'link'));
    symlinkSync(join(folder, 'also'), join(directory.path, 'links'));
    using second = mkdtempDisposableSync(prefix);
    symlinkSync(join(folder, 'also'), join(second.path, 'links'));
  }
  expect(readdirSync(folder).toSorted()).toEqual(['also', 'kept']);
  expect(readFileSync(join(folder, 'also', 'kept'), 'utf8')).toBe('kept');
});

describe.each(['a link', 'another directory'])('where %s stands at its path by now', (what) => {
  test('that is not removed, and the error says so', async () => {
    const directory = await mkdtempDisposable(prefix);
    const { path } = directory;
    renameSync(path, join(folder, 'moved'));
    mkdirSync(join(folder, 'other'));
    if (what === 'a link') symlinkSync(join(folder, 'other'), path);
    else mkdirSync(path);
    await expect(directory.remove()).rejects.toThrow(`Did not remove ${path}: it is not the directory that was made`);
    expect(lstatSync(path)).toBeDefined();
    expect(existsSync(join(folder, 'other'))).toBe(true);
  });
});

/** Puts another directory at the path, with the inode that the removed one had: ext4 gives it out again at once. False where the file system does not. */
function replace(path: string): boolean {
  const { ino } = lstatSync(path);
  for (let tries = 0; tries < 50; tries++) {
    rmSync(path, { recursive: true });
    mkdirSync(path);
    if (lstatSync(path).ino === ino) break;
  }
  writeFileSync(join(path, 'precious'), '');
  return lstatSync(path).ino === ino;
}

test('another directory that was given the same inode is not removed, within the call nor in the thread pool', async (context) => {
  const now = mkdtempDisposableSync(prefix);
  const later = await mkdtempDisposable(prefix);
  const paths = [now.path, later.path];
  const reused = paths.map(replace);
  expect(() => now.remove()).toThrow('it is not the directory that was made');
  await expect(later.remove()).rejects.toThrow('it is not the directory that was made');
  for (const path of paths) expect(existsSync(join(path, 'precious'))).toBe(true);
  if (reused.includes(false)) context.skip('this file system gave out another inode');
});

test('a file opened with it as parent is closed before it is removed', async () => {
  const directory = await mkdtempDisposable(prefix);
  const { path } = directory;
  const file = await open(join(path, 'file'), 'w', undefined, { parent: directory });
  const removed = directory.remove();
  await new Promise(setImmediate);
  expect(existsSync(path)).toBe(true);
  file.dispose();
  await removed;
  expect(existsSync(path)).toBe(false);
});

/** Runs a program whose directories begin with `prefix`; answers what it left. */
function leftBy(program: string, status: number | null = 0): { left: number; stderr: string } {
  const outcome = runLimited(256, `const prefix = process.env.PREFIX, path = process.execPath;\n${program}`, { PREFIX: prefix });
  expect(outcome.status, outcome.stderr).toBe(status);
  return { left: readdirSync(folder).length, stderr: outcome.stderr };
}

test('at exit it stays, unless it was asked to go: by the end, by process.exit, by an error, not by a signal', () => {
  expect(leftBy(`globalThis.kept = [await files.mkdtempDisposable(prefix)];`).left).toBe(1);
  const both = `globalThis.kept = [await files.mkdtempDisposable(prefix, { atExit: true }), files.mkdtempDisposableSync(prefix, { atExit: true })];
    nodeFs.writeFileSync(kept[0].path + '/file', '');`;
  expect(leftBy(both).left).toBe(1);
  expect(leftBy(`${both} process.exit(3);`, 3).left).toBe(1);
  expect(leftBy(`${both} throw new Error('on purpose');`, 1).left).toBe(1);
  expect(leftBy(`${both} process.kill(process.pid, 'SIGTERM'); await new Promise((resolve) => setTimeout(resolve, 5_000));`, null).left).toBe(3);
});

test('one that was removed, or detached, is nobody’s at exit, and the listener goes with the last', () => {
  const { left, stderr } = leftBy(`
    const before = process.listenerCount('exit');
    const first = await files.mkdtempDisposable(prefix, { atExit: true });
    if (process.listenerCount('exit') !== before + 1) throw new Error('no listener');
    await first.remove();
    files.mkdtempDisposableSync(prefix, { atExit: true }).detach();
    if (process.listenerCount('exit') !== before) throw new Error('a listener stays');
    if (process.eventNames().some((name) => /^SIG/.test(String(name)))) throw new Error('a signal handler');`);
  expect(left, stderr).toBe(1);
});

test('a worker that ends removes its own at exit, and no other', () => {
  const { left, stderr } = leftBy(`
    import { Worker } from 'node:worker_threads';
    const mine = globalThis.mine = await files.mkdtempDisposable(prefix, { atExit: true });
    const worker = new Worker("import(process.env.INDEX).then(async (files) => { globalThis.kept = await files.mkdtempDisposable(process.env.PREFIX, { atExit: true }); })",
      { eval: true, execArgv: [], env: { ...process.env, INDEX: ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)} } });
    worker.on('exit', () => {
      if (nodeFs.readdirSync(nodeFs.realpathSync(mine.path + '/..')).length !== 1) throw new Error('not one alone');
      mine.detach();
    });`);
  expect(left, stderr).toBe(1);
});

test('forgotten ones are removed and reported', () => {
  const { left, stderr } = leftBy(`
    for (let index = 0; index < 5; index++) { files.mkdtempDisposableSync(prefix); await files.mkdtempDisposable(prefix); }
    await new Promise(setImmediate);
    await handback.collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 200));`);
  expect(stderr).toContain('10 temporary directories leaked');
  expect(left).toBe(0);
});

test('a temporary file has no name: it is written, read, and gone when it is closed', async () => {
  using file = await temporaryFile({ directory: folder });
  await file.write('text');
  const buffer = Buffer.alloc(4);
  await file.read(buffer, { position: 0 });
  expect(buffer.toString()).toBe('text');
  expect(readdirSync(folder)).toEqual([]);
  expect(descriptors.stats().used).toBe(1);
  expect(file.statSync().mode & 0o777).toBe(0o600);
  await expect(temporaryFile({ directory: join(folder, 'absent') })).rejects.toMatchObject({ code: 'ENOENT' });
});

test('where the file system has no unnamed files, it is opened by a name that goes at once', async () => {
  Object.defineProperty(process, 'platform', { value: 'darwin' });
  try {
    using file = await temporaryFile({ directory: folder });
    await file.write('text');
    expect(readdirSync(folder)).toEqual([]);
  } finally {
    Object.defineProperty(process, 'platform', { value: 'linux' });
  }
});

test('an exit while it is being removed leaves nothing', () => {
  const { status, stdout, stderr } = runLimited(
    256,
    `const directory = await files.mkdtempDisposable(process.env.PREFIX, { atExit: true });
     for (let index = 0; index < 1_000; index++) nodeFs.writeFileSync(directory.path + '/' + index, '');
     void directory.disposeAsync();
     process.exit(0);`,
    { PREFIX: prefix },
  );
  expect({ status, stdout, left: readdirSync(folder) }, stderr).toEqual({ status: 0, stdout: '', left: [] });
});
