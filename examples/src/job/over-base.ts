// Resident memory over a process's own base: how the memory graphs run a strategy, and what they make of its samples.
import { mib, MIB } from '../images/sizes.ts';
import type { Series } from './charts/line-chart.ts';
import type { Colour } from './charts/palette.ts';
import { lastWords } from './part.ts';
import { say, Step } from './progress.ts';
import { runChild, type ChildReport } from './run-child.ts';
import type { Table } from './table.ts';

export interface Strategy {
  name: string;
  note: string;
  colour: Colour;
  isDashed: boolean;
  command: string[] | undefined;
  /** What Handback promises: the most resident memory over the process's own base, in MiB. */
  promised?: number;
}

export interface Row extends Strategy {
  peak: number;
  mean: number;
  /** Over base when the last one had been dropped, before a last collection was asked for. */
  left: number;
  points: [number, number][];
}

/** A peak below this is no surprise in any strategy. */
const MODEST = 100 * MIB;

/** Runs the strategies that can run here, each in a fresh process, one after the other. */
export async function runStrategies(strategies: Strategy[], failures: string[]): Promise<Row[]> {
  const rows: Row[] = [];
  for (const strategy of strategies) {
    if (strategy.command === undefined) {
      say(`  – ${strategy.name}: not installed`);
      continue;
    }
    const row = await run(strategy, strategy.command, failures);
    if (row !== undefined) rows.push(row);
  }
  return rows;
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
  step.end(`peak ${mib(row.peak)}, mean ${mib(row.mean)}`, isKept ? (isHandback || row.peak < MODEST ? 'good' : 'expected') : 'bad');
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

/** The rows as a table. */
export function tableOf(caption: string, rows: Row[]): Table {
  return {
    caption,
    head: ['strategy', 'peak', 'mean', 'left at the end', 'promised'],
    rows: rows.map((row) => [row.name, mib(row.peak), mib(row.mean), mib(row.left), row.promised === undefined ? '–' : `${row.promised} MiB`]),
  };
}

/** The rows as lines of a chart. */
export function seriesOf(rows: Row[]): Series[] {
  return rows.map((row) => ({
    name: row.name,
    note: `${row.note}, peak ${Math.round(row.peak / MIB)} MiB`,
    colour: row.colour,
    dashed: row.isDashed,
    points: row.points,
    nameAt: row.left / MIB,
  }));
}

/** Where an axis ends that holds all peaks: at a multiple of `step`; a hair above one still counts as that one. */
export function axisEnd(rows: Row[], step: number): number {
  const highest = Math.max(...rows.map(({ peak }) => peak / MIB));
  return Math.max(1, Math.ceil(highest / step - 0.05)) * step;
}
