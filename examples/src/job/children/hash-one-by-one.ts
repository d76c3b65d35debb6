// The check: one file after the other, so there is nothing to run out of. Its digest says what the others must come to.
import { readFileSync } from 'node:fs';
import { hashAll, type Schedule } from './hash-all.ts';

const oneByOne: Schedule = async (paths, step) => {
  const outcomes = [];
  for (const path of paths) outcomes.push(await step(path));
  return outcomes;
};

await hashAll(async (path) => readFileSync(path), oneByOne);
