// How a child process is asked and answers: JSON, on its standard input and output.
import { readFileSync, writeSync } from 'node:fs';

export function question<T>(): T {
  return JSON.parse(readFileSync(0, 'utf8')) as T;
}

/** Written out before it returns, however full the pipe is: process.stdout would lose the rest at exit. */
export function answer(value: unknown): void {
  const bytes = Buffer.from(JSON.stringify(value));
  for (let sent = 0; sent < bytes.length;) {
    try {
      sent += writeSync(1, bytes, sent);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}
