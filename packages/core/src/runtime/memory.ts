/** What the host tells of memory: the limit that holds for this process, and what is resident. Absent where the host does not say. */
import { builtin, host } from './host.ts';

/** Bytes this process may use: the control group's limit, or the machine's memory; undefined where neither is known. */
export function memoryLimit(): number | undefined {
  try {
    const machine = builtin<{ totalmem(): number }>('node:os')?.totalmem() ?? host.Deno?.systemMemoryInfo?.().total;
    const group = host.process?.constrainedMemory?.() ?? 0;
    // An unlimited group reports 0, or a number close to 2 ** 63.
    if (machine === undefined || machine <= 0) return group > 0 && group < 2 ** 53 ? group : undefined;
    return group > 0 && group < machine ? group : machine;
  } catch {
    return undefined;
  }
}

interface Fs {
  openSync(path: string, flags: string): number;
  readSync(fd: number, buffer: Uint8Array, offset: number, length: number, position: number): number;
  closeSync(fd: number): void;
}

/** Reads resident memory again and again; it owns what it needs, so that it works when no descriptor is left. */
export interface ResidentMeter extends Disposable {
  /** Bytes resident; undefined where the host does not say. */
  read(): number | undefined;
}

/** A meter on `/proc/self/statm`, kept open; else on the host's own call. */
export function openResidentMeter(): ResidentMeter {
  return openStatm() ?? { read: residentByHost, [Symbol.dispose]: () => {} };
}

function residentByHost(): number | undefined {
  try {
    return host.process?.memoryUsage?.rss?.() ?? host.Deno?.memoryUsage?.().rss;
  } catch {
    return undefined; // Without a free descriptor Node's own call throws EMFILE.
  }
}

function openStatm(): ResidentMeter | undefined {
  const fs = builtin<Fs>('node:fs');
  const rss = residentByHost();
  if (fs === undefined || rss === undefined || rss === 0) return undefined;
  let fd: number;
  try {
    fd = fs.openSync('/proc/self/statm', 'r');
  } catch {
    return undefined;
  }
  const buffer = new Uint8Array(128);
  const pages = (): number => {
    const length = fs.readSync(fd, buffer, 0, buffer.length, 0);
    let text = '';
    for (let index = 0; index < length; index++) text += String.fromCharCode(buffer[index] as number);
    return Number(text.split(' ')[1]);
  };
  // The file counts pages, and no call tells their size: the power of two nearest to what the host's own call says.
  const page = 2 ** Math.round(Math.log2(rss / pages()));
  if (!Number.isFinite(page)) {
    fs.closeSync(fd);
    return undefined;
  }
  return { read: () => pages() * page, [Symbol.dispose]: () => fs.closeSync(fd) };
}
