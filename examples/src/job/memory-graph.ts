// Part 3, the memory graph: 25 blocks of 32 MiB from the system allocator, each kept for a tenth of a second and dropped.
// The engine sees 25 small objects; the process holds the bytes.
import { lineChart, type Series } from './charts/line-chart.ts';
import type { Colour } from './charts/palette.ts';
import { lastWords, type PartReport } from './part.ts';
import { heading, say, Step } from './progress.ts';
import { nodeChild, pythonChild, runChild, type ChildReport } from './run-child.ts';
import { canSample } from './sampler.ts';

interface Strategy {
  name: string;
  note: string;
  colour: Colour;
  isDashed: boolean;
  command: string[] | undefined;
  /** What Handback promises: the most resident memory over the process's own base, in MiB. */
  promised?: number;
}

interface Row extends Strategy {
  peak: number;
  mean: number;
  /** Over base when the last block had been dropped, before a last collection was asked for. */
  left: number;
  points: [number, number][];
}

const MIB = 2 ** 20;
/** Strategies that stay below this have a strip of their own in the plot. */
const LOW_MIB = 128;

/** Runs every strategy in a fresh process, one after the other. */
export async function memoryGraph(): Promise<PartReport> {
  heading('3  25 blocks of 32 MiB of native memory, each kept for a tenth of a second and dropped');
  const rows: Row[] = [];
  const failures: string[] = [];
  if (!canSample) say('  – skipped: resident memory is read from /proc, which this system does not have');
  for (const strategy of canSample ? strategies() : []) {
    if (strategy.command === undefined) {
      say(`  – ${strategy.name}: not installed`);
      continue;
    }
    const row = await run(strategy, strategy.command, failures);
    if (row !== undefined) rows.push(row);
  }
  return {
    table: {
      caption: '3  25 blocks of 32 MiB, resident memory over base',
      head: ['strategy', 'peak', 'mean', 'left at the end', 'promised'],
      rows: rows.map((row) => [row.name, mib(row.peak), mib(row.mean), mib(row.left), row.promised === undefined ? '–' : `${row.promised} MiB`]),
    },
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

async function run(strategy: Strategy, command: string[], failures: string[]): Promise<Row | undefined> {
  using step = new Step(strategy.name);
  const child = await runChild({ command, onProgress: (done, total) => step.advance(done, total) });
  const row = measure(strategy, child);
  const isHandback = strategy.promised !== undefined;
  if (row === undefined || child.exitCode !== 0) {
    const reason = lastWords(child.stderr);
    step.end(`failed: ${reason}`, 'bad');
    if (isHandback) failures.push(`${strategy.name}: ended with exit code ${child.exitCode}, ${reason}`);
    return undefined;
  }
  const isKept = row.promised === undefined || row.peak <= row.promised * MIB;
  step.end(`peak ${mib(row.peak)}, mean ${mib(row.mean)}`, isKept ? (isHandback || row.peak < 100 * MIB ? 'good' : 'expected') : 'bad');
  if (!isKept) failures.push(`${row.name}: a peak of ${mib(row.peak)} over base, promised are ${row.promised} MiB`);
  return row;
}

function measure(strategy: Strategy, { samples, marks: { start, last, end } }: ChildReport): Row | undefined {
  if (start === undefined || last === undefined || end === undefined) return undefined;
  const over = samples
    .filter(({ time }) => time >= start.time && time <= end.time)
    .map(({ time, resident }): [number, number] => [time - start.time, resident - start.resident]);
  const until = last.time - start.time;
  const held = over.filter(([time]) => time <= until).map(([, bytes]) => bytes);
  return {
    ...strategy,
    peak: Math.max(...held),
    mean: held.reduce((sum, bytes) => sum + bytes, 0) / held.length,
    left: last.resident - start.resident,
    points: over.map(([time, bytes]) => [time / 1000, bytes / MIB]),
  };
}

function mib(bytes: number): string {
  return `${Math.max(0, Math.round(bytes / MIB))} MiB`;
}

/** Above, all lines together; below, a strip for each that stays low. */
function draw(rows: Row[]): string {
  const all = rows.map((row): Series => ({
    name: row.name,
    note: `${row.note}, peak ${Math.round(row.peak / MIB)} MiB`,
    colour: row.colour,
    dashed: row.isDashed,
    points: row.points,
    nameAt: row.left / MIB,
  }));
  const low = rows.flatMap(({ peak }, i) => (peak < LOW_MIB * MIB ? [all[i]!] : []));
  return lineChart({
    title: '25 blocks of 32 MiB of native memory, each dropped after a tenth of a second',
    subtitle: 'Resident memory over the process’s own base, read from outside every 10 ms; a collection is asked for at the very end',
    xLabel: 'seconds',
    panels: [
      { title: 'All together', yLabel: 'MiB resident', height: 320, series: all, yEnd: roundUp(highest(rows), 200), yStep: 200 },
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

function highest(rows: Row[]): number {
  return Math.max(...rows.map(({ peak }) => peak / MIB));
}

/** The next multiple of `step`; a hair above one still counts as that one. */
function roundUp(value: number, step: number): number {
  return Math.max(1, Math.ceil(value / step - 0.05)) * step;
}
