/**
 * Measures one operation: warmed up by small images, the growth of resident memory at its highest (VmHWM, which
 * Linux counts anew from `clear_refs` on) above what was there before; and what was reserved for it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { Budget } from '@handback/core';
import { decode, encode, thumbnail } from '@handback/image';

const { operation, file, warm, options = {}, decoded = {}, capacity = 2 ** 40 } = JSON.parse(process.argv[2]);

function kibibytes(name) {
  return Number(new RegExp(`${name}:\\s+(\\d+)`).exec(readFileSync('/proc/self/status', 'utf8'))[1]);
}

const budgetOf = (bytes) => new Budget({ name: 'measured', unit: 'bytes', capacity: bytes });
const large = budgetOf(2 ** 40);
async function prepare(path) {
  if (operation !== 'encode') return (budget) => (operation === 'decode' ? decode : thumbnail)(path, { ...options, budget });
  const image = await decode(path, { ...decoded, budget: large });
  return async (budget) => encode(image, { ...options, budget });
}

for (const small of warm) {
  for (let time = 0; time < 3; time++) {
    const made = await (await prepare(small))(large);
    made[Symbol.dispose]?.();
  }
}
const run = await prepare(file);
await new Promise((resolve) => setTimeout(resolve, 20));
const budget = budgetOf(capacity);
const before = kibibytes('VmRSS');
writeFileSync('/proc/self/clear_refs', '5');
let made;
let code;
try {
  made = await run(budget);
} catch (error) {
  code = error.code ?? String(error);
}
const peak = (kibibytes('VmHWM') - before) * 1024;
made?.[Symbol.dispose]?.();
await new Promise((resolve) => setImmediate(resolve));
console.log(JSON.stringify({ peak, reserved: budget.stats().peak, used: budget.stats().used, code }));
