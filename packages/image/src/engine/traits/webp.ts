/** Tells whether a WebP is packed with loss: only then it can be made small while it is read. */
import type { Peek } from '../peek.ts';

/** Chunks that may come before the pixels; more than that is not looked through. */
const CHUNKS = 16;
const CHUNK_HEADER = 8;

/** False only for a still image whose first pixels are `VP8 `: what cannot be told is taken for lossless, which takes more. */
export async function isLossless(peek: Peek): Promise<boolean> {
  let offset = 12;
  for (let chunk = 0; chunk < CHUNKS; chunk++) {
    const header = await peek.read(offset, CHUNK_HEADER);
    if (header.length < CHUNK_HEADER) return true;
    const name = header.toString('latin1', 0, 4);
    if (name === 'VP8 ') return false;
    if (name === 'VP8L' || name === 'ANMF') return true;
    const length = header.readUInt32LE(4);
    offset += CHUNK_HEADER + length + (length % 2);
  }
  return true;
}
