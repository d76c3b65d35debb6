/**
 * How many descriptors this process may have, and how many it has. Both are read in ways that still work when none is left, as far
 * as the platform allows: the limit is cached, the number of open ones comes from a stat, not from a listing.
 */
import { openSync, readSync, statSync } from 'node:fs';

/** More than this is of no use to a budget: Linux raises the limit to 2 ** 20 at most by default. */
const MOST = 2 ** 20;
/** Windows: what the C runtime allows for `fs.open`. */
const WINDOWS = 8_192;
/** Where nothing is known: the smallest default there is (macOS). */
const SMALLEST = 256;

let cached: number | undefined;

/** The soft limit on open descriptors; read anew where it can be, else as it was when it last could. */
export function descriptorLimit(): number {
  cached = readLimit() ?? cached ?? (process.platform === 'win32' ? WINDOWS : SMALLEST);
  return cached;
}

// `/proc/self/limits` is kept open from the first look: at EMFILE, when the limit is looked at again, nothing can be opened.
let limitsFile: number | undefined;
const buffer = Buffer.alloc(4_096);

function readLimit(): number | undefined {
  if (process.platform === 'win32') return undefined;
  try {
    limitsFile ??= openSync('/proc/self/limits', 'r');
    const text = buffer.toString('latin1', 0, readSync(limitsFile, buffer, 0, buffer.length, 0));
    return parseLimit(/^Max open files\s+(\S+)/m.exec(text)?.[1]);
  } catch (error) {
    if (limitsFile !== undefined || cached !== undefined) return undefined;
    // None is left at the first look: as many as are open are all there are. No report, which may never end now.
    return isFull(error) ? openDescriptors() : reportedLimit();
  }
}

function isFull(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EMFILE';
}

/** Where there is no `/proc`: once, since a report costs hundreds of times as much (and on an exhausted Node 26 never ends). */
function reportedLimit(): number | undefined {
  try {
    const report = process.report?.getReport() as { userLimits?: { open_files?: { soft?: unknown } } } | undefined;
    return parseLimit(report?.userLimits?.open_files?.soft);
  } catch {
    return undefined;
  }
}

function parseLimit(value: unknown): number | undefined {
  if (value === 'unlimited') return MOST;
  const limit = Number(value);
  return Number.isSafeInteger(limit) && limit > 0 ? Math.min(limit, MOST) : undefined;
}

/** How many descriptors are open in this process; undefined where the platform does not say. Exact on Linux from 6.2 on. */
export function openDescriptors(): number | undefined {
  try {
    const { size } = statSync('/proc/self/fd');
    return size > 0 ? size : undefined;
  } catch {
    return undefined;
  }
}
