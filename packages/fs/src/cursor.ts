/**
 * The cursor of an open file: where the next read or write goes that names no position. The system's own offset is never used
 * (positional calls alone can run side by side), so the cursor is counted here, and calls at it run one after another.
 */
export class Cursor {
  position = 0;
  #last: Promise<unknown> = Promise.resolve();
  #busy = 0;

  /** Runs a transfer at the cursor after those before it, and moves on by the bytes it answers. */
  advance(transfer: (position: number) => Promise<number>): Promise<number> {
    return this.alone(async () => {
      const bytes = await transfer(this.position);
      this.position += bytes;
      return bytes;
    });
  }

  /** The same within the call. Throws while an asynchronous one is under way: where it will end is not known yet. */
  advanceSync(transfer: (position: number) => number): number {
    if (this.#busy > 0)
      throw new Error('Cannot read or write at the cursor synchronously while an asynchronous call at it is under way: await it, or give a `position`.');
    const bytes = transfer(this.position);
    this.position += bytes;
    return bytes;
  }

  /** Runs `operation` when no other is at the cursor; a failure of one does not stop the next. */
  alone<R>(operation: () => Promise<R>): Promise<R> {
    this.#busy++;
    const result = this.#last.then(operation);
    this.#last = result.then(
      () => this.#busy--,
      () => this.#busy--,
    );
    return result;
  }
}
