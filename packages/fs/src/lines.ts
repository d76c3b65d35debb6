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
    rest += bytesRead === 0 ? decoder.end() : decoder.write(buffer.subarray(0, bytesRead));
    const lines = rest.split('\n');
    rest = lines.pop() as string;
    for (const line of lines) yield line.endsWith('\r') ? line.slice(0, -1) : line;
    if (bytesRead > 0) continue;
    if (rest !== '') yield rest;
    return;
  }
}
