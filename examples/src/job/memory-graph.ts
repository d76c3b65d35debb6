// Part 3, the memory graph: 25 blocks of 32 MiB from the system allocator, each kept for a tenth of a second and dropped.
// The engine sees 25 small objects; the process holds the bytes.
import { MIB } from '../images/sizes.ts';
import { lineChart } from './charts/line-chart.ts';
import { axisEnd, runStrategies, seriesOf, tableOf, type Row, type Strategy } from './over-base.ts';
import type { PartReport } from './part.ts';
import { heading, say } from './progress.ts';
import { nodeChild, pythonChild } from './run-child.ts';
import { canSample } from './sampler.ts';

/** Strategies that stay below this have a strip of their own in the plot. */
const LOW_MIB = 128;

/** Runs every strategy in a fresh process, one after the other. */
export async function memoryGraph(): Promise<PartReport> {
  heading('3  25 blocks of 32 MiB of native memory, each kept for a tenth of a second and dropped');
  const failures: string[] = [];
  if (!canSample) say('  – skipped: resident memory is read from /proc, which this system does not have');
  const rows = await runStrategies(canSample ? strategies() : [], failures);
  return {
    table: tableOf('3  25 blocks of 32 MiB, resident memory over base', rows),
    remarks:
      rows.length === 0
        ? ['Not measured here.']
        : [
            'Over base: above what the process holds before its first block. Promised: the peak that Handback must stay below.',
            'CPython counts references and PyPy collects, as JavaScript engines do: the two bounds of what can be expected without giving back by hand.',
            '"Left at the end": after the last block was dropped, before the last collection that each program asks for.',
          ],
    plots: rows.length === 0 ? [] : [{ fileName: 'memory.svg', svg: draw(rows) }],
    failures,
  };
}

function strategies(): Strategy[] {
  const solid = { isDashed: false };
  const dashed = { isDashed: true };
  return [
    { name: 'Node', note: 'finalizers', colour: 'vermilion', ...solid, command: nodeChild('memory-plain', [], ['--expose-gc']) },
    { name: 'PyPy', note: '__del__', colour: 'purple', ...dashed, command: pythonChild('pypy3', 'memory') },
    { name: 'PyPy, told of the bytes', note: '__del__', colour: 'mauve', ...dashed, command: pythonChild('pypy3', 'memory', 'pressure') },
    { name: 'CPython', note: '__del__', colour: 'grey', ...dashed, command: pythonChild('python3', 'memory') },
    { name: 'Handback, externalBytes', note: 'forgotten', colour: 'amber', ...solid, command: nodeChild('memory-external-bytes'), promised: 110 },
    { name: 'Handback, 64 MiB budget', note: 'forgotten', colour: 'blue', ...solid, command: nodeChild('memory-budget'), promised: 80 },
    { name: 'Handback, using', note: 'given back', colour: 'green', ...solid, command: nodeChild('memory-using'), promised: 45 },
  ];
}

/** Above, all lines together; below, a strip for each that stays low. */
function draw(rows: Row[]): string {
  const all = seriesOf(rows);
  const low = rows.flatMap(({ peak }, i) => (peak < LOW_MIB * MIB ? [all[i]!] : []));
  return lineChart({
    title: '25 blocks of 32 MiB of native memory, each dropped after a tenth of a second',
    subtitle: 'Resident memory over the process’s own base, read from outside every 10 ms; a collection is asked for at the very end',
    xLabel: 'seconds',
    panels: [
      { title: 'All together', yLabel: 'MiB resident', height: 320, series: all, yEnd: axisEnd(rows, 200), yStep: 200 },
      ...low.map((series, i) => ({
        title: i === 0 ? `Those that stay below ${LOW_MIB} MiB` : undefined,
        height: 64,
        series: [series],
        yEnd: 128,
        yStep: 64,
        levels: series.name.includes('budget') ? [{ value: 64, name: 'budget' }] : [],
      })),
    ],
  });
}
