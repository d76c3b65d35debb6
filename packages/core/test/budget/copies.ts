// Further copies of the package in this process, and programs that run in a process of their own: bundled from the sources as they are.
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll } from 'vitest';
import { rolldown } from 'rolldown';

export type Core = typeof import('@handback/core');

export interface Exit {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

export interface RunOptions {
  /** For Node itself. */
  readonly args?: readonly string[];
  /** The Node to run on; this one by default. */
  readonly binary?: string | undefined;
  /** A limit on descriptors. */
  readonly descriptors?: number;
}

const core = fileURLToPath(new URL('../../', import.meta.url));
// Below node_modules, so that Vitest leaves the files to Node.
const cache = fileURLToPath(new URL('../../../../node_modules/.cache/', import.meta.url));

/** Bundles the package once for a test file; the folder goes with it. */
export function useCopies(): { load(): Promise<Core>; run(program: string, options?: RunOptions): Promise<Exit> } {
  let folder: string;
  let copies = 0;
  beforeAll(async () => {
    mkdirSync(cache, { recursive: true });
    folder = mkdtempSync(join(cache, 'copies-'));
    const bundle = await rolldown({
      cwd: core,
      input: { index: 'src/index.ts' },
      platform: 'neutral',
      tsconfig: join(core, 'tsconfig.json'),
      resolve: { mainFields: ['module', 'main'] },
      transform: { target: 'es2022' },
    });
    await bundle.write({ dir: join(folder, 'original'), format: 'esm', entryFileNames: '[name].mjs', chunkFileNames: '[name].mjs' });
    await bundle.close();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const copy = (): string => {
    const to = join(folder, `copy-${++copies}`);
    cpSync(join(folder, 'original'), to, { recursive: true });
    return pathToFileURL(join(to, 'index.mjs')).href;
  };
  return {
    load: () => import(/* @vite-ignore */ copy()) as Promise<Core>,
    run: (program, { args = [], descriptors, binary = process.execPath } = {}) => {
      // Programs stand beside the copies: their lines are user code.
      const path = join(folder, `program-${++copies}.mjs`);
      writeFileSync(path, program.replaceAll('@handback/core/copy', copy()).replaceAll('@handback/core', copy()));
      return new Promise((resolve) => {
        const limited = descriptors === undefined ? [] : ['sh', '-c', `ulimit -n ${descriptors}; exec "$@"`, 'sh'];
        const [command, ...rest] = [...limited, binary, ...args, path] as [string];
        execFile(command, rest, { encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '', NODE_ENV: '' } }, (error, output, errors) => {
          resolve({ code: error === null ? 0 : (error.code as unknown as number | null), output, errors });
        });
      });
    },
  };
}
