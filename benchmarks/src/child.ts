/** One variant in a process of its own: warmed up, then measured; prints nanoseconds of CPU per operation. */
import { suites } from './suites/index.ts';

const [, , suiteName, variantName] = process.argv;
const suite = suites.find(({ name }) => name === suiteName);
const variant = suite?.variants.find(({ name }) => name === variantName);
if (suite === undefined || variant === undefined) throw new Error(`No variant '${variantName}' in suite '${suiteName}'`);

const WARM = 5;
const ROUNDS = 7;
const job = await variant.make();
const rounds: number[] = [];
for (let round = 0; round < WARM + ROUNDS; round++) {
  const start = process.cpuUsage();
  await job();
  const { user, system } = process.cpuUsage(start);
  if (round >= WARM) rounds.push(((user + system) * 1_000) / suite.operations);
}
rounds.sort((a, b) => a - b);
console.log(rounds[ROUNDS >> 1]);
process.exit(0);
