// Plain Node, with care: each file is opened, read and closed. All are open at once nevertheless.
import { open } from 'node:fs/promises';
import { hashAll } from './hash-all.ts';

await hashAll(async (path) => {
  const file = await open(path);
  try {
    return await file.readFile();
  } finally {
    await file.close();
  }
});
