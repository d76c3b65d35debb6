// A tree of 5,000 files, copied all at once through streams and through handles, with 256 descriptors.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nodeBinary } from '../../../scripts/runtimes.mjs';
import { runLimited } from './children/run.ts';

const FOLDERS = 50;
const FILES = 100;
let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'handback-'));
  for (let folder = 0; folder < FOLDERS; folder++) {
    mkdirSync(join(root, 'source', String(folder)), { recursive: true });
    for (let file = 0; file < FILES; file++) writeFileSync(join(root, 'source', String(folder), String(file)), `${folder} ${file} `.repeat(500));
  }
});
afterAll(() => rmSync(root, { recursive: true }));

/** Walks and copies with `copyOne(from, to)`; `fs` is this package or Node's own. */
const program = (fs: string, copyOne: string, target: string): string => `
  import { join } from 'node:path';
  import { pipeline } from 'node:stream/promises';
  import nodePromises from 'node:fs/promises';
  const fs = ${fs};
  ${copyOne}
  async function copyTree(from, to) {
    await fs.mkdir(to, { recursive: true });
    const all = [];
    for await (const entry of await fs.opendir(from)) {
      all.push((entry.isDirectory() ? copyTree : copyOne)(join(from, entry.name), join(to, entry.name)));
    }
    await Promise.all(all);
  }
  const [source, target] = [${JSON.stringify(join('ROOT', 'source'))}, ${JSON.stringify(join('ROOT', target))}];
  await copyTree(source, target);
  let same = 0;
  for (const name of nodeFs.readdirSync(source, { recursive: true })) {
    const [from, to] = [join(source, name), join(target, name)];
    if (nodeFs.statSync(from).isFile() && nodeFs.readFileSync(from).equals(nodeFs.readFileSync(to))) same++;
  }
  console.log(same, files.descriptors.stats().used);`;

const STREAMS = `const copyOne = (from, to) => pipeline(fs.createReadStream(from), fs.createWriteStream(to));`;
const HANDLES = `async function copyOne(from, to) {
  const source = await fs.open(from);
  try {
    const bytes = await source.readFile();
    const target = await fs.open(to, 'w');
    try { await target.writeFile(bytes); } finally { await target.close(); }
  } finally { await source.close(); }
}`;
/** A pair is taken at once: one after the other, all could hold the first and wait for the second. */
const PAIRS = `async function copyOne(from, to) {
  const pair = await fs.openAll([{ path: from }, { path: to, flags: 'w' }]);
  try { await pair[1].writeFile(await pair[0].readFile()); } finally { await pair.disposeAsync(); }
}`;
const NODE = `{ ...nodeFs, ...nodePromises }`;

const nodes = [20, 24, 26].map((major) => ({ major, node: nodeBinary(major) }));

describe.each(nodes)('on Node $major, with 256 descriptors', ({ major, node }) => {
  const run = (text: string) => runLimited(256, text.replaceAll('ROOT', root), {}, node);
  const runs = test.skipIf(node === undefined);

  runs('streams copy 5,000 files, all started at once', () => {
    const { status, stdout, stderr } = run(program('files', STREAMS, `streams-${major}`));
    expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: `${FOLDERS * FILES} 0\n` });
  });

  runs('pairs of handles, taken at once, copy 5,000 files, all started at once', () => {
    const { status, stdout, stderr } = run(program('files', PAIRS, `pairs-${major}`));
    expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: `${FOLDERS * FILES} 0\n` });
  });

  runs.each([
    ['streams', STREAMS],
    ['handles', HANDLES],
  ])('Node alone fails at it through %s', (name, copyOne) => {
    const { status, stderr } = run(program(NODE, copyOne, `node-${name}-${major}`));
    expect(status).not.toBe(0);
    expect(stderr).toContain('EMFILE');
  });
});
