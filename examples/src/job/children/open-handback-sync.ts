// The same loop without a single `await`: the event loop never turns, no finalizer can run, and still the forgotten are found.
import { openSync } from '@handback/fs';
import { OpenCount, OPENS } from './report.ts';

const count = new OpenCount();
try {
  while (count.opened < OPENS) {
    const file = openSync(import.meta.filename); // never closed; `using file = …` would be right
    count.add(file.fd);
  }
  count.finish();
} catch (error) {
  count.finish(error);
}
