// What a child of the job tells its parent: one line of JSON for each message, on standard output. Run by hand, a child prints the same lines.
import { writeSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

export type Message =
  | { type: 'progress'; done: number; total: number }
  | { type: 'mark'; name: 'start' | 'last' | 'end' }
  | { type: 'result'; [name: string]: unknown };

/** Sends a message at once: standard output is written synchronously, so a busy loop can tell how far it is. */
export function report(message: Message): void {
  writeSync(1, `${JSON.stringify(message)}\n`);
}

/** How many opens are asked of each loop. `while (true)` would do as well: a loop that keeps going after this many keeps going. */
export const OPENS: number = Number(process.env['OPENS'] ?? 20_000);

/** Counts the opens of a loop and the most descriptors that were open at once. */
export class OpenCount {
  opened = 0;
  peak = 0;
  #isFinished = false;
  readonly #started = performance.now();

  constructor() {
    process.once('exit', () => this.finish()); // an error outside the loop can end the process before its end
  }

  /** Counts one open. The kernel hands out the lowest free number, so the highest number seen tells how many were open. */
  add(fd: number): void {
    this.opened += 1;
    if (fd >= this.peak) this.peak = fd + 1;
    if (this.opened % 500 === 0) report({ type: 'progress', done: this.opened, total: OPENS });
  }

  /** Tells the result, with the error that ended the loop if there was one. */
  finish(error?: unknown): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    const seconds = (performance.now() - this.#started) / 1000;
    report({ type: 'result', opened: this.opened, peak: this.peak, seconds, error: describe(error) });
  }
}

function describe(error: unknown): string | undefined {
  if (error === undefined) return undefined;
  return (error as { code?: string }).code ?? String(error);
}
