import { expect, test } from 'vitest';
import { runLimited } from './children/run.ts';

const PREPARE = `
  import { tmpdir } from 'node:os';
  import { join } from 'node:path';
  const folder = nodeFs.mkdtempSync(join(tmpdir(), 'handback-'));
  process.on('exit', () => nodeFs.rmSync(folder, { recursive: true }));
  const paths = Array.from({ length: 1_000 }, (_, index) => join(folder, String(index)));
  for (const [index, path] of paths.entries()) nodeFs.writeFileSync(path, String(index).padStart(8));
  const numberIn = async (file) => {
    const { buffer } = await file.read(Buffer.alloc(8), 0, 8, 0);
    return Number(buffer.toString());
  };`;

test('1,000 files are held and read at once where the system allows 64 descriptors', () => {
  const { status, stdout, stderr } = runLimited(
    64,
    `${PREPARE}
     const cache = new files.FileCache({ capacity: 16 });
     const all = paths.map((path) => cache.open(path));
     const read = await Promise.all(all.map(numberIn));
     const { open, peak, files: held } = cache.stats();
     console.log(read.every((number, index) => number === index), held, open, peak);
     await cache.disposeAsync();
     for (const file of all) file.dispose();
     console.log(files.descriptors.stats().used);`,
  );
  expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: 'true 1000 16 16\n0\n' });
});

test('a cache that may have more than the system allows has as many as that, and leaves the rest to other opens', () => {
  const { status, stdout, stderr } = runLimited(
    128,
    `${PREPARE}
     const cache = new files.FileCache({ capacity: 1_000 });
     const all = paths.map((path) => cache.open(path));
     const read = await Promise.all(all.map(numberIn));
     const { capacity } = files.descriptors.stats();
     console.log(read.every((number, index) => number === index), cache.stats().open === capacity);
     const others = await Promise.all(Array.from({ length: 20 }, (_, index) => files.open(paths[index])));
     // The budget may have looked again meanwhile, and found that others hold one more or less.
     const now = files.descriptors.stats();
     console.log(now.used === now.capacity && cache.stats().open === now.used - 20, others.length);
     for (const file of [...all, ...others]) file.dispose();
     await cache.disposeAsync();
     console.log(files.descriptors.stats().used);`,
  );
  expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: 'true true\ntrue 20\n0\n' });
});

test('where other code has taken all descriptors, idle files are closed and the read is tried again', () => {
  const { status, stdout, stderr } = runLimited(
    128,
    `${PREPARE}
     const cache = new files.FileCache({ capacity: 20 });
     const all = paths.map((path) => cache.open(path));
     for (const file of all.slice(0, 20)) await numberIn(file);
     const hog = [];
     try { for (;;) hog.push(nodeFs.openSync('/dev/null')); } catch {}
     const read = [];
     for (const file of all.slice(0, 200)) read.push(await numberIn(file));
     console.log(read.every((number, index) => number === index), cache.stats().open <= 20);
     for (const fd of hog) nodeFs.closeSync(fd);
     for (const file of all) file.dispose();
     cache.dispose();`,
  );
  expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: 'true true\n' });
});

test('20,000 cached files that are forgotten hold no more than their cache may, and are reported in a handful of lines', () => {
  const { status, stdout, stderr, warnings } = runLimited(
    64,
    `${PREPARE}
     const cache = new files.FileCache({ capacity: 8 });
     for (let index = 0; index < 20_000; index++) if ((await numberIn(cache.open(paths[index % 1_000]))) !== index % 1_000) throw new Error('wrong');
     for (let round = 0; round < 10 && cache.stats().files > 0; round++) await handback.collectGarbage();
     console.log(cache.stats().files, cache.stats().open, cache.stats().peak);
     cache.dispose();`,
  );
  expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: '0 0 8\n' });
  expect(warnings).toBeGreaterThan(0);
  expect(warnings).toBeLessThanOrEqual(6);
  expect(stderr).toContain('cached file');
});

test('files that forgotten caches have idle are closed when the budget is full', () => {
  const { status, stdout, stderr } = runLimited(
    64,
    `const buffer = Buffer.alloc(8);
     for (let index = 0; index < 500; index++) await new files.FileCache({ capacity: 4 }).open(process.execPath).read(buffer, 0, 8, 0);
     console.log(files.descriptors.stats().peak < 64);`,
  );
  expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: 'true\n' });
});
