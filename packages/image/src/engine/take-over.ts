/** Makes memory of the decoder's our own, so that it can be given back when we say so. */
import { collectGarbage } from '@handback/core';
import { hasTransfer, renew } from '../pixels/store.ts';

/** Garbage of the decoder's that may pile up before it is collected, in bytes. A cheap collection takes about a millisecond. */
const PILE = 4 * 2 ** 20;

let pile = 0;

/** Gives memory of at least so many bytes, whatever is in it. */
export type Room = (bytes: number) => ArrayBuffer;

/**
 * Where buffers can be transferred the memory is moved, without a copy. On Node 20 the memory of a native library cannot be detached
 * (structuredClone copies it, without a word), so it is copied to memory that can, and is garbage from then on.
 */
export function takeOver(bytes: Buffer, room: Room = (length) => new ArrayBuffer(length)): ArrayBuffer {
  const memory = bytes.buffer as ArrayBuffer;
  const isWhole = bytes.byteOffset === 0 && bytes.byteLength === memory.byteLength;
  if (hasTransfer && isWhole) return renew(memory);
  const buffer = room(bytes.byteLength);
  new Uint8Array(buffer).set(bytes);
  pile += bytes.byteLength;
  return buffer;
}

/**
 * Has what was copied from collected; answers the bytes that may be there all the same, which stay on the account. It was made a
 * moment ago, so a collection of the young finds it, unless something watches it: what a FinalizationRegistry or a WeakRef points at
 * outlives such collections.
 */
export async function collectCopied(): Promise<number> {
  if (pile < PILE) return 0;
  const bytes = pile;
  pile = 0;
  return (await collectGarbage({ depth: 'minor' })) ? 0 : bytes;
}
