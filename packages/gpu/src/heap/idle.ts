/**
 * Blocks that nobody has, kept for reuse by their key, the least recently used first: after Skia Graphite's ResourceCache. Bounded by
 * bytes, not by number, and aged: an app of many sizes would fill it with what is never asked for again.
 */
import type { Handle } from '@handback/core';
import type { Block } from './block.ts';

interface Entry {
  readonly block: Handle<Block>;
  readonly since: number;
}

export class Idle {
  bytes = 0;
  /** How many were released from here. */
  evicted = 0;
  readonly #entries: Set<Entry> = new Set();
  readonly #byKey: Map<string, Set<Entry>> = new Map();

  put(block: Handle<Block>, now: number): void {
    const { key, bytes } = block.value;
    const entry = { block, since: now };
    this.#entries.add(entry);
    let peers = this.#byKey.get(key);
    if (peers === undefined) this.#byKey.set(key, (peers = new Set()));
    peers.add(entry);
    this.bytes += bytes;
  }

  /** One of a key: the one used last, which is the likeliest to be in a cache. */
  take(key: string): Handle<Block> | undefined {
    let last: Entry | undefined;
    for (const entry of this.#byKey.get(key) ?? []) last = entry;
    if (last !== undefined) this.#remove(last);
    return last?.block;
  }

  /** Releases the least recently used ones until `bytes` are won; answers how many were. */
  evict(bytes: number): number {
    let won = 0;
    for (const entry of this.#entries) {
      if (won >= bytes) break;
      won += this.#release(entry);
    }
    return won;
  }

  /** Releases those that were put here before a time; answers when the oldest that is left was. */
  age(before: number): number | undefined {
    for (const entry of this.#entries) {
      if (entry.since > before) return entry.since;
      this.#release(entry);
    }
    return undefined;
  }

  #release(entry: Entry): number {
    const { bytes } = entry.block.value;
    this.#remove(entry);
    this.evicted++;
    entry.block.dispose();
    return bytes;
  }

  #remove(entry: Entry): void {
    const { key, bytes } = entry.block.value;
    this.#entries.delete(entry);
    const peers = this.#byKey.get(key);
    peers?.delete(entry);
    if (peers?.size === 0) this.#byKey.delete(key);
    this.bytes -= bytes;
  }
}
