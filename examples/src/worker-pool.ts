// A pool: worker threads kept for reuse. 200 texts are hashed hard (scrypt) by at most four of them; one that dies is replaced.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { defineAsyncResource, Pool } from '@handback/core';

const code = `
  const { scryptSync } = require('node:crypto');
  const { parentPort } = require('node:worker_threads');
  parentPort.on('message', (text) => {
    if (text === 'text 100') process.exit(1); // a crash, for the example
    parentPort.postMessage(scryptSync(text, 'salt', 32).toString('hex'));
  });
`;

const workers = defineAsyncResource({
  kind: 'worker',
  open: async () => {
    const worker = new Worker(code, { eval: true });
    await once(worker, 'online');
    return worker;
  },
  release: async (worker) => {
    await worker.terminate();
  },
  describe: (worker) => `thread ${worker.threadId}`,
});

await using pool = new Pool(workers, {
  max: 4,
  check: (worker) => worker.threadId > 0, // -1 once it has ended
  idleTimeout: 60_000,
});

async function hash(text: string): Promise<string | undefined> {
  using lease = await pool.acquire(); // waits in line while all four are out
  return lease.use(async (worker) => {
    const answered = new AbortController();
    worker.postMessage(text, []);
    const first = await Promise.race([once(worker, 'message', answered), once(worker, 'exit', answered)]);
    answered.abort(); // takes the other listener off
    if (typeof first[0] === 'string') return first[0];
    lease.discard(); // it died: this one is not to be lent again
    return undefined;
  });
} // returned here

const started = performance.now();
const hashes = await Promise.all(Array.from({ length: 200 }, (_, index) => hash(`text ${index}`)));
const failed = hashes.filter((each) => each === undefined).length;
console.log(`${hashes.length - failed} texts hashed in ${Math.round(performance.now() - started)} ms, ${failed} worker died.`, pool.stats());
