// Runs one strategy in a process of its own, limited where it should be, and watched from outside: its resident memory and its open
// descriptors are read from /proc every few milliseconds, which works while the child's only thread is busy.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { extname } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Message } from './children/report.ts';
import { Sampler, type Sample } from './sampler.ts';

export interface ChildOptions {
  /** The program and its arguments, as `nodeChild` and `pythonChild` give them. */
  command: string[];
  /** The hard limit of open descriptors. Node raises its soft limit to the hard one as it starts, so the hard one has to be lowered. */
  descriptorLimit?: number | undefined;
  environment?: Record<string, string> | undefined;
  /** How often the child is looked at, in ms. */
  sampleEvery?: number | undefined;
  onProgress?: ((done: number, total: number) => void) | undefined;
}

export interface ChildReport {
  exitCode: number | null;
  /** The fields of the child's result message; undefined if it sent none. */
  result: Record<string, unknown> | undefined;
  /** When each mark came, in ms of the parent's clock, with what the child held then. */
  marks: Partial<Record<'start' | 'last' | 'end', Sample>>;
  samples: Sample[];
  /** What the child wrote to standard error, line by line. */
  stderr: string[];
}

const LONGEST_MS = 90_000;

/** The command line for one of this job's own children, from the build or from source, whichever is running now. */
export function nodeChild(name: string, childArguments: string[] = [], flags: string[] = []): string[] {
  const script = fileURLToPath(new URL(`./children/${name}${extname(import.meta.filename)}`, import.meta.url));
  return [process.execPath, '--enable-source-maps', ...process.execArgv, ...flags, script, ...childArguments];
}

/** The command line for a Python child, or undefined where that interpreter is not installed. */
export function pythonChild(interpreter: 'python3' | 'pypy3', name: string, ...childArguments: string[]): string[] | undefined {
  const { status } = spawnSync(interpreter, ['-c', 'import ctypes'], { stdio: 'ignore' });
  const script = fileURLToPath(new URL(`../../src/job/children/${name}.py`, import.meta.url)); // not compiled, so not in dist
  return status === 0 ? [interpreter, script, ...childArguments] : undefined;
}

/** Whether descriptors can be limited here: a POSIX shell has `ulimit`. */
export const canLimitDescriptors: boolean = existsSync('/bin/sh');

/** Runs a child to its end. */
export async function runChild(options: ChildOptions): Promise<ChildReport> {
  const child = start(options);
  using sampler = new Sampler(child.pid, options.sampleEvery ?? 10);
  const report: ChildReport = { exitCode: null, result: undefined, marks: {}, samples: sampler.samples, stderr: [] };
  const receive = (line: string): void => {
    const message = JSON.parse(line) as Message;
    if (message.type === 'progress') options.onProgress?.(message.done, message.total);
    else if (message.type === 'mark') report.marks[message.name] = sampler.look();
    else report.result = message;
  };
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  createInterface({ input: child.stdout! }).on('line', receive);
  createInterface({ input: child.stderr! }).on('line', (line) => report.stderr.push(line));
  report.exitCode = await ended;
  return report;
}

function start({ command, descriptorLimit, environment }: ChildOptions): ChildProcess {
  const [program, ...rest] = descriptorLimit === undefined ? command : ['/bin/sh', '-c', `ulimit -n ${descriptorLimit} && exec "$@"`, 'sh', ...command];
  return spawn(program!, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
    timeout: LONGEST_MS,
    killSignal: 'SIGKILL',
  });
}
