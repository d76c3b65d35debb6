// A loop that forgets every file, in plain Node with promises: a forgotten FileHandle is closed when it is collected, but nothing makes the
// collector hurry, since it knows nothing of descriptors.
import { open } from 'node:fs/promises';
import { OpenCount, OPENS } from './report.ts';

const count = new OpenCount();
try {
  while (count.opened < OPENS) {
    const file = await open(import.meta.filename); // never closed
    count.add(file.fd);
  }
  count.finish();
} catch (error) {
  count.finish(error);
  process.exit(); // at once: Node 26 throws for every forgotten FileHandle that it collects
}
