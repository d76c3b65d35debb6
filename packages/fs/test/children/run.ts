/**
 * Runs a program in a process of its own under a hard limit of descriptors (Node raises the soft limit to the hard one at start, so
 * only the hard one binds). It imports the built packages, as a user's program does.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly warnings: number;
}

const fs = fileURLToPath(new URL('../../dist/index.js', import.meta.url));
const core = fileURLToPath(new URL('../../../core/dist/index.js', import.meta.url));

export function runLimited(limit: number, program: string, environment: Record<string, string> = {}, node: string = process.execPath): Outcome {
  const text = `import * as handback from ${JSON.stringify(core)};\nimport * as files from ${JSON.stringify(fs)};\nimport nodeFs from 'node:fs';\n${program}`;
  const { NODE_ENV: _mode, VITEST: _vitest, HANDBACK_LEAKS: _level, NODE_OPTIONS: _options, ...inherited } = process.env;
  const { status, stdout, stderr } = spawnSync('sh', ['-c', `ulimit -n ${limit}; exec "$0" "$@"`, node, '--input-type=module', '--eval', text], {
    encoding: 'utf8',
    env: { ...inherited, ...environment },
    timeout: 60_000,
  });
  return { status, stdout, stderr, warnings: stderr.split('ResourceLeakWarning:').length - 1 };
}
