/**
 * Pressure by bytes outside the heap. V8 looks at what the gauge tells it only after 64 MiB of growth, and lets the program go on
 * while it marks: on a busy machine far more than that piles up. So, where a collection can be forced, it is: at the end of the turn
 * in which the bytes pass a threshold, the cheap one first.
 *
 * The threshold is that of .NET's HandleCollector: a floor, else a quarter above what was left after the last look; it follows down.
 */
import { collector, fullIsDue } from '../runtime/collector.ts';
import { afterTurn } from '../runtime/turn.ts';
import { sweep } from './collect.ts';

/** As V8's own limit for external memory. */
const FLOOR = 64 * 2 ** 20;
const GROWTH = 1.25;

let threshold = FLOOR;
let scheduled = false;

/** Notes how many bytes are outside now; `read` answers them later. */
export function notePressure(bytes: number, read: () => number): void {
  threshold = Math.min(threshold, Math.max(FLOOR, bytes * GROWTH));
  if (bytes <= threshold || scheduled) return;
  scheduled = true;
  afterTurn(() => {
    scheduled = false;
    relieve(read);
  });
}

function relieve(read: () => number): void {
  if (read() <= threshold || collector() === undefined) return;
  sweep('minor');
  if (read() > threshold && fullIsDue()) sweep('full');
  // What is left is held: the next look comes when a quarter more is.
  threshold = Math.max(FLOOR, read() * GROWTH);
}
