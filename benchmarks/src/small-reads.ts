/**
 * 20,000 files of 200 B, all asked for at once, under a real limit of descriptors, on the Node that runs this: CPU of the whole process
 * as a ratio to p-limit(64) over `fs.promises.readFile`, ways interleaved.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median, table } from './numbers.ts';

const child = fileURLToPath(new URL('small-reads-child.js', import.meta.url));
const FILES = 20_000;
const ROUNDS = Number(process.env['ROUNDS'] ?? 3);
const FLOOR = 'p-limit(64) + fs.promises.readFile';
const OURS = 'readFile of @handback/fs';
const GRACEFUL = 'graceful-fs readFile';
const ways = [FLOOR, OURS, 'the same, each in line (a label)', GRACEFUL, 'fs.promises.readFile alone'];
/** graceful-fs gives up only after its minute where descriptors are few, and Node 26 reads small files without holding any. */
const isOld = Number(process.versions.node.split('.')[0]) < 26;

interface Result {
  readonly cpu: number;
  readonly ms: number;
  readonly failed: number;
  readonly peak: number;
  readonly left: number;
}

function run(limit: number, way: string, folder: string): Result {
  // Node raises the soft limit to the hard one at start: only the hard one binds.
  const { stdout, stderr, status } = spawnSync('sh', ['-c', `ulimit -n ${limit}; exec "$0" "$@"`, process.execPath, child, way, folder], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${way} at ${limit} ended with ${status}: ${stderr}`);
  return JSON.parse(stdout) as Result;
}

function verdict(cpu: Map<string, number>): string {
  const ours = cpu.get(OURS) as number;
  const ratio = ours / (cpu.get(FLOOR) as number);
  const graceful = cpu.get(GRACEFUL);
  const good = [`${ratio <= 1 ? 'within' : 'ABOVE'} 1 × ${FLOOR} (${ratio.toFixed(2)})`];
  if (graceful !== undefined && isOld) good.push(`${ours <= graceful / 5 ? 'within' : 'ABOVE'} 0.2 × ${GRACEFUL} (${(ours / graceful).toFixed(2)})`);
  return good.join(', ');
}

function atLimit(limit: number, folder: string): void {
  const tried = ways.filter((way) => way !== GRACEFUL || limit > 256 || !isOld);
  const results = new Map<string, Result[]>(tried.map((way) => [way, []]));
  for (let round = 0; round < ROUNDS; round++) for (const way of tried) results.get(way)?.push(run(limit, way, folder));
  const cpu = new Map([...results].map(([way, all]) => [way, median(all.map((result) => result.cpu))]));
  const floor = cpu.get(FLOOR) as number;
  const rows = [...results].map(([way, all]) => {
    const last = all.at(-1) as Result;
    const ratio = `${((cpu.get(way) as number) / floor).toFixed(2)} ×`;
    return [way, ratio, String(last.failed), String(last.peak), String(last.left), way === OURS ? verdict(cpu) : ''];
  });
  console.log(`\nsmall reads: ${FILES.toLocaleString('en')} files of 200 B at once, ulimit -n ${limit} (CPU)\n`);
  console.log(table(['way', 'ratio to the floor', 'failed', 'peak', 'left open', 'target'], rows));
}

export function smallReads(): void {
  const folder = mkdtempSync(join(tmpdir(), 'handback-bench-'));
  try {
    for (let index = 0; index < FILES; index++) writeFileSync(join(folder, String(index)), String(index).padStart(200, '.'));
    for (const limit of [1_024, 256]) atLimit(limit, folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
