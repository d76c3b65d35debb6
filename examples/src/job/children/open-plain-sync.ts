// A loop that forgets every file, in plain Node: a number from `openSync` is never closed by anyone but us.
import { openSync } from 'node:fs';
import { OpenCount, OPENS } from './report.ts';

const count = new OpenCount();
try {
  while (count.opened < OPENS) {
    const fd = openSync(import.meta.filename, 'r'); // never closed
    count.add(fd);
  }
  count.finish();
} catch (error) {
  count.finish(error);
}
