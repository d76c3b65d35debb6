/** Lines of an open file, read in pieces: the file need not fit into memory. */
import { StringDecoder } from 'node:string_decoder';

/** What is read from piece by piece: an open file, at its cursor. */
interface Readable {
  read(buffer: Buffer): Promise<{ readonly bytesRead: number }>;
}

const PIECE = 64 * 1_024;

export async function* readLinesOf(file: Readable, encoding: BufferEncoding): AsyncIterableIterator<string> {
  const decoder = new StringDecoder(encoding);
  const buffer = Buffer.allocUnsafe(PIECE);
  let rest = '';
  for (;;) {
    const { bytesRead } = await file.read(buffer);
    const text = bytesRead === 0 ? decoder.end() : decoder.write(buffer.subarray(0, bytesRead));
    // The new text alone is searched: a long line would be searched again with every piece of it.
    const lines = text.split('\n');
    lines[0] = rest + (lines[0] as string);
    rest = lines.pop() as string;
    for (const line of lines) yield line.endsWith('\r') ? line.slice(0, -1) : line;
    if (bytesRead > 0) continue;
    if (rest !== '') yield rest;
    return;
  }
}
