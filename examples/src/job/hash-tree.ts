// Part 2, a real job: the SHA-256 of every file under a folder, all asked for at once, with 256 descriptors. A run that reads one file
// after the other says what the digests must come to.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { barChart } from './charts/bar-chart.ts';
import { listFiles, type FileList } from './children/list-files.ts';
import { DESCRIPTOR_LIMIT, lastWords, type PartReport } from './part.ts';
import { heading, say, Step } from './progress.ts';
import { nodeChild, runChild } from './run-child.ts';
import { count, seconds } from './table.ts';

interface Strategy {
  name: string;
  code: string;
  child: string;
  role: 'check' | 'plain' | 'handback';
}

interface Row extends Strategy {
  done: number;
  errors: Record<string, number>;
  digest: string;
  seconds: number;
  cpuSeconds: number;
  peak: number;
  trouble: string | undefined;
}

const CHECK: Strategy = { name: 'one by one (the check)', code: 'readFileSync', child: 'hash-one-by-one', role: 'check' };
const STRATEGIES: Strategy[] = [
  { name: 'Node, readFile', code: 'await readFile(path)', child: 'hash-plain-read-file', role: 'plain' },
  { name: 'Node, open + read + close', code: 'try … finally await f.close()', child: 'hash-plain-open', role: 'plain' },
  { name: 'Handback, readFile', code: 'await readFile(path)', child: 'hash-handback-read-file', role: 'handback' },
  { name: 'Handback, using open', code: 'await using f = await open(…)', child: 'hash-handback-open', role: 'handback' },
];

/** Hashes every file under `folder` in each of the ways. */
export async function hashTree(folder: string, ignored: readonly string[]): Promise<PartReport> {
  heading(`2  SHA-256 of every file under ${folder}, all at once, with ${DESCRIPTOR_LIMIT} descriptors`);
  const files = listFiles(folder, ignored);
  say(`  ${describeList(files)}`);
  using list = new ListFile(files.paths);
  const check = await run(CHECK, list.path, folder, files);
  const rows: Row[] = [];
  for (const strategy of STRATEGIES) rows.push(await run(strategy, list.path, folder, files, check.digest));

  const wrong = rows.filter((row) => row.role === 'handback' && row.digest !== check.digest);
  const changed = wrong.length > 0 && (await run(CHECK, list.path, folder, files)).digest !== check.digest;
  return {
    table: {
      caption: `2  SHA-256 of ${count(files.paths.length)} files (${megabytes(files.bytes)}), all at once, ${DESCRIPTOR_LIMIT} descriptors`,
      head: ['strategy', 'files done', 'errors', 'digests', 'time', 'CPU', 'peak open'],
      rows: [check, ...rows].map((row) => [
        row.name,
        count(row.done),
        describeErrors(row),
        row.digest === check.digest ? (row === check ? '–' : 'right') : 'differ',
        seconds(row.seconds),
        seconds(row.cpuSeconds),
        row.peak === 0 ? '–' : count(row.peak),
      ]),
    },
    remarks: [
      'Asking for all at once is no faster than one by one on a few cores: what counts is that it does not fail, and that every digest is right.',
      'The check comes first, so the others find the files in the system’s cache.',
      ...(changed ? ['The folder changed while it was read, so the digests of this run cannot be compared.'] : []),
    ],
    plots: [{ fileName: 'hash-tree.svg', svg: draw(rows, files) }],
    failures: changed ? [] : wrong.map((row) => `${row.name}: the digests differ from those read one by one; errors: ${describeErrors(row)}`),
  };
}

async function run(strategy: Strategy, list: string, folder: string, files: FileList, expected?: string): Promise<Row> {
  using step = new Step(strategy.name);
  const child = await runChild({
    command: nodeChild(strategy.child, [list, folder]),
    descriptorLimit: DESCRIPTOR_LIMIT,
    sampleEvery: 2,
    onProgress: (done, total) => step.advance(done, total),
  });
  const nothing = { done: 0, errors: {}, digest: '', seconds: 0, cpuSeconds: 0 };
  const result = { ...nothing, ...(child.result as Partial<Row> | undefined) };
  const trouble = child.result === undefined ? `ended early: ${lastWords(child.stderr)}` : undefined;
  const row: Row = { ...strategy, ...result, peak: Math.max(0, ...child.samples.map(({ descriptors }) => descriptors)), trouble };
  const isRight = expected === undefined || row.digest === expected;
  const outcome = `${count(row.done)} of ${count(files.paths.length)} files in ${seconds(row.seconds)}${row.done < files.paths.length ? `, errors: ${describeErrors(row)}` : ''}`;
  step.end(outcome, isRight ? 'good' : row.role === 'plain' ? 'expected' : 'bad');
  return row;
}

function describeErrors({ errors, trouble }: Row): string {
  const parts = Object.entries(errors).map(([code, n]) => `${count(n)} ${code}`);
  return trouble ?? (parts.length === 0 ? 'none' : parts.join(', '));
}

function describeList({ paths, bytes, leftOut }: FileList): string {
  return [`${count(paths.length)} files, ${megabytes(bytes)}`, ...leftOut.slice(0, 5)].join('; ');
}

function megabytes(bytes: number): string {
  return `${count(Math.round(bytes / 1e6))} MB`;
}

function draw(rows: Row[], files: FileList): string {
  return barChart({
    title: 'Hashing a folder, every file asked for at once',
    subtitle: `SHA-256 of ${count(files.paths.length)} files with ${DESCRIPTOR_LIMIT} descriptors`,
    xLabel: 'files hashed',
    total: files.paths.length,
    bars: rows.map((row) => {
      const isWhole = row.done === files.paths.length;
      return {
        name: row.name,
        note: row.code,
        colour: !isWhole ? 'vermilion' : row.role === 'plain' ? 'grey' : row.code.includes('using') ? 'green' : 'blue',
        value: row.done,
        label: isWhole ? `all ${count(row.done)} in ${seconds(row.seconds)}` : `${count(row.done)}; errors: ${describeErrors(row)}`,
      };
    }),
  });
}

/** The list of files, in a file that every child reads, gone when the part ends. */
class ListFile implements Disposable {
  readonly #folder: string = mkdtempSync(join(tmpdir(), 'handback-job-'));
  readonly path: string = join(this.#folder, 'files');

  constructor(paths: string[]) {
    writeFileSync(this.path, paths.map((path) => `${path}\0`).join(''));
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
