/** Events that wait for their reader: pushed by a callback, read by `for await`, bounded. */
export class EventQueue<T> {
  readonly #most: number;
  #events: T[] = [];
  #readers: { resolve(result: IteratorResult<T, undefined>): void; reject(error: unknown): void }[] = [];
  #ended = false;
  #error: { readonly reason: unknown } | undefined;
  /** Events that came while the queue was full. */
  dropped = 0;

  constructor(most: number) {
    this.#most = most;
  }

  push(event: T): void {
    if (this.#ended) return;
    const reader = this.#readers.shift();
    if (reader !== undefined) reader.resolve({ done: false, value: event });
    else if (this.#events.length < this.#most) this.#events.push(event);
    else this.dropped++;
  }

  /** No more events: what waits is read still, then the loop ends. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const { resolve } of this.#readers.splice(0)) resolve({ done: true, value: undefined });
  }

  /** The next read rejects; those after it end. What waited is dropped. */
  fail(reason: unknown): void {
    if (this.#ended) return;
    this.#events = [];
    const reader = this.#readers.shift();
    if (reader === undefined) this.#error = { reason };
    else reader.reject(reason);
    this.end();
  }

  next(): Promise<IteratorResult<T, undefined>> {
    const error = this.#error;
    if (error !== undefined) {
      this.#error = undefined;
      return Promise.reject(error.reason);
    }
    if (this.#events.length > 0) return Promise.resolve({ done: false, value: this.#events.shift() as T });
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }));
  }
}
