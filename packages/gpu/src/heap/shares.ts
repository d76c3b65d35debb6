/** How a heap divides its capacity: uploads have a share of their own, which textures and buffers cannot take. */
import { Budget } from '@handback/core';
import type { GpuHeapStats } from './options.ts';

/** What all heaps are asked for. */
export interface HeapOptions {
  /** In bytes, for textures and buffers, idle ones, those that the queue is not done with, and uploads. The platform does not tell how much there is. */
  capacity: number;
  /** A budget that pays too, as the one of all heaps of a process. */
  parent?: Budget | undefined;
  /** Said in messages. Default `GPU memory`. */
  name?: string | undefined;
  /** The part of the capacity that uploads may take, and textures may not. Default 1/8. */
  staging?: number | undefined;
  /** The most bytes that are kept idle for reuse. Default: half of the capacity. */
  maxIdle?: number | undefined;
  /** What nobody has asked for again in so many milliseconds is released. Default 60,000. */
  idleTimeout?: number | undefined;
}

/** What a store counts. */
interface StoreCounts {
  readonly idleBytes: number;
  readonly retiredBytes: number;
  readonly created: number;
  readonly reused: number;
  readonly evicted: number;
}

export interface Shares {
  readonly whole: Budget;
  readonly uploads: Budget;
  readonly rest: Budget;
  readonly maxIdle: number;
  readonly idleTimeout: number;
  /** Others take from the budget above. */
  readonly isShared: boolean;
}

/** Throws RangeError for options that make no heap. */
export function sharesOf(options: HeapOptions): Shares {
  if (typeof options?.capacity !== 'number' || !(options.capacity >= 2) || !Number.isSafeInteger(options.capacity))
    throw new RangeError(`Expected \`capacity\` to be a whole number of bytes from 2 up, got ${String(options?.capacity)}`);
  if (options.parent !== undefined && typeof options.parent?.child !== 'function')
    throw new TypeError(`Expected \`parent\` to be a Budget, got ${String(options.parent)}`);
  const { capacity, parent, name = 'GPU memory', staging = 1 / 8, maxIdle = capacity / 2, idleTimeout = 60_000 } = options;
  if (!(typeof staging === 'number' && staging > 0 && staging < 1))
    throw new RangeError(`Expected \`staging\` to be a part of the capacity between 0 and 1, got ${String(staging)}`);
  for (const [option, value] of Object.entries({ maxIdle, idleTimeout })) {
    if (!(typeof value === 'number' && value >= 0)) throw new RangeError(`Expected \`${option}\` to be a number from 0 up, got ${String(value)}`);
  }
  const known = { name, capacity, unit: 'bytes' };
  const whole = parent === undefined ? new Budget(known) : parent.child(known);
  const share = Math.max(1, Math.floor(capacity * staging));
  const uploads = whole.child({ name: `${name}: uploads`, capacity: share, unit: 'bytes', oversize: 'alone' });
  const advice = `make the heap with a larger \`capacity\`, or less of it for uploads (\`staging\`, ${share} of ${capacity} bytes)`;
  const rest = whole.child({ name: `${name}: textures and buffers`, capacity: capacity - share, unit: 'bytes', advice });
  return { whole, uploads, rest, maxIdle, idleTimeout, isShared: parent !== undefined };
}

/** The counts of a heap. */
export function countsOf(whole: Budget, uploads: Budget, store: StoreCounts): GpuHeapStats {
  const { capacity, used } = whole.stats();
  const staging = uploads.stats().used;
  const { idleBytes: idle, retiredBytes: retired, created, reused, evicted } = store;
  return { live: used - staging - idle - retired, idle, retired, staging, capacity, created, reused, evicted };
}
