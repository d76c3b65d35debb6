// The frame of the memory graph: 25 blocks of 32 MiB, each used by a function of its own that keeps it for a tenth of a second. The
// parent reads this process's resident memory from outside meanwhile, so it sees it even while a collection holds this thread.
import { setTimeout as sleep } from 'node:timers/promises';
import { report } from './report.ts';

export const BLOCKS: number = Number(process.env['BLOCKS'] ?? 25);
export const BLOCK_BYTES: number = 32 * 2 ** 20;
export const KEPT_MS = 100;
const SETTLE_MS = 150;

/** Runs `useBlock` 25 times, then `collect`, and tells the parent where each stretch begins. */
export async function memoryLoop(useBlock: () => Promise<void>, collect: () => unknown): Promise<void> {
  await sleep(SETTLE_MS);
  report({ type: 'mark', name: 'start' });
  await sleep(SETTLE_MS);
  for (let done = 1; done <= BLOCKS; done += 1) {
    await useBlock();
    report({ type: 'progress', done, total: BLOCKS });
  }
  report({ type: 'mark', name: 'last' });
  await sleep(SETTLE_MS);
  await collect(); // one collection is asked for after the last object
  await sleep(SETTLE_MS);
  report({ type: 'mark', name: 'end' });
}
