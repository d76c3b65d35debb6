// Handback with open files: `open` waits in line while the budget is full, `using` gives the descriptor to the next.
import { open } from '@handback/fs';
import { hashAll } from './hash-all.ts';

await hashAll(async (path) => {
  await using file = await open(path);
  return await file.readFile();
});
