/** Textures of a GPU with an upload each: through a heap, against what an app does by itself; and many asked for at once. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { median, quartiles, table } from './numbers.ts';

const child = fileURLToPath(new URL('textures-child.js', import.meta.url));
const ROUNDS = Number(process.env['ROUNDS'] ?? 5);
const TEXTURES = 1_000;
const LARGE = 200;
const BUDGET = 64;

interface Result {
  readonly ms: number;
  readonly cpu: number;
  /** MiB over what the process had before. */
  readonly rise: number;
  readonly missing?: string;
}

const ways: readonly (readonly [way: string, count: number])[] = [
  ['raw: one reused', TEXTURES],
  ['heap: its pool', TEXTURES],
  ['raw: destroyed', TEXTURES],
  ['heap: nothing kept, within the call', TEXTURES],
  ['heap: nothing kept', TEXTURES],
  ['raw: dropped', TEXTURES],
  ['heap: all at once', LARGE],
];

/** What must be reached: the highest ratio of times, or of rises, to another way; or the highest rise, in MiB. */
const targets: readonly { way: string; of: 'cpu' | 'rise'; against?: string; most: number }[] = [
  { way: 'heap: its pool', of: 'cpu', against: 'raw: one reused', most: 1.1 },
  { way: 'heap: its pool', of: 'rise', against: 'raw: dropped', most: 0.3 },
  { way: 'heap: nothing kept, within the call', of: 'cpu', against: 'raw: destroyed', most: 1.05 },
  { way: 'heap: all at once', of: 'rise', most: 3 * BUDGET },
];

function run(way: string, count: number): Result {
  const { stdout, stderr, status } = spawnSync(process.execPath, [child, way, String(count)], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`'${way}' ended with ${status}: ${stderr}`);
  return JSON.parse(stdout) as Result;
}

export function textures(): void {
  console.log(`\ntextures: ${TEXTURES} of 1 MiB, or ${LARGE} of 16 MiB, with an upload each, under ${BUDGET} MiB (CPU; resident memory over its start)\n`);
  const { missing } = run('raw: one reused', 1);
  if (missing !== undefined) {
    console.log(`skipped: ${missing}`);
    return;
  }
  const results = new Map<string, Result[]>(ways.map(([way]) => [way, []]));
  for (let round = 0; round < ROUNDS; round++) for (const [way, count] of ways) results.get(way)?.push(run(way, count));
  const middle = (way: string, of: 'ms' | 'cpu' | 'rise'): number => median((results.get(way) ?? []).map((result) => result[of]));
  const floor = middle('raw: one reused', 'cpu');
  const rows = ways.map(([way]) => {
    const [low, high] = quartiles((results.get(way) ?? []).map(({ cpu }) => cpu));
    const verdicts = targets
      .filter((target) => target.way === way)
      .map(({ of, against, most }) => {
        const reached = against === undefined ? middle(way, of) : middle(way, of) / middle(against, of);
        const what = of === 'cpu' ? 'time' : 'memory';
        return `${reached <= most ? 'within' : 'ABOVE'} ${most}${against === undefined ? ' MiB' : ` × ${against}`} in ${what} (${reached.toFixed(2)})`;
      });
    return [
      way,
      `${middle(way, 'cpu').toFixed(0)} ms`,
      `${low.toFixed(0)}–${high.toFixed(0)}`,
      `${(middle(way, 'cpu') / floor).toFixed(2)} ×`,
      `${middle(way, 'ms').toFixed(0)} ms`,
      `${middle(way, 'rise').toFixed(0)} MiB`,
      verdicts.join(', '),
    ];
  });
  console.log(table(['way', 'median', 'middle half', 'ratio', 'wall', 'memory', 'target'], rows));
}
