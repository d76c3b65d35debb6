// Descriptors belong to the process: all worker threads share one budget of them, at a real limit.
import { describe, expect, test } from 'vitest';
import { nodeBinary } from '../../../scripts/runtimes.mjs';
import { runLimited } from './children/run.ts';

const nodes = [20, 24, 26].map((major) => ({ major, node: nodeBinary(major) }));
const index = new URL('../dist/index.js', import.meta.url).href;

/** A program that can start workers: their text sees `files`, `say` and `heard`. */
const withWorkers = (program: string): string => `
  import { Worker } from 'node:worker_threads';
  function start(text) {
    const worker = new Worker(\`
      const { parentPort } = require('node:worker_threads');
      const say = (message) => parentPort.postMessage(message);
      const heard = () => new Promise((resolve) => parentPort.once('message', resolve));
      const kept = (globalThis.kept = []);
      import(${JSON.stringify(index)}).then(async (files) => { \${text} }).catch((error) => { say(error.code + ' ' + error.message); throw error; });
    \`, { eval: true, execArgv: [] });
    const said = [], wanted = [];
    worker.on('message', (message) => (wanted.length > 0 ? wanted.shift()(message) : said.push(message)));
    return { worker, next: () => new Promise((resolve) => (said.length > 0 ? resolve(said.shift()) : wanted.push(resolve))) };
  }
  const path = process.execPath, kept = (globalThis.kept = []);
  ${program}`;

describe.each(nodes)('on Node $major, with 256 descriptors', ({ node }) => {
  const runs = test.skipIf(node === undefined);

  runs('4 workers and this thread that open 2,000 files at once meet no EMFILE, and all of them are opened', () => {
    const { status, stdout, stderr } = runLimited(
      256,
      withWorkers(`
        const work = \`
          let opened = 0;
          await Promise.all(Array.from({ length: 400 }, async () => {
            const file = await files.open(process.execPath);
            opened++;
            await new Promise(setImmediate);
            await file.disposeAsync();
          }));
          say(opened);\`;
        const workers = Array.from({ length: 4 }, () => start(work));
        let opened = 0;
        await Promise.all(Array.from({ length: 400 }, async () => {
          const file = await files.open(path);
          opened++;
          await new Promise(setImmediate);
          await file.disposeAsync();
        }));
        console.log(opened, ...(await Promise.all(workers.map(({ next }) => next()))));
        console.log(files.descriptors.stats().used);`),
      {},
      node,
    );
    expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: '400 400 400 400 400\n0\n' });
  });

  runs('3 workers that forget 3,000 files each meet no error', () => {
    const { status, stdout, stderr } = runLimited(
      256,
      withWorkers(`
        const work = \`for (let index = 0; index < 3_000; index++) files.openSync(process.execPath); say('done');\`;
        const workers = Array.from({ length: 3 }, () => start(work));
        console.log(...(await Promise.all(workers.map(({ next }) => next()))));
        for (const { worker } of workers) await worker.terminate();`),
      {},
      node,
    );
    expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: 'done done done\n' });
  });

  runs('what a terminated worker had open is closed by Node, and may be opened again; until then the error names the thread', () => {
    const { status, stdout, stderr } = runLimited(
      256,
      withWorkers(`
        const { worker, next } = start(\`for (let index = 0; index < 100; index++) kept.push(files.openSync(process.execPath)); say('open'); await new Promise(() => setInterval(() => {}, 1_000));\`);
        console.log(await next(), files.descriptors.stats().used);
        try { for (;;) kept.push(files.openSync(path)); } catch (error) { console.log(error.code, error.cause?.code, error.message.includes('100 descriptors borrowed by thread 1, all in use')); }
        const waiting = Promise.all(Array.from({ length: 90 }, () => files.open(path, 'r', undefined, { timeout: 10_000 })));
        await worker.terminate();
        kept.push(...(await waiting));
        console.log(kept.length > 150, files.descriptors.stats().used === kept.length);`),
      {},
      node,
    );
    expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: 'open 100\nERR_BUDGET_EXCEEDED undefined true\ntrue true\n' });
  });
});

test('descriptors that others took are told from those of other threads: the capacity stays below the limit', () => {
  const { status, stdout, stderr } = runLimited(
    256,
    withWorkers(`
      const { worker, next } = start(\`for (let index = 0; index < 60; index++) kept.push(files.openSync(process.execPath)); say('open'); for (;;) { await heard(); kept.pop().dispose(); say(files.descriptors.stats().capacity); }\`);
      await next();
      const before = files.descriptors.stats().capacity;
      const hog = [];
      for (let index = 0; index < 80; index++) hog.push(nodeFs.openSync('/dev/null'));
      const fill = () => { try { for (;;) kept.push(files.openSync(path)); } catch (error) { return [error.code, error.cause?.code ?? 'no cause'].join(' '); } };
      console.log(fill());
      const { capacity, used } = files.descriptors.stats();
      // What others took, but for what the reserve had room for.
      console.log(before - capacity >= 70, capacity <= used);
      for (const fd of hog) nodeFs.closeSync(fd);
      console.log(fill(), files.descriptors.stats().capacity > capacity + 70);
      worker.postMessage('look');
      console.log((await next()) === files.descriptors.stats().capacity);
      process.exit();`),
  );
  expect(stdout, stderr).toMatch(/^ERR_BUDGET_EXCEEDED .*\ntrue true\nERR_BUDGET_EXCEEDED .* true\ntrue\n$/);
  expect(status).toBe(0);
});
