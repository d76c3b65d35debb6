/**
 * 10,000 files of 1 KiB on 200 descriptors, 64 bytes at random, 32 readers: the cache against opening for each read, and against all
 * files open on the same API. Each way in fresh processes, interleaved; a ratio is the median of the ratios within one round, so that
 * a machine that slows down in between slows both.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median, table } from './numbers.ts';

const child = fileURLToPath(new URL('file-cache-child.js', import.meta.url));
const FILES = 10_000;
const ways = ['open-per-read', 'sync-open-per-read', 'all-open', 'cache'] as const;

type Way = (typeof ways)[number];

interface Pattern {
  readonly access: 'uniform' | 'skewed' | 'hot';
  readonly what: string;
  readonly rounds: number;
  readonly reads: number;
  /** What is read most fits the capacity: then the cache is to be nearly as fast as if all files were open. With misses no cache is. */
  readonly fits: boolean;
}

const patterns: readonly Pattern[] = [
  { access: 'uniform', what: 'all files alike', rounds: 3, reads: 60_000, fits: false },
  { access: 'skewed', what: 'half of the reads to 200 files', rounds: 3, reads: 60_000, fits: false },
  { access: 'hot', what: '19 of 20 reads to 100 files', rounds: 7, reads: 40_000, fits: true },
];

interface Result {
  readonly cpu: number;
  readonly wall: number;
  readonly peak: number;
  readonly hitRatio: number | null;
}

type Round = Readonly<Record<Way, Result>>;

export function fileCache(): void {
  // Once for all: to make them takes longer than to read them.
  const folder = mkdtempSync(join(tmpdir(), 'handback-'));
  try {
    for (let index = 0; index < FILES; index++) writeFileSync(join(folder, String(index)), Buffer.alloc(1_024, index));
    for (const pattern of patterns) report(pattern, folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function report(pattern: Pattern, folder: string): void {
  const rounds = Array.from({ length: Number(process.env['ROUNDS'] ?? pattern.rounds) }, () => run(pattern, folder));
  const hits = median(rounds.map(({ cache }) => cache.hitRatio ?? 0));
  const { access, what } = pattern;
  console.log(
    `\nfile cache: 10,000 files on 200 descriptors, ${access}: ${what}; the cache finds ${(100 * hits).toFixed(0)} % open (${rounds.length} rounds)\n`,
  );
  const rows = ways.map((way) => rowOf(way, pattern, rounds));
  console.log(table(['way', 'CPU a read', 'against open-per-read', 'speed against all open', 'peak', 'target'], rows));
}

function run({ access, reads }: Pattern, folder: string): Round {
  const count = process.env['READS'] ?? String(reads);
  const results = ways.map((way) => {
    const json = execFileSync(process.execPath, [child, folder, String(FILES), way, access, count], { encoding: 'utf8' });
    return [way, JSON.parse(json) as Result] as const;
  });
  return Object.fromEntries(results) as Round;
}

function rowOf(way: Way, { fits }: Pattern, rounds: readonly Round[]): string[] {
  const of = (what: (round: Round) => number): number => median(rounds.map(what));
  const cpu = of((round) => round[way].cpu / round['open-per-read'].cpu);
  const speed = of((round) => round['all-open'].wall / round[way].wall);
  const peak = of((round) => round[way].peak);
  const verdicts: string[] = [];
  if (way === 'cache') {
    verdicts.push(`${cpu <= 0.6 ? 'within' : 'ABOVE'} 0.6 × CPU`, `${peak === 200 ? 'exactly' : 'NOT'} 200 descriptors`);
    if (fits) verdicts.push(`${speed >= 0.8 ? 'within' : 'MISSES'} 0.8 × all open`);
  }
  return [way, `${of((round) => round[way].cpu).toFixed(1)} µs`, `${cpu.toFixed(2)} ×`, `${speed.toFixed(2)} ×`, String(peak), verdicts.join(', ')];
}
