// Programs of several threads, each run in a process of its own. A program names roles for its workers, and what its main thread does.
import { expect } from 'vitest';
import { nodeBinary } from '../../../../scripts/runtimes.mjs';
import { useCopies, type Exit } from '../budget/copies.ts';

/** The Nodes that the main promises are held on; what cannot be had is printed. */
export const nodes: { major: number; node: string | undefined }[] = [20, 24, 26].map((major) => ({ major, node: nodeBinary(major) }));

const prelude = `
  import { Worker, threadId, workerData, parentPort } from 'node:worker_threads';
  import { SharedBudget, Budget } from '@handback/core';
  /** Starts a worker in a role; \`next\` brings what it says, \`end\` its exit code. */
  function start(role, data) {
    const worker = new Worker(new URL(import.meta.url), { workerData: { role, data }, execArgv: [] });
    const said = [], wanted = [];
    worker.on('message', (message) => (wanted.length > 0 ? wanted.shift()(message) : said.push(message)));
    const failed = [];
    worker.on('error', (error) => failed.push(error.message));
    const end = new Promise((resolve) => worker.once('exit', (code) => resolve([code, ...failed])));
    const next = () => new Promise((resolve) => (said.length > 0 ? resolve(said.shift()) : wanted.push(resolve)));
    return { worker, next, end, tell: (message) => worker.postMessage(message) };
  }
  const say = (message) => parentPort.postMessage(message);
  const heard = () => new Promise((resolve) => parentPort.once('message', resolve));
  const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const forever = () => new Promise(() => setInterval(() => {}, 1_000));
  const block = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  const tell = (value) => console.log(JSON.stringify(value));
  const roles = {};
  const kept = (globalThis.kept = []);
  const seats = (capacity) => new SharedBudget({ name: 'seats', unit: 'seat', capacity });
  /** The work of the main thread; in a worker, of its role. */
  const main = (act) => (workerData?.role === undefined ? act() : roles[workerData.role](workerData.data));
`;

/** Bundles the package for a test file, and runs programs: each line that one tells is a value of the answer. */
export function useThreads(): { run(program: string, node?: string): Promise<unknown[]>; exit(program: string, node?: string): Promise<Exit> } {
  const { run } = useCopies();
  const exit = (program: string, node?: string): Promise<Exit> => run(`${prelude}\n${program}`, { node });
  return {
    exit,
    run: async (program, node) => {
      const { code, output, errors } = await exit(program, node);
      expect(code, errors + output).toBe(0);
      return output
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as unknown);
    },
  };
}
