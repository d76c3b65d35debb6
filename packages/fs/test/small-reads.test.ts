// 20,000 small files, all asked for at once, under real limits of descriptors.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nodeBinary } from '../../../scripts/runtimes.mjs';
import { runLimited } from './children/run.ts';

const FILES = 20_000;
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'handback-'));
  for (let index = 0; index < FILES; index++) writeFileSync(join(folder, String(index)), String(index).padStart(200, '.'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const nodes = [20, 24, 26].flatMap((major) => [1_024, 256].map((limit) => ({ major, limit, node: nodeBinary(major) })));

describe.each(nodes)('on Node $major, with $limit descriptors', ({ limit, node }) => {
  // The careful way costs more: it is tried where it has the least room.
  test.skipIf(node === undefined).each(limit === 256 ? ['', ', { label: "each in line" }'] : [''])(
    `${FILES} concurrent files.readFile(path%s) meet no error, read what is there, stay within the budget, and leave nothing open`,
    (options) => {
      const { status, stdout, stderr } = runLimited(
        limit,
        `import { join } from 'node:path';
         const open = () => nodeFs.statSync('/proc/self/fd').size;
         await files.readFile(process.execPath); // What Node opens once, and the limits file of the package.
         const before = open();
         let peak = 0, read = 0;
         await Promise.all(Array.from({ length: ${FILES} }, async (_, index) => {
           const bytes = await files.readFile(join(${JSON.stringify(folder)}, String(index))${options});
           if (String(bytes) === String(index).padStart(200, '.')) read++;
           if (index % 100 === 0) peak = Math.max(peak, open() - before);
         }));
         const { capacity, used, peak: counted } = files.descriptors.stats();
         console.log(read, peak <= capacity, counted <= capacity, used, open() - before);`,
        {},
        node,
      );
      expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: `${FILES} true true 0 0\n` });
    },
  );

  test.skipIf(node === undefined || limit > 256)(
    'reads go on where other code has taken every descriptor that the budget still believes in, and gives them back later',
    () => {
      const { status, stdout, stderr } = runLimited(
        limit,
        `import { join } from 'node:path';
       const hog = [];
       files.descriptors.stats();
       try { for (;;) hog.push(nodeFs.openSync('/dev/null')); } catch {}
       const reads = Array.from({ length: 500 }, (_, index) => files.readFile(join(${JSON.stringify(folder)}, String(index)), 'utf8'));
       setTimeout(() => hog.forEach((fd) => nodeFs.closeSync(fd)), 50);
       console.log(new Set(await Promise.all(reads)).size, files.descriptors.stats().used);`,
        {},
        node,
      );
      expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: '500 0\n' });
    },
  );
});
