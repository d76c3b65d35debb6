import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { watch, type WatchEvent, type Watcher } from '@handback/fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runLimited } from './children/run.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'handback-watch-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The first event that names the file. */
async function eventOf(watcher: Watcher, name: string): Promise<WatchEvent> {
  for await (const event of watcher) if (event.filename === name) return event;
  throw new Error('the loop ended first');
}

test('tells what happens from the call on, also before it is read, and is disposed when its loop is left', async () => {
  using watcher = watch(folder);
  writeFileSync(join(folder, 'early'), '');
  expect(await eventOf(watcher, 'early')).toMatchObject({ eventType: 'rename', filename: 'early' });
  expect(watcher.state).toBe('closed');
});

test('a recursive one tells of the directories below', async () => {
  mkdirSync(join(folder, 'below'));
  using watcher = watch(folder, { recursive: true });
  writeFileSync(join(folder, 'below', 'file'), '');
  expect((await eventOf(watcher, join('below', 'file'))).filename).toBe(join('below', 'file'));
});

test('a dispose ends a loop that waits', async () => {
  const watcher = watch(folder);
  const loop = eventOf(watcher, 'never').catch(String);
  await new Promise(setImmediate);
  watcher.dispose();
  expect(await loop).toBe('Error: the loop ended first');
});

test('a signal ends it: the loop rejects with its reason; one that fired already opens nothing', async () => {
  const controller = new AbortController();
  const watcher = watch(folder, { signal: controller.signal });
  const loop = eventOf(watcher, 'never');
  await new Promise(setImmediate);
  controller.abort(new Error('enough'));
  await expect(loop).rejects.toThrow('enough');
  expect(watcher.state).toBe('closed');
  expect(() => watch(folder, { signal: controller.signal })).toThrow('enough');
});

test('a signal that fires before the first read is told at it', async () => {
  const controller = new AbortController();
  using watcher = watch(folder, { signal: controller.signal });
  const reading = watcher[Symbol.asyncIterator]();
  const first = reading.next();
  controller.abort(new Error('enough'));
  await expect(first).rejects.toThrow('enough');
  expect(await reading.next()).toEqual({ done: true, value: undefined });
});

test('events that nobody reads are bounded, and what was dropped is counted', async () => {
  using watcher = watch(folder, { maxQueue: 2 });
  for (let index = 0; index < 20; index++) writeFileSync(join(folder, `file-${index}`), '');
  while (watcher.dropped === 0) await new Promise(setImmediate);
  expect(watcher.dropped).toBeGreaterThan(0);
});

test('what is not there is the system’s error, and a bad option says its bounds', () => {
  expect(() => watch(join(folder, 'absent'))).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  expect(() => watch(folder, { maxQueue: 0 })).toThrow('Expected `maxQueue` to be a whole number from 1 up, got 0');
});

test('1,000 directories are watched at a limit of 128 descriptors, and forgotten watchers are closed and reported', () => {
  const { status, stdout, stderr } = runLimited(
    128,
    `const folder = process.env.FOLDER;
     for (let index = 0; index < 1_000; index++) nodeFs.mkdirSync(folder + '/' + index);
     const open = nodeFs.statSync('/proc/self/fd').size;
     for (let index = 0; index < 1_000; index++) files.watch(folder + '/' + index);
     console.log(nodeFs.statSync('/proc/self/fd').size - open <= 2, files.descriptors.stats().used);
     await new Promise(setImmediate);
     await handback.collectGarbage();
     await new Promise(setImmediate);`,
    { FOLDER: folder },
  );
  // Watchers that are not closed keep the process alive.
  expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: 'true 0\n' });
  expect(stderr).toMatch(/1000 (watchers leaked|in all)/);
});
