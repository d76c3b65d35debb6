/** The end of a stream: its 'close', after which it holds no descriptor. */
import type { Readable, Writable } from 'node:stream';

/** Resolves when the stream has closed; rejects with what it failed with, unless that had been told before. */
export function closedOf(stream: Readable | Writable): Promise<void> {
  if (stream.closed) return Promise.resolve();
  return new Promise((resolve, reject) => {
    stream.once('error', reject);
    stream.once('close', resolve);
  });
}
