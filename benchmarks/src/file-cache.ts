/**
 * 10,000 files of 1 KiB on 200 descriptors, 64 bytes at random, 32 readers: the cache against opening for each read, and against all
 * files open on the same API. Each way in fresh processes, interleaved.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { median, table } from './numbers.ts';

const child = fileURLToPath(new URL('file-cache-child.js', import.meta.url));
const READS = Number(process.env['READS'] ?? 100_000);
const ROUNDS = Number(process.env['ROUNDS'] ?? 3);
const ways = ['open-per-read', 'sync-open-per-read', 'all-open', 'cache'] as const;

interface Result {
  readonly cpu: number;
  readonly wall: number;
  readonly peak: number;
}

export function fileCache(): void {
  for (const access of ['uniform', 'skewed', 'hot'] as const) {
    const results = new Map<string, Result[]>(ways.map((way) => [way, []]));
    for (let round = 0; round < ROUNDS; round++) {
      for (const way of ways)
        results.get(way)?.push(JSON.parse(execFileSync(process.execPath, [child, way, access, String(READS)], { encoding: 'utf8' })) as Result);
    }
    const of = (way: string, what: keyof Result): number => median((results.get(way) ?? []).map((result) => result[what]));
    const rows = ways.map((way) => {
      const cpu = of(way, 'cpu') / of('open-per-read', 'cpu');
      const speed = of('all-open', 'wall') / of(way, 'wall');
      const verdicts: string[] = [];
      if (way === 'cache') {
        verdicts.push(`${cpu <= 0.6 ? 'within' : 'ABOVE'} 0.6 × CPU`, `${of(way, 'peak') === 200 ? 'exactly' : 'NOT'} 200 descriptors`);
        if (access !== 'uniform') verdicts.push(`${speed >= 0.8 ? 'within' : 'MISSES'} 0.8 × all open`);
      }
      return [way, `${of(way, 'cpu').toFixed(1)} µs`, `${cpu.toFixed(2)} ×`, `${speed.toFixed(2)} ×`, String(of(way, 'peak')), verdicts.join(', ')];
    });
    console.log(`\nfile cache: 10,000 files on 200 descriptors, ${access} (CPU a read; reads per second against all open)\n`);
    console.log(table(['way', 'CPU', 'against open-per-read', 'speed against all open', 'peak', 'target'], rows));
  }
}
