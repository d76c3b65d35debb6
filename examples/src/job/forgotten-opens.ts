// Part 1, a loop that forgets: `while (true) open(file)` with nothing closed, where the system gives no more than 256 descriptors.
import { barChart } from './charts/bar-chart.ts';
import type { Colour } from './charts/palette.ts';
import { OPENS } from './children/report.ts';
import { DESCRIPTOR_LIMIT, lastWords, leakWarnings, MOST_WARNINGS, type PartReport } from './part.ts';
import { heading, paint, say, Step } from './progress.ts';
import { nodeChild, pythonChild, runChild } from './run-child.ts';
import { count, seconds } from './table.ts';

interface Strategy {
  name: string;
  code: string;
  command: string[] | undefined;
  isHandback: boolean;
}

interface Row extends Strategy {
  opened: number;
  peak: number;
  seconds: number;
  error: string | undefined;
  warnings: string[][];
  exitCode: number | null;
}

/** Runs every strategy, one after the other. */
export async function forgottenOpens(): Promise<PartReport> {
  heading(`1  Open a file ${count(OPENS)} times and never close it, with ${DESCRIPTOR_LIMIT} descriptors`);
  const rows: Row[] = [];
  for (const strategy of strategies()) {
    if (strategy.command === undefined) say(`  – ${strategy.name}: not installed`);
    else rows.push(await run(strategy, strategy.command));
  }
  return {
    table: {
      caption: `1  ${count(OPENS)} opens, ${DESCRIPTOR_LIMIT} descriptors`,
      head: ['strategy', 'opened', 'peak open', 'time', 'how it ended'],
      rows: rows.map((row) => [row.name, count(row.opened), count(row.peak), seconds(row.seconds), ending(row)]),
    },
    remarks: [
      '"Peak open": the most descriptors of the whole process at once; Node has about 20 open before it begins.',
      'A forgotten FileHandle of `fs/promises` is closed when it happens to be collected: so plain Node may open more than its limit before it fails.',
    ],
    plots: [{ fileName: 'forgotten-opens.svg', svg: draw(rows) }],
    failures: rows.filter(({ isHandback }) => isHandback).flatMap(failuresOf),
  };
}

function strategies(): Strategy[] {
  const handback = { isHandback: true };
  const other = { isHandback: false };
  return [
    { name: 'Node, openSync', code: 'openSync(path)', command: nodeChild('open-plain-sync'), ...other },
    { name: 'Node, fs/promises open', code: 'await open(path)', command: nodeChild('open-plain-async'), ...other },
    { name: 'PyPy', code: 'open(path)', command: pythonChild('pypy3', 'open'), ...other },
    { name: 'CPython', code: 'open(path)', command: pythonChild('python3', 'open'), ...other },
    { name: 'Handback, forgotten, async', code: 'await open(path)', command: nodeChild('open-handback-async'), ...handback },
    { name: 'Handback, forgotten, sync', code: 'openSync(path)', command: nodeChild('open-handback-sync'), ...handback },
    { name: 'Handback, using', code: 'using f = openSync(path)', command: nodeChild('open-handback-using'), ...handback },
  ];
}

async function run(strategy: Strategy, command: string[]): Promise<Row> {
  using step = new Step(strategy.name);
  const child = await runChild({
    command,
    descriptorLimit: DESCRIPTOR_LIMIT,
    environment: { HANDBACK_LEAKS: 'trace', OPENS: String(OPENS) }, // `trace`: the warning names the line that forgot
    onProgress: (done, total) => step.advance(done, total),
  });
  const { opened = 0, peak = 0, seconds: taken = 0, error } = (child.result ?? {}) as Partial<Row>;
  const died = child.result === undefined || child.exitCode !== 0 ? `the process ended: ${lastWords(child.stderr)}` : undefined;
  const row: Row = { ...strategy, opened, peak, seconds: taken, error: error ?? died, warnings: leakWarnings(child.stderr), exitCode: child.exitCode };
  step.end(`${count(opened)} opened, ${ending(row)}`, row.opened === OPENS ? 'good' : row.isHandback ? 'bad' : 'expected');
  if (row.warnings[0] !== undefined) say(paint('dim', `      warned: ${row.warnings[0][0]}`));
  return row;
}

function ending({ error, opened, warnings }: Row): string {
  if (error === 'EMFILE') return 'EMFILE: too many open files';
  if (error !== undefined) return error;
  if (opened < OPENS) return 'stopped early';
  if (warnings.length === 0) return 'all went well';
  return `all went well, ${warnings.length === 1 ? 'one warning' : `${warnings.length} warnings`}`;
}

function failuresOf({ name, opened, peak, error, warnings, exitCode }: Row): string[] {
  const failures: string[] = [];
  if (opened !== OPENS) failures.push(`${name}: ${count(opened)} of ${count(OPENS)} opens (${error ?? 'no error'})`);
  if (exitCode !== 0) failures.push(`${name}: ended with exit code ${exitCode}`);
  if (peak > DESCRIPTOR_LIMIT) failures.push(`${name}: ${peak} descriptors at once, over the limit of ${DESCRIPTOR_LIMIT}`);
  if (warnings.length > MOST_WARNINGS) failures.push(`${name}: ${warnings.length} warnings where a handful would do`);
  return failures;
}

function draw(rows: Row[]): string {
  return barChart({
    title: 'How far a loop comes that opens files and closes none',
    subtitle: `${count(OPENS)} opens asked for; the system gives this process ${DESCRIPTOR_LIMIT} descriptors`,
    xLabel: 'files opened',
    total: OPENS,
    bars: rows.map((row) => ({
      name: row.name,
      note: row.code,
      colour: colourOf(row),
      value: row.opened,
      label: row.error === undefined ? `all ${count(row.opened)}, never more than ${row.peak} at once` : `${count(row.opened)}, then ${shorten(row.error)}`,
    })),
  });
}

function colourOf({ opened, isHandback, code }: Row): Colour {
  if (opened < OPENS) return 'vermilion';
  if (!isHandback) return 'grey';
  return code.startsWith('using') ? 'green' : 'blue';
}

function shorten(error: string): string {
  return error.length > 60 ? `${error.slice(0, 59)}…` : error;
}
