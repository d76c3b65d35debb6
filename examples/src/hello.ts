// Ten lines that run: one file closed by `using`, one forgotten and found.
import { collectGarbage, leaks } from '@handback/core';
import { open } from '@handback/fs';

leaks.configure({ level: 'trace' }); // names the line that forgot

async function firstLine(): Promise<string | undefined> {
  await using file = await open(import.meta.filename); // closed at the end of this function, however it ends
  for await (const line of file.readLines()) return line;
  return undefined;
}

async function forget(): Promise<void> {
  await open(import.meta.filename); // nobody closes this one: it is closed for us, with one warning
}

console.log(await firstLine());
await forget();
await collectGarbage();
