// `cp` of a tree holds a directory open for each of its levels: under the budget, and not a matter of luck.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cp, descriptors } from '@handback/fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nodeBinary } from '../../../scripts/runtimes.mjs';
import { runLimited } from './children/run.ts';

const DEEP = 'a/b/c/d/e/f/g/h/i/j';
let folder: string;
beforeEach(() => {
  descriptors.resize(8);
  folder = mkdtempSync(join(tmpdir(), 'handback-'));
  // Deeper than what is paid for at first.
  mkdirSync(join(folder, 'tree', DEEP), { recursive: true });
  writeFileSync(join(folder, 'tree', DEEP, 'file'), 'deep');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  expect(descriptors.stats().used).toBe(0);
});

describe.each([20, 24, 26])('on Node %d', (major) => {
  const node = nodeBinary(major);
  test.skipIf(node === undefined)('60 copies of a tree at once, with 128 descriptors, meet no error', () => {
    const { status, stdout, stderr } = runLimited(
      128,
      `const folder = process.env.FOLDER;
       const copies = Array.from({ length: 60 }, (_, index) => files.cp(folder + '/tree', folder + '/copies/' + index, { recursive: true }));
       const ends = await Promise.allSettled(copies);
       console.log([...new Set(ends.map((end) => end.reason?.code ?? end.status))].join(), files.descriptors.stats().used);`,
      { FOLDER: folder },
      node,
    );
    expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: 'fulfilled 0\n' });
    expect(readFileSync(join(folder, 'copies', '59', DEEP, 'file'), 'utf8')).toBe('deep');
  });
});

test('a tree stands in line, a file does not', async () => {
  const file = join(folder, 'tree', DEEP, 'file');
  let copied: Promise<void>;
  {
    using _all = await descriptors.acquire(8);
    copied = cp(join(folder, 'tree'), join(folder, 'copy'), { recursive: true });
    await cp(file, join(folder, 'file'));
    expect(existsSync(join(folder, 'copy'))).toBe(false);
  }
  await copied;
  expect(readFileSync(join(folder, 'copy', DEEP, 'file'), 'utf8')).toBe('deep');
});

test('a budget that shrinks while a tree waits lets it run on what there is', async () => {
  let copied: Promise<void>;
  {
    using _all = await descriptors.acquire(8);
    copied = cp(join(folder, 'tree'), join(folder, 'copy'), { recursive: true });
    descriptors.resize(2);
  }
  await copied;
  expect(existsSync(join(folder, 'copy'))).toBe(true);
});
