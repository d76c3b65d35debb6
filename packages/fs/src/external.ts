/** Descriptors that others opened, counted in one permit that grows and shrinks with them. */
import type { Permit } from '@handback/core';
import { descriptors } from './descriptors.ts';

/** Counts descriptors that others opened, until it is disposed; the others' own closing is left alone. */
export interface ExternalCount extends Disposable {
  /** How many descriptors are counted now. */
  readonly count: number;
  /** Ends the counting and gives back what was counted. Again: nothing. */
  dispose(): void;
}

/** A count that is changed by hand; `end` runs once, when it is disposed. */
export class Count implements ExternalCount {
  readonly #label: string;
  readonly #ends: (() => void)[] = [];
  #permit: Permit | undefined;
  #count = 0;
  #ended = false;

  constructor(label: string) {
    this.#label = label;
  }

  get count(): number {
    return this.#count;
  }

  /** Counts more, or less. On Windows nothing: sockets and pipes are HANDLEs there, which no limit counts. */
  add(change: number): void {
    if (this.#ended || change === 0 || process.platform === 'win32') return;
    this.#count += change;
    if (this.#count === 0) {
      this.#permit?.dispose();
      this.#permit = undefined;
    } else if (this.#permit === undefined) this.#permit = descriptors.reserve(this.#count, { label: this.#label });
    else this.#permit.settle(this.#count);
  }

  /** What is to be undone when the counting ends. */
  atEnd(end: () => void): void {
    this.#ends.push(end);
  }

  dispose(): void {
    if (this.#ended) return;
    this.add(-this.#count);
    this.#ended = true;
    for (const end of this.#ends.splice(0)) end();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
