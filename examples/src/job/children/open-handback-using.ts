// The loop as it should be: `using` closes each file at the end of its turn. This is what the forgetful loops are measured against.
import { openSync } from '@handback/fs';
import { OpenCount, OPENS } from './report.ts';

const count = new OpenCount();
try {
  while (count.opened < OPENS) {
    using file = openSync(import.meta.filename);
    count.add(file.fd);
  }
  count.finish();
} catch (error) {
  count.finish(error);
}
