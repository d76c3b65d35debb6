// The part of the descriptors that is never lent, while far more is asked for than there is.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runLimited } from './children/run.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'handback-'));
  writeFileSync(join(folder, 'file'), 'x'.repeat(200));
});
afterAll(() => rmSync(folder, { recursive: true }));

test.each([
  ['whole files', 'files.readFile(path)'],
  ['whole files, each in line', 'files.readFile(path, { label: "x" })'],
  ['files', 'files.open(path).then(async (file) => { await file.read(Buffer.alloc(9), 0, 9, 0); file.dispose(); })'],
  ['many files each', 'files.openAll(Array.from({ length: 15 }, () => ({ path }))).then(async (all) => { await all[0].stat(); all.dispose(); })'],
  ['streams', '(async () => { for await (const _ of files.createReadStream(path)); })()'],
  ['files, given up half-way', 'files.open(path, "r", undefined, { signal: AbortSignal.timeout(1) }).then((file) => file.dispose(), () => {})'],
])('%s, a thousand asked for at once, never get what is reserved for others', (_, ask) => {
  const { status, stdout, stderr } = runLimited(
    64,
    `const path = ${JSON.stringify(join(folder, 'file'))};
     const first = files.descriptors.stats().capacity;
     let most = 0;
     const look = () => { most = Math.max(most, files.descriptors.stats().capacity); };
     await Promise.all(Array.from({ length: 1_000 }, () => ${ask}.then(look)));
     // What was being opened when its caller went comes late.
     while (files.descriptors.stats().used > 0) await new Promise(setImmediate);
     console.log(most <= first, files.descriptors.stats().used);`,
  );
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'true 0\n', stderr: '' });
});

test('it is lent no more after others took all there is, reads met EMFILE, and the others gave it back', () => {
  const { status, stdout, stderr } = runLimited(
    64,
    `const path = ${JSON.stringify(join(folder, 'file'))};
     const first = files.descriptors.stats().capacity;
     const hog = [];
     try { for (;;) hog.push(nodeFs.openSync('/dev/null')); } catch {}
     let most = 0;
     const look = (file) => { most = Math.max(most, files.descriptors.stats().capacity); file.dispose(); };
     setTimeout(() => hog.forEach((fd) => nodeFs.closeSync(fd)), 50);
     await Promise.all(Array.from({ length: 1_000 }, () => files.open(path, 'r', undefined, { timeout: 20_000 }).then(look)));
     console.log(most <= first, most > first / 2, files.descriptors.stats().used);`,
  );
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'true true 0\n', stderr: '' });
});
