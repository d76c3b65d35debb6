import { existsSync, mkdirSync, mkdtempSync, rmdirSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { lock, LockCompromisedError } from '@handback/fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { runLimited } from './children/run.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'handback-lock-'));
  path = join(folder, 'file');
  writeFileSync(path, '');
});
afterEach(() => rmSync(folder, { recursive: true }));

test('one that this process holds itself says so, where, and what to do', async () => {
  using _held = await lock(path);
  const error = (await lock(path, { timeout: 20 }).catch((reason: unknown) => reason)) as Error;
  expect(error).toMatchObject({ code: 'ERR_ACQUIRE_TIMEOUT', phase: 'wait', kind: 'lock' });
  expect(error.message).toMatch(
    /^No lock within 20 ms: this process itself has it for \d+ ms, locked at .*lock\.test\.ts.*, and 1 waited for .*Hold locks with `using`/,
  );
  expect(error.message).not.toContain('capacity');
});

test('it stands on disk while it is held, and not after', async () => {
  {
    using held = await lock(path);
    expect([held.path, held.kind, held.signal.aborted, existsSync(`${path}.lock`)]).toEqual([path, 'lock', false, true]);
  }
  expect(existsSync(`${path}.lock`)).toBe(false);
});

test('within a process those who want it are served in order, and a link is the same path', async () => {
  symlinkSync(path, join(folder, 'link'));
  const order: number[] = [];
  let inside = 0;
  await Promise.all(
    Array.from({ length: 6 }, async (_, index) => {
      using _held = await lock(index % 2 === 0 ? path : join(folder, 'link'));
      expect(++inside).toBe(1);
      order.push(index);
      await new Promise(setImmediate);
      inside--;
    }),
  );
  expect(order).toEqual([0, 1, 2, 3, 4, 5]);
});

test('a file that does not exist yet can be locked', async () => {
  using held = await lock(join(folder, 'absent'));
  expect(held.path).toBe(join(folder, 'absent'));
});

test('8 processes that each add 25 to a number lose none', async () => {
  writeFileSync(path, '0');
  const program = `import { lock } from ${JSON.stringify(new URL('../dist/index.js', import.meta.url).href)};
    import { readFileSync, writeFileSync } from 'node:fs';
    for (let index = 0; index < 25; index++) {
      const held = await lock(process.argv[1], { timeout: 60_000 });
      const number = Number(readFileSync(process.argv[1], 'utf8'));
      await new Promise(setImmediate);
      writeFileSync(process.argv[1], String(number + 1));
      held.dispose();
    }`;
  const { NODE_OPTIONS: _options, ...env } = process.env;
  const children = Array.from({ length: 8 }, () => spawn(process.execPath, ['--input-type=module', '--eval', program, path], { env, stdio: 'inherit' }));
  const ends = await Promise.all(children.map((child) => once(child, 'exit')));
  expect(ends.every(([code]) => code === 0)).toBe(true);
  const { readFileSync } = await import('node:fs');
  expect(readFileSync(path, 'utf8')).toBe('200');
}, 90_000);

test('one that another process holds is waited for until the time-out, whose error says who and when', async () => {
  mkdirSync(`${path}.lock`);
  const error: unknown = await lock(path, { timeout: 60 }).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'ERR_ACQUIRE_TIMEOUT', phase: 'open', kind: 'lock' });
  expect(String(error)).toMatch(
    /No lock within 60 ms: another process holds .*file\.lock, and its holder touched it \d+ ms ago\. .* 10000 ms after its last touch/,
  );
  const waiting = lock(path, { timeout: 20_000 });
  setTimeout(() => rmdirSync(`${path}.lock`), 30);
  using held = await waiting;
  expect(held.state).toBe('open');
});

test('a signal ends the wait, and nothing is held then', async () => {
  mkdirSync(`${path}.lock`);
  const controller = new AbortController();
  const waiting = lock(path, { signal: controller.signal });
  setTimeout(() => controller.abort(new Error('enough')), 20);
  await expect(waiting).rejects.toThrow('enough');
  await expect(lock(path, { signal: controller.signal })).rejects.toThrow('enough');
  rmdirSync(`${path}.lock`);
  using held = await lock(path);
  expect(held.state).toBe('open');
});

test('one that was abandoned is followed by one alone of those who wait', async () => {
  mkdirSync(`${path}.lock`);
  const old = Date.now() / 1_000 - 60;
  utimesSync(`${path}.lock`, old, old);
  using held = await lock(path, { stale: 1_000, timeout: 10_000 });
  expect(held.state).toBe('open');
  expect(existsSync(`${path}.lock.break`)).toBe(false);
});

