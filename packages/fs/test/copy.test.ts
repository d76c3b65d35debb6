// Trees copied by `cp`, many at once, with few descriptors.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { cp, descriptors } from '@handback/fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nodeBinary } from '../../../scripts/runtimes.mjs';
import { runLimited } from './children/run.ts';

let folder: string;
let tree: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'handback-'));
  tree = join(folder, 'tree');
  const deep = join(tree, 'a', 'b', 'c', 'd');
  mkdirSync(deep, { recursive: true });
  for (let index = 0; index < 3; index++) for (const path of [tree, deep]) writeFileSync(join(path, `file ${index}`), String(index));
});
afterEach(() => {
  expect(descriptors.stats().used).toBe(0);
  rmSync(folder, { recursive: true });
});

const nodes = [20, 24, 26].map((major) => ({ major, node: nodeBinary(major) }));

describe.each(nodes)('on Node $major, with 64 descriptors', ({ node }) => {
  test.skipIf(node === undefined)('a hundred copies of a tree at once, beside files that are read, meet no error and lend no reserve', () => {
    const { status, stdout, stderr } = runLimited(
      64,
      `const folder = ${JSON.stringify(folder)};
       const first = files.descriptors.stats().capacity;
       let most = 0;
       const read = async () => {
         await files.readFile(folder + '/tree/file 1');
         most = Math.max(most, files.descriptors.stats().capacity);
       };
       await Promise.all(Array.from({ length: 100 }, (_, index) => Promise.all([files.cp(folder + '/tree', folder + '/copy' + index, { recursive: true }), read()])));
       const count = (path) => nodeFs.readdirSync(path, { recursive: true }).length;
       const whole = nodeFs.readdirSync(folder).filter((name) => count(folder + '/' + name) === count(folder + '/tree')).length;
       console.log(whole, most <= first, files.descriptors.stats().used);`,
      {},
      node,
    );
    expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: '101 true 0\n' });
  });
});

test('a tree takes a permit for each of its levels while it is copied; a file takes none', async () => {
  const before = descriptors.stats().peak;
  await cp(join(tree, 'file 1'), join(folder, 'file'), { recursive: true });
  await cp(pathToFileURL(join(tree, 'file 1')), join(folder, 'again'));
  expect(descriptors.stats().peak).toBe(before);
  let used = 0;
  await cp(pathToFileURL(tree), join(folder, 'copy'), {
    recursive: true,
    filter: () => {
      used = Math.max(used, descriptors.stats().used);
      return true;
    },
  });
  expect(used).toBe(5);
  expect(readdirSync(join(folder, 'copy'), { recursive: true })).toEqual(readdirSync(tree, { recursive: true }));
});

test('links that are followed count as what they point to, and one that points nowhere, or up, ends nothing', async () => {
  symlinkSync(join(folder, 'nothing'), join(tree, '0 broken'));
  await cp(tree, join(folder, 'copy'), { recursive: true });
  expect(existsSync(join(folder, 'copy', 'a', 'b', 'c', 'd', 'file 2'))).toBe(true);
  mkdirSync(join(folder, 'linked'));
  symlinkSync(tree, join(folder, 'linked', 'tree'));
  let used = 0;
  const filter = (path: string): boolean => {
    used = Math.max(used, descriptors.stats().used);
    return !path.includes('broken');
  };
  await cp(join(folder, 'linked'), join(folder, 'copied'), { recursive: true, dereference: true, filter });
  expect(used).toBe(6);
});

test('what cannot be copied fails as with Node, and takes nothing', async () => {
  await expect(cp(join(folder, 'nothing'), join(folder, 'copy'), { recursive: true })).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(cp(tree, join(folder, 'copy'))).rejects.toMatchObject({ code: 'ERR_FS_EISDIR' });
  await expect(cp(tree, join(tree, 'a', 'copy'), { recursive: true })).rejects.toMatchObject({ code: 'ERR_FS_CP_EINVAL' });
});
