/** What chromium's GPU process takes, by the system's own books. */
import { readdirSync, readFileSync } from 'node:fs';

/** In bytes. */
export interface GpuMemory {
  readonly now: number;
  /** The most since the process began. */
  readonly peak: number;
}

/** Of the browser that this process has started; others on the machine are not looked at. */
export function gpuMemory(): GpuMemory {
  const found = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && isGpuProcess(pid) && descends(pid));
  if (found.length !== 1) throw new Error(`Expected one GPU process, found ${found.length}`);
  const status = read(`/proc/${found[0]}/status`);
  const of = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1_024;
  return { now: of('VmRSS'), peak: of('VmHWM') };
}

function isGpuProcess(pid: string): boolean {
  // Chromium rewrites its command line: arguments may be parted by zeros or by spaces.
  return read(`/proc/${pid}/cmdline`).includes('--type=gpu-process');
}

function descends(pid: string): boolean {
  for (let at = pid; at !== '' && at !== '0'; at = /^PPid:\s+(\d+)/m.exec(read(`/proc/${at}/status`))?.[1] ?? '') {
    if (at === String(process.pid)) return true;
  }
  return false;
}

/** Empty where the process has ended meanwhile. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
