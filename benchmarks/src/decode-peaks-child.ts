/**
 * One operation on one image: what it added to resident memory at most (VmHWM, counted anew after 5 was written to `clear_refs`), and
 * what was reserved for it; then how long it takes to read a header.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { Budget } from '@handback/core';
import { decode, encode, estimateDecode, ImageBuffer, thumbnail } from '@handback/image';

const [, , operation, file = '', warm = '', options = '{}'] = process.argv;
const HEADERS = 50;

function memory(name: string): number {
  return Number(new RegExp(`${name}:\\s+(\\d+)`).exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1_024;
}

const budgetOf = (): Budget => new Budget({ name: 'peaks', unit: 'bytes', capacity: 2 ** 40 });

async function prepare(path: string): Promise<(budget: Budget) => Promise<unknown>> {
  const given = JSON.parse(options) as object;
  if (operation === 'decode') return (budget) => decode(path, { ...given, budget });
  if (operation === 'thumbnail') return (budget) => thumbnail(path, { ...given, budget });
  const image = await decode(path, { budget: budgetOf(), channels: 3 });
  return (budget) => encode(image, { ...given, budget });
}

function drop(made: unknown): void {
  if (made instanceof ImageBuffer) made.dispose();
}

for (let time = 0; time < 3; time++) drop(await (await prepare(warm))(budgetOf()));
const run = await prepare(file);
await new Promise((resolve) => setTimeout(resolve, 20));
const budget = budgetOf();
const before = memory('VmRSS');
writeFileSync('/proc/self/clear_refs', '5');
const made = await run(budget);
const peak = memory('VmHWM') - before;
drop(made);
const start = performance.now();
for (let time = 0; time < HEADERS; time++) await estimateDecode(file);
const header = (performance.now() - start) / HEADERS;
console.log(JSON.stringify({ peak, reserved: budget.stats().peak, header }));
process.exit(0);
