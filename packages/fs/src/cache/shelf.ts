/** The open descriptors that nobody uses, least recently used first. */
import type { Descriptor } from './descriptor.ts';

export class Shelf {
  size = 0;
  #first: Descriptor | undefined = undefined;
  #last: Descriptor | undefined = undefined;

  put(descriptor: Descriptor): void {
    descriptor.before = this.#last;
    if (this.#last === undefined) this.#first = descriptor;
    else this.#last.after = descriptor;
    this.#last = descriptor;
    this.size++;
  }

  /** Takes away one that is here. */
  take(descriptor: Descriptor): void {
    const { before, after } = descriptor;
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    descriptor.before = descriptor.after = undefined;
    this.size--;
  }

  /** The least recently used one that may go. */
  oldest(mayGo: (descriptor: Descriptor) => boolean): Descriptor | undefined {
    let descriptor = this.#first;
    while (descriptor !== undefined && !mayGo(descriptor)) descriptor = descriptor.after;
    return descriptor;
  }
}
