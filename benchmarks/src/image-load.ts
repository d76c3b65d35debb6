/**
 * 200 pictures at once, 40 of them with 24 megapixels: a budget of bytes against limits of how many at a time, and none. Peak of
 * resident memory over the base, wall and CPU time; each in a fresh process, ways interleaved, medians.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median, table } from './numbers.ts';
import { enlarged, photograph } from './photographs.ts';

const child = fileURLToPath(new URL('image-load-child.js', import.meta.url));
const ROUNDS = Number(process.env['ROUNDS'] ?? 3);
const COUNTS = process.env['PICTURES'] ?? '40,160';
const BUDGET = 256;
const limits = [1, 2, 3, 4, 8];
const ways = [
  ...limits.map((limit) => ['p-limit', limit] as const),
  ['budget', BUDGET] as const,
  ['budget, two arenas', BUDGET] as const,
  ['unbounded', 0] as const,
];

interface Result {
  readonly peak: number;
  readonly ms: number;
  readonly cpu: number;
}

function run(way: string, amount: number, large: string): Result {
  // What glibc keeps for each thread is in no budget; MALLOC_ARENA_MAX bounds it.
  const [plain = '', arenas] = way.split(', ');
  const env = arenas === undefined ? process.env : { ...process.env, MALLOC_ARENA_MAX: '2' };
  const parameters = [child, plain, String(amount), large, photograph('french-alpine-landscape'), COUNTS];
  const { stdout, stderr, status } = spawnSync(process.execPath, parameters, { encoding: 'utf8', env });
  if (status !== 0) throw new Error(`${way} ${amount} ended with ${status}: ${stderr}`);
  return JSON.parse(stdout) as Result;
}

function nameOf([way, amount]: readonly [string, number]): string {
  return way.startsWith('budget') ? way.replace('budget', `budget of ${amount} MiB`) : way === 'unbounded' ? way : `${way}(${amount})`;
}

function report(results: Map<string, Result[]>): void {
  const middle = (name: string, key: keyof Result): number => median((results.get(name) ?? []).map((each) => each[key]));
  const best = Math.min(...limits.map((limit) => middle(`p-limit(${limit})`, 'ms')));
  const rows = [...results.keys()].map((name) => {
    const peak = middle(name, 'peak');
    const ratio = middle(name, 'ms') / best;
    const verdicts = [
      `${peak <= BUDGET * 1.1 ? 'within' : 'ABOVE'} ${Math.round(BUDGET * 1.1)} MiB`,
      `${ratio <= 1.05 ? 'within' : 'ABOVE'} 1.05 × the best p-limit`,
    ];
    const cpu = middle(name, 'cpu') / middle('p-limit(1)', 'cpu');
    return [name, `${peak.toFixed(0)} MiB`, `${ratio.toFixed(2)} ×`, `${cpu.toFixed(2)} ×`, name.startsWith('budget') ? verdicts.join(', ') : ''];
  });
  console.log(`\nimages: ${COUNTS.replace(',', ' of 24 megapixels and ')} small ones at once, decoded to RGB, held 20 ms, made small\n`);
  console.log(table(['way', 'peak over base', 'wall, to the best p-limit', 'CPU, to p-limit(1)', 'target'], rows));
}

export async function imageLoad(): Promise<void> {
  if (!existsSync('/proc/self/clear_refs')) {
    console.log('\nimages: skipped, resident memory is read from /proc');
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'handback-bench-'));
  try {
    const large = join(folder, 'large.jpg');
    writeFileSync(large, await enlarged(6_000, 4_000));
    const results = new Map<string, Result[]>(ways.map((way) => [nameOf(way), []]));
    for (let round = 0; round < ROUNDS; round++) for (const way of ways) results.get(nameOf(way))?.push(run(way[0], way[1], large));
    report(results);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
