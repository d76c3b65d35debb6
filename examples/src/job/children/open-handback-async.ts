// The same loop with Handback: the descriptors run out, the forgotten files are found and closed, and the loop goes on.
import { open } from '@handback/fs';
import { OpenCount, OPENS } from './report.ts';

const count = new OpenCount();
try {
  while (count.opened < OPENS) {
    const file = await open(import.meta.filename); // never closed; `await using file = …` would be right
    count.add(file.fd);
  }
  count.finish();
} catch (error) {
  count.finish(error);
}
