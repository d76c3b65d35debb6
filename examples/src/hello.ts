// Ten lines that run: one file closed by `using`, one forgotten and found.
import { collectGarbage, leaks } from '@handback/core';
import { open } from '@handback/fs';

leaks.configure({ level: 'trace' }); // so that the warning names the line that forgot

async function countLines(path: string): Promise<number> {
  await using file = await open(path); // closed when this function ends, however it ends
  let lines = 0;
  for await (const _line of file.readLines()) lines += 1;
  return lines;
}

async function forget(path: string): Promise<void> {
  await open(path); // nobody closes this one: Handback finds it, closes it and warns once
}

console.log(`${await countLines(import.meta.filename)} lines`);
await forget(import.meta.filename);
await collectGarbage();
