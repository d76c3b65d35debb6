// The frame of the graph of decoded images: each is used by a function of its own that keeps it for a twentieth of a second. A small
// photograph goes first, so that the decoder is loaded before the base is taken.
import { report } from './report.ts';
import { setTimeout as sleep } from 'node:timers/promises';

const IMAGES = Number(process.env['IMAGES'] ?? 25);
export const KEPT_MS = 50;
const SETTLE_MS = 150;

/** Runs `useImage` 25 times, then `collect`, and tells the parent where each stretch begins. */
export async function imagesLoop(useImage: (path: string) => Promise<void>, collect: () => unknown): Promise<void> {
  const [, , large = '', small = ''] = process.argv;
  await useImage(small);
  await collect();
  await sleep(SETTLE_MS);
  report({ type: 'mark', name: 'start' });
  for (let done = 1; done <= IMAGES; done += 1) {
    await useImage(large);
    report({ type: 'progress', done, total: IMAGES });
  }
  report({ type: 'mark', name: 'last' });
  await sleep(SETTLE_MS);
  await collect(); // one collection is asked for after the last object
  await sleep(SETTLE_MS);
  report({ type: 'mark', name: 'end' });
}
