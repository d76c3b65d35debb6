/**
 * Blocks that were disposed while the queue is not done with them. Their memory comes back only then; but what the app never had in
 * its hands is in no commands of its own, and since the queue keeps its order, whoever wants one of the same key may have it at once.
 */
import type { Handle } from '@handback/core';
import type { Block } from './block.ts';
import type { Work } from './work.ts';

interface Entry {
  readonly block: Handle<Block>;
  /** Lets the queue go on without it. */
  readonly leave: () => void;
}

export class Retired {
  bytes = 0;
  readonly #work: Work;
  readonly #byKey: Map<string, Set<Entry>> = new Map();

  constructor(work: Work) {
    this.#work = work;
  }

  /** `settle` is called when the queue is done with it; `hurried`: commands that use it may come yet. */
  put(block: Handle<Block>, settle: (hurried: boolean) => void): void {
    const { key, bytes, lent } = block.value;
    this.bytes += bytes;
    if (lent) {
      this.#work.retire((hurried) => {
        this.bytes -= bytes;
        settle(hurried);
      });
      return;
    }
    const leave = this.#work.soon(() => {
      this.#remove(entry);
      settle(false);
    });
    const entry: Entry = { block, leave };
    let peers = this.#byKey.get(key);
    if (peers === undefined) this.#byKey.set(key, (peers = new Set()));
    peers.add(entry);
  }

  /** One of a key that can be used again already. */
  take(key: string): Handle<Block> | undefined {
    for (const entry of this.#byKey.get(key) ?? []) {
      entry.leave();
      this.#remove(entry);
      return entry.block;
    }
    return undefined;
  }

  #remove(entry: Entry): void {
    const { key, bytes } = entry.block.value;
    const peers = this.#byKey.get(key);
    peers?.delete(entry);
    if (peers?.size === 0) this.#byKey.delete(key);
    this.bytes -= bytes;
  }
}
