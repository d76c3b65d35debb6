/**
 * A million forgotten opens under a real limit of descriptors, against the same loop with `using`, on the Node that runs this.
 * Throughput as a ratio of CPU-bound wall time, loops interleaved.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { median, table } from './numbers.ts';

const child = fileURLToPath(new URL('forgotten-opens-child.js', import.meta.url));
const OPENS = Number(process.env['OPENS'] ?? 1_000_000);
const ROUNDS = Number(process.env['ROUNDS'] ?? 3);
/** limit, way of opening, least throughput against `using`, most part of the time in collections. */
const cases = [
  [1_024, 'async', 0.8, 0.1],
  [256, 'async', 0.7, 0.15],
  [1_024, 'sync', 0.5, 1],
  [256, 'sync', 0.4, 1],
] as const;

interface Result {
  readonly ms: number;
  readonly collecting: number;
  readonly warnings: number;
  readonly exit: number | null;
}

function run(limit: number, mode: string): Result {
  // Node raises the soft limit to the hard one at start: only the hard one binds.
  const { stdout, stderr, status } = spawnSync('sh', ['-c', `ulimit -n ${limit}; exec "$0" "$@"`, process.execPath, child, mode, String(OPENS)], {
    encoding: 'utf8',
  });
  const { ms, collecting } = status === 0 ? (JSON.parse(stdout) as { ms: number; collecting: number }) : { ms: Number.NaN, collecting: Number.NaN };
  if (status !== 0) console.log(stderr);
  return { ms, collecting, warnings: stderr.split('ResourceLeakWarning').length - 1, exit: status };
}

export function forgottenOpens(): void {
  const rows = cases.map(([limit, mode, least, most]) => {
    const forgotten: Result[] = [];
    const using: Result[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      using.push(run(limit, `using-${mode}`));
      forgotten.push(run(limit, `forgotten-${mode}`));
    }
    const throughput = median(using.map(({ ms }) => ms)) / median(forgotten.map(({ ms }) => ms));
    const collecting = median(forgotten.map(({ ms, collecting: spent }) => spent / ms));
    const last = forgotten.at(-1) as Result;
    const good = throughput >= least && collecting <= most && forgotten.every(({ exit }) => exit === 0);
    return [
      `${mode}, ulimit -n ${limit}`,
      throughput.toFixed(2),
      `${(collecting * 100).toFixed(1)} %`,
      String(last.warnings),
      String(last.exit),
      `${good ? 'within' : 'MISSES'} ≥ ${least}${most < 1 ? `, ≤ ${most * 100} %` : ''}`,
    ];
  });
  console.log(`\nforgotten opens: ${OPENS.toLocaleString('en')} under a limit (wall time, against the same loop with \`using\`)\n`);
  console.log(table(['loop', 'throughput', 'in collections', 'warnings', 'exit', 'target'], rows));
}
