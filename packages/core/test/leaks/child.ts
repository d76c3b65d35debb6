// Runs a scenario of children/ in a process of its own: what is told at exit, by exit codes, or to a whole process cannot be seen from inside.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const { nodeBinary } = (await import(new URL('../../../../scripts/runtimes.mjs', import.meta.url).href)) as {
  nodeBinary(major: number): string | undefined;
};

export interface Outcome {
  readonly status: number | null;
  /** What the scenario printed, one value a line. */
  readonly said: unknown[];
  readonly stderr: string;
  /** The warnings on standard error, each with its detail. */
  readonly warnings: string[];
}

export interface Conditions {
  /** The Node to run on; default: this one, on the built package. Newer ones run the sources. */
  readonly major?: number | undefined;
  /** The level by the environment; default `trace`. */
  readonly leaks?: string | undefined;
  readonly env?: Record<string, string>;
  readonly flags?: readonly string[];
  readonly values?: readonly (string | number)[];
}

const here = Number(process.versions.node.split('.')[0]);

/** The Nodes that can be had; what cannot is printed by nodeBinary. */
export const majors: number[] = [...new Set([here, 24, 26])].filter((major) => nodeBinary(major) !== undefined);

/** Runs a scenario to its end. */
export function run(file: string, scenario: string, conditions: Conditions = {}): Outcome {
  const { major = here, leaks = 'trace', env = {}, flags = [], values = [] } = conditions;
  const binary = nodeBinary(major);
  if (binary === undefined) throw new Error(`no binary of Node ${major}`);
  // Types are stripped by newer Nodes alone, so the oldest runs what was built.
  const source = major >= 24 ? ['--conditions=handback-source'] : [];
  const path = fileURLToPath(new URL(`children/${file}.mjs`, import.meta.url));
  const child = spawnSync(binary, [...source, ...flags, path, scenario, ...values.map(String)], {
    encoding: 'utf8',
    timeout: 120_000,
    maxBuffer: 2 ** 26,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], NODE_ENV: 'production', HANDBACK_LEAKS: leaks, ...env },
  });
  const lines = child.stdout.split('\n').filter((line) => line !== '');
  const warnings = child.stderr
    .split(/^\(node:\d+\) /m)
    .slice(1)
    .map((text) => text.replace(/\n\(Use `node --trace-warnings.*\n/, '\n').trimEnd());
  return { status: child.status, said: lines.map((line) => JSON.parse(line) as unknown), stderr: child.stderr, warnings };
}
