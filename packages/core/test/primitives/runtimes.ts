// Runs a module in a child process on a given Node, and takes what it prints as JSON (talk.ts).
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const { nodeBinary } = (await import(new URL('../../../../scripts/runtimes.mjs', import.meta.url).href)) as {
  nodeBinary(major: number): string | undefined;
};

export interface Runtime {
  /** Runs a module to its end; throws what it wrote to its standard error if it failed. */
  run<T>(module: string | URL, input?: unknown): T;
}

/** A Node of that major version; undefined where its binary cannot be had, and then nodeBinary has printed why. */
export function runtime(major: number): Runtime | undefined {
  const binary = nodeBinary(major);
  if (binary === undefined) return undefined;
  return {
    run<T>(module: string | URL, input: unknown = null): T {
      const path = module instanceof URL ? fileURLToPath(module) : module;
      const child = spawnSync(binary, [path], {
        input: JSON.stringify(input),
        encoding: 'utf8',
        maxBuffer: 2 ** 28,
        env: { ...process.env, NODE_OPTIONS: '' },
      });
      if (child.status !== 0) throw new Error(`${path} failed on Node ${major}:\n${child.error?.message ?? child.stderr}`);
      return JSON.parse(child.stdout) as T;
    },
  };
}
