/**
 * `npm run bench [-- PART OF A NAME]`: runs every suite. Each variant runs in fresh processes, the variants interleaved, so that a
 * machine that grows slow grows slow for all; CPU time, medians, and the spread of the middle half. Ratios are to the floor, within
 * one run.
 */
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { decodePeaks } from './decode-peaks.ts';
import { importCosts } from './import-cost.ts';
import { fileCache } from './file-cache.ts';
import { forgottenOpens } from './forgotten-opens.ts';
import { imageLoad } from './image-load.ts';
import { median, quartiles, table } from './numbers.ts';
import { smallReads } from './small-reads.ts';
import type { Suite } from './suite.ts';
import { suites } from './suites/index.ts';
import { textures } from './textures.ts';

const PROCESSES = 5;
const child = fileURLToPath(new URL('child.js', import.meta.url));
const [part = ''] = process.argv.slice(2);

function measure(suite: Suite): Map<string, number[]> {
  const times = new Map<string, number[]>(suite.variants.map(({ name }) => [name, []]));
  for (let round = 0; round < PROCESSES; round++) {
    for (const { name } of suite.variants) times.get(name)?.push(Number(execFileSync(process.execPath, [child, suite.name, name], { encoding: 'utf8' })));
  }
  return times;
}

function report(suite: Suite): void {
  const times = measure(suite);
  const floor = median(times.get(suite.variants[0]?.name ?? '') ?? []);
  const rows = suite.variants.map(({ name }) => {
    const own = times.get(name) ?? [];
    const [low, high] = quartiles(own);
    const targets = (suite.targets ?? []).filter(({ variant }) => variant === name);
    const verdicts = targets.map(({ against, most }) => {
      const ratio = median(own) / (against === undefined ? floor : median(times.get(against) ?? []));
      return `${ratio <= most ? 'within' : 'ABOVE'} ${most}${against === undefined ? '' : ` × ${against} (${ratio.toFixed(2)})`}`;
    });
    return [name, `${median(own).toFixed(1)} ns`, `${low.toFixed(1)}–${high.toFixed(1)}`, `${(median(own) / floor).toFixed(2)} ×`, verdicts.join(', ')];
  });
  console.log(`\n${suite.name} (CPU per ${suite.unit})\n`);
  console.log(table(['variant', 'median', 'middle half', 'ratio to the floor', 'target'], rows));
}

console.log(`Node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores`);
for (const suite of suites) if (suite.name.includes(part)) report(suite);
if ('import'.includes(part)) importCosts();
if ('forgotten opens'.includes(part)) forgottenOpens();
if ('small reads'.includes(part)) smallReads();
if ('file cache'.includes(part)) fileCache();
if ('textures'.includes(part)) textures();
if ('images: at once'.includes(part)) await imageLoad();
if ('decode peaks'.includes(part)) await decodePeaks();
