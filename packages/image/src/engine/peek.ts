/** Reads a few bytes of a source, where the library that decodes does not say what an estimate has to know. */
import type { Source } from './source.ts';

/** A source, open to be looked at. */
export interface Peek {
  /** Bytes of the file. */
  readonly size: number;
  /** False: its bytes are in memory, and whoever holds them counts them. */
  readonly isFile: boolean;
  /** At most `length` bytes from an offset; fewer at the end. */
  read(offset: number, length: number): Promise<Buffer>;
}

/** Opens a source, has it looked at, and closes it. */
export async function peeking<R>({ input }: Source, look: (peek: Peek) => Promise<R>): Promise<R> {
  if (typeof input !== 'string') {
    const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
    return look({ size: bytes.length, isFile: false, read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)) });
  }
  const { open } = await import('node:fs/promises');
  const file = await open(input);
  try {
    const { size } = await file.stat();
    const read = async (offset: number, length: number): Promise<Buffer> => {
      const bytes = Buffer.alloc(Math.max(0, Math.min(length, size - offset)));
      const { bytesRead } = await file.read(bytes, 0, bytes.length, offset);
      return bytes.subarray(0, bytesRead);
    };
    return await look({ size, isFile: true, read });
  } finally {
    await file.close();
  }
}
