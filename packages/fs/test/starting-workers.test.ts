// Workers take descriptors without asking: they must come up at a low limit, whatever this thread has open.
import { describe, expect, test } from 'vitest';
import { nodeBinary } from '../../../scripts/runtimes.mjs';
import { runLimited } from './children/run.ts';

const nodes = [20, 24, 26].map((major) => ({ major, node: nodeBinary(major) }));
const index = new URL('../dist/index.js', import.meta.url).href;

/** Starts 4 workers that import the package and open 100 files at once, each; answers their errors when all have ended. */
const startFour = `
  import { Worker } from 'node:worker_threads';
  const text = \`import(${JSON.stringify(index)}).then((files) => Promise.all(Array.from({ length: 100 }, async () => {
    const file = await files.open(process.execPath);
    await new Promise(setImmediate);
    await file.disposeAsync();
  })))\`;
  const startFour = () => Promise.all(Array.from({ length: 4 }, () => new Promise((resolve) => {
    const worker = new Worker(text, { eval: true, execArgv: [] });
    let failed = 'ended';
    worker.on('error', ({ code, message }) => (failed = code + ' ' + message));
    worker.on('exit', () => resolve(failed));
  })));
  const openOne = async () => {
    const file = await files.open(process.execPath);
    await new Promise(setImmediate);
    await file.disposeAsync();
  };`;

describe.each(nodes)('on Node $major, with 90 descriptors', ({ node }) => {
  const runs = test.skipIf(node === undefined);

  runs('4 workers come up while this thread opens 400 files at once', () => {
    const { status, stdout, stderr } = runLimited(
      90,
      `${startFour}
       const ended = startFour();
       await Promise.all(Array.from({ length: 400 }, openOne));
       console.log((await ended).join(), files.descriptors.stats().used);`,
      {},
      node,
    );
    expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: 'ended,ended,ended,ended 0\n' });
  });

  runs('4 workers come up while this thread holds the whole budget and 400 wait; what comes back is not lent over their heads', () => {
    const { status, stdout, stderr } = runLimited(
      90,
      `${startFour}
       const held = [];
       try { for (;;) held.push(files.openSync('/dev/null')); } catch {}
       const ended = startFour();
       const all = Promise.all(Array.from({ length: 400 }, openOne));
       setTimeout(() => held.forEach((file) => file.dispose()), 500);
       await all;
       console.log((await ended).join(), files.descriptors.stats().used);`,
      {},
      node,
    );
    expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: 'ended,ended,ended,ended 0\n' });
  });
});

test('a worker is counted from its start, then found by the kernel’s count, and its end gives the capacity back', () => {
  const { status, stdout, stderr } = runLimited(
    256,
    `import { once } from 'node:events';
     import { Worker } from 'node:worker_threads';
     // What Node opens for the first worker of a process, and keeps, is not the next one's.
     await new Worker('', { eval: true, execArgv: [] }).once('online', () => {}).terminate();
     const before = files.descriptors.stats();
     const worker = new Worker('setInterval(() => {}, 1_000)', { eval: true, execArgv: [] });
     const starting = files.descriptors.stats().used;
     await once(worker, 'online');
     const up = files.descriptors.stats();
     await worker.terminate();
     const after = files.descriptors.stats();
     console.log(starting, up.used, before.capacity - up.capacity, after.capacity - before.capacity);`,
  );
  expect(stdout, stderr).toMatch(/^(4 0 4|5 0 5) 0\n$/);
  expect(status).toBe(0);
});
