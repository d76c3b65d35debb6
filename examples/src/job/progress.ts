// Shows how far a step is. On a terminal a bar is redrawn in place; elsewhere one plain line is written when a step ends.
import { performance } from 'node:perf_hooks';
import { styleText } from 'node:util';

const BAR_CELLS = 24;
const REDRAW_MS = 80;
const stream = process.stdout;
const isTerminal = stream.isTTY;
const hasColour = isTerminal && !process.env['NO_COLOR'];

type Style = Parameters<typeof styleText>[0];

/** Colours `text` where the output is a terminal that wants it. */
export function paint(style: Style, text: string): string {
  return hasColour ? styleText(style, text) : text;
}

/** Prints a heading above a group of steps. */
export function heading(text: string): void {
  stream.write(`\n${paint('bold', text)}\n`);
}

/** Prints one line of plain text. */
export function say(text = ''): void {
  stream.write(`${text}\n`);
}

/** One step of the job: a bar while it runs, a line when it has ended. Left without an ending, it wipes its bar. */
export class Step implements Disposable {
  readonly #label: string;
  readonly #started = performance.now();
  readonly #timer: NodeJS.Timeout | undefined;
  #fraction = 0;

  constructor(label: string) {
    this.#label = label;
    this.#timer = isTerminal ? setInterval(() => this.#draw(), REDRAW_MS) : undefined;
    if (isTerminal) this.#draw();
  }

  /** Says that `done` of `total` is done. */
  advance(done: number, total: number): void {
    this.#fraction = Math.min(1, done / total);
  }

  /** Ends the step with what came of it. */
  end(outcome: string, mark: 'good' | 'expected' | 'bad'): void {
    this[Symbol.dispose]();
    const sign = { good: paint('green', '✓'), expected: paint('yellow', '✗'), bad: paint('red', '✗') }[mark];
    say(`  ${sign} ${this.#label.padEnd(42)} ${outcome}`);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    if (isTerminal) stream.write('\r\x1b[K');
  }

  #draw(): void {
    const full = Math.round(this.#fraction * BAR_CELLS);
    const bar = paint('cyan', '█'.repeat(full)) + paint('dim', '░'.repeat(BAR_CELLS - full));
    const percent = `${Math.round(this.#fraction * 100)} %`.padStart(5);
    const seconds = `${((performance.now() - this.#started) / 1000).toFixed(1)} s`.padStart(7);
    const room = (stream.columns ?? 80) - BAR_CELLS - 18;
    stream.write(`\r  ${bar} ${percent} ${seconds}  ${this.#label.slice(0, Math.max(0, room))}\x1b[K`);
  }
}
