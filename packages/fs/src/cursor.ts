/**
 * The cursor of an open file: where the next read or write goes that names no position. The system's own offset is never used
 * (positional calls alone can run side by side), so the cursor is counted here, and calls at it run one after another. A pipe, a socket
 * or a terminal has no positions: there a transfer goes without one.
 */
export class Cursor {
  position = 0;
  #seeks = true;
  #last: Promise<unknown> = Promise.resolve();
  #busy = 0;

  /** Runs a transfer at the cursor after those before it, and moves on by the bytes it answers. */
  advance(transfer: (position: number | null) => Promise<number>): Promise<number> {
    return this.alone(() => this.step(transfer));
  }

  /** The same for a caller that is alone at it already. */
  async step(transfer: (position: number | null) => Promise<number>): Promise<number> {
    let bytes: number;
    try {
      bytes = await transfer(this.#seeks ? this.position : null);
    } catch (error) {
      if (!this.#seeks || !isUnseekable(error)) throw error;
      this.#seeks = false;
      bytes = await transfer(null);
    }
    this.position += bytes;
    return bytes;
  }

  /** The same within the call. Throws while an asynchronous one is under way: where it will end is not known yet. */
  advanceSync(transfer: (position: number | null) => number): number {
    if (this.#busy > 0)
      throw new Error('Cannot read or write at the cursor synchronously while an asynchronous call at it is under way: await it, or give a `position`.');
    let bytes: number;
    try {
      bytes = transfer(this.#seeks ? this.position : null);
    } catch (error) {
      if (!this.#seeks || !isUnseekable(error)) throw error;
      this.#seeks = false;
      bytes = transfer(null);
    }
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

/** Nothing was transferred yet: the system refuses the position, not the transfer. */
function isUnseekable(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ESPIPE';
}
