/** Peaks of operations, each measured in a process of its own. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export interface Measured {
  /** Bytes above a warm process. */
  readonly peak: number;
  readonly reserved: number;
  /** Counted still when all is disposed. */
  readonly used: number;
  /** Of the error that it ended with. */
  readonly code?: string;
}

export interface Measurement {
  readonly operation: 'decode' | 'thumbnail' | 'encode';
  readonly file: string;
  /** Small images that warm the process up. */
  readonly warm: readonly string[];
  readonly options?: object;
  readonly capacity?: number;
}

const child = fileURLToPath(new URL('children/peak.mjs', import.meta.url));

/** Why nothing can be measured here; undefined where it can. */
export const unmeasured: string | undefined = existsSync('/proc/self/clear_refs')
  ? undefined
  : 'no /proc/self/clear_refs: only Linux tells the peak of a process';

export async function measure(measurement: Measurement): Promise<Measured> {
  const { stdout } = await promisify(execFile)(process.execPath, [child, JSON.stringify(measurement)]);
  return JSON.parse(stdout) as Measured;
}

/** Does a job for each, two at a time. */
export async function twoAtATime<T>(all: readonly T[], job: (one: T) => Promise<void>): Promise<void> {
  const left = [...all];
  const work = async (): Promise<void> => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) await job(one);
  };
  await Promise.all([work(), work()]);
}
