// Looks at another process from outside, through /proc. Where there is no /proc, nothing is seen and nothing is made up.
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

export interface Sample {
  /** When, in ms of this process's clock. */
  time: number;
  /** Resident memory, in bytes. */
  resident: number;
  /** Open descriptors. */
  descriptors: number;
}

/** Whether this platform shows other processes' memory and descriptors. */
export const canSample: boolean = statSync('/proc/self/statm', { throwIfNoEntry: false }) !== undefined;

const pageSize = canSample ? Number(execFileSync('getconf', ['PAGESIZE'], { encoding: 'utf8' })) : 0;

/** Samples a process every `every` ms until it is disposed. */
export class Sampler implements Disposable {
  readonly samples: Sample[] = [];
  readonly #pid: number | undefined;
  readonly #timer: NodeJS.Timeout;

  constructor(pid: number | undefined, every: number) {
    this.#pid = pid;
    this.#timer = setInterval(() => this.look(), every);
  }

  /** Takes one sample now; zeros where there is nothing to see (any more). */
  look(): Sample {
    const sample = { time: performance.now(), resident: 0, descriptors: 0 };
    if (!canSample || this.#pid === undefined) return sample;
    try {
      sample.resident = Number(readFileSync(`/proc/${this.#pid}/statm`, 'utf8').split(' ')[1]) * pageSize;
      sample.descriptors = statSync(`/proc/${this.#pid}/fd`).size; // the exact number, since Linux 6.2; 0 before
    } catch {
      return sample; // it has ended
    }
    if (sample.resident > 0) this.samples.push(sample);
    return sample;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
