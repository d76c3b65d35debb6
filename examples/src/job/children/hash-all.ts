// The frame of the hashing job: asks for every file at once with Promise.all, and tells how many came back, with which digest over all of them.
// Usage of each child: `node hash-….js LIST FOLDER`, where LIST is a file of paths relative to FOLDER, with a NUL after each.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { report } from './report.ts';

/** Reads one file whole. */
export type ReadFile = (path: string) => Promise<Uint8Array>;

/** Runs `step` for each path, in some order of its own, and resolves to the outcomes in the order of the paths. */
export type Schedule = <R>(paths: string[], step: (path: string) => Promise<R>) => Promise<R[]>;

const allAtOnce: Schedule = (paths, step) => Promise.all(paths.map(step));

/** Hashes every file of the list with SHA-256, all asked for at once if no other schedule is named. */
export async function hashAll(readWhole: ReadFile, schedule: Schedule = allAtOnce): Promise<void> {
  const [list, folder] = process.argv.slice(2);
  if (list === undefined || folder === undefined) throw new TypeError('expected two arguments: LIST FOLDER');
  const paths = readFileSync(list, 'utf8').split('\0').filter(Boolean);
  const started = performance.now();
  const cpuBefore = process.cpuUsage();

  let settled = 0;
  const outcomes = await schedule(paths, async (path) => {
    const outcome = await hashOne(readWhole, join(folder, path));
    settled += 1;
    if (settled % 200 === 0) report({ type: 'progress', done: settled, total: paths.length });
    return outcome;
  });

  const cpu = process.cpuUsage(cpuBefore);
  const seconds = (performance.now() - started) / 1000;
  const errors = countErrors(outcomes);
  const done = outcomes.filter((outcome) => outcome.digest !== undefined).length;
  const digest = digestOfDigests(paths, outcomes);
  report({ type: 'result', done, errors, digest, seconds, cpuSeconds: (cpu.user + cpu.system) / 1e6 });
}

type Outcome = { digest: string; error?: never } | { digest?: never; error: string };

async function hashOne(readWhole: ReadFile, path: string): Promise<Outcome> {
  try {
    return {
      digest: createHash('sha256')
        .update(await readWhole(path))
        .digest('hex'),
    };
  } catch (error) {
    return { error: (error as { code?: string }).code ?? String(error) };
  }
}

function countErrors(outcomes: Outcome[]): Record<string, number> {
  const errors: Record<string, number> = {};
  for (const { error } of outcomes) if (error !== undefined) errors[error] = (errors[error] ?? 0) + 1;
  return errors;
}

/** One digest for the whole run: equal only if every file was read alike, errors included. */
function digestOfDigests(paths: string[], outcomes: Outcome[]): string {
  const all = createHash('sha256');
  outcomes.forEach((outcome, i) => all.update(`${paths[i]}\0${outcome.digest ?? outcome.error}\n`));
  return all.digest('hex');
}