test('what a breaker that died left behind is cleared too', async () => {
  const old = Date.now() / 1_000 - 60;
  for (const left of [`${path}.lock`, `${path}.lock.break`]) {
    mkdirSync(left);
    utimesSync(left, old, old);
  }
  using held = await lock(path, { stale: 1_000, timeout: 10_000 });
  expect(held.state).toBe('open');
});

test('it is touched while it is held, so that it does not become stale', async () => {
  using held = await lock(path, { stale: 150 });
  await expect(lock(`${folder}/../${folder.split('/').at(-1)}/file`, { timeout: 500, stale: 150 })).rejects.toMatchObject({ code: 'ERR_ACQUIRE_TIMEOUT' });
  expect(held.signal.aborted).toBe(false);
  expect(existsSync(`${path}.lock`)).toBe(true);
});

test('when another has taken it, its signal fires with an error that says what to do, and its dispose leaves the other’s', async () => {
  const told: unknown[] = [];
  const tell = (message: unknown): void => void told.push(message);
  subscribe('handback:lock-compromised', tell);
  const held = await lock(path, { stale: 120 });
  const { signal } = held;
  rmdirSync(`${path}.lock`);
  mkdirSync(`${path}.lock`);
  if (!signal.aborted) await once(signal, 'abort');
  unsubscribe('handback:lock-compromised', tell);
  expect(signal.reason).toBeInstanceOf(LockCompromisedError);
  expect(String(signal.reason)).toMatch(
    /The lock on .*file was lost: another has removed or taken .*file\.lock, \d+ ms after it was touched last\. .*`stale` \(120 ms\)/,
  );
  expect(told).toMatchObject([{ path }]);
  held.dispose();
  expect(existsSync(`${path}.lock`)).toBe(true);
});

test('one whose loss is found out at its dispose only throws there', async () => {
  const held = await lock(path);
  rmdirSync(`${path}.lock`);
  expect(() => held.dispose()).toThrow(expect.objectContaining({ code: 'ERR_LOCK_COMPROMISED' }));
  using again = await lock(path);
  expect(again.state).toBe('open');
});

test('it does not keep the process alive, stays at exit, and goes where that was asked for', () => {
  const { status, stderr } = runLimited(256, `globalThis.kept = await files.lock(process.env.FILE); process.on('exit', () => {});`, { FILE: path });
  expect(status, stderr).toBe(0);
  expect(existsSync(`${path}.lock`)).toBe(true);
  rmdirSync(`${path}.lock`);
  runLimited(256, `globalThis.kept = await files.lock(process.env.FILE, { atExit: true });`, { FILE: path });
  expect(existsSync(`${path}.lock`)).toBe(false);
});

test('no handler, no patch: process and fs are as they were', () => {
  const { stdout, stderr } = runLimited(
    256,
    `const before = [process.emit, nodeFs.close, nodeFs.closeSync, process.eventNames().join()];
     (await files.lock(process.env.FILE)).dispose();
     const after = [process.emit, nodeFs.close, nodeFs.closeSync, process.eventNames().join()];
     console.log(before.every((each, index) => each === after[index]));`,
    { FILE: path },
  );
  expect(stdout, stderr).toBe('true\n');
});

test('a bad option says its bounds', async () => {
  await expect(lock(path, { stale: 5 })).rejects.toThrow('Expected `stale` to be milliseconds from 100 up, got 5');
});

test('a link to what does not exist yet is locked as what it points to: the link itself will be another path when it does', async () => {
  const link = join(folder, 'link');
  symlinkSync('next', link);
  symlinkSync('later', join(folder, 'next'));
  using held = await lock(link);
  expect(held.path).toBe(join(folder, 'later'));
  writeFileSync(join(folder, 'later'), '');
  await expect(lock(link, { timeout: 50 })).rejects.toMatchObject({ code: 'ERR_ACQUIRE_TIMEOUT' });
});

test('a `stale` beyond the longest timer does not touch the lock all the time', async () => {
  const warned: unknown[] = [];
  const note = (warning: unknown): number => warned.push(warning);
  process.on('warning', note);
  try {
    using held = await lock(path, { stale: 10 ** 10 });
    const touched = statSync(`${held.path}.lock`, { bigint: true }).mtimeNs;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(statSync(`${held.path}.lock`, { bigint: true }).mtimeNs).toBe(touched);
    expect(warned).toEqual([]);
  } finally {
    process.off('warning', note);
  }
});
