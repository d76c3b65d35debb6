/**
 * The memory watch: resident memory is sampled, and when it has grown past a trigger everything idle is evicted and garbage
 * collected. The rule of the trigger is that of GNOME's JavaScript (GJS): above it, it is set to 1.25 times what is resident after
 * the collection; when that falls below three quarters of it, it follows down.
 */
import { collectGarbage } from '../memory/collect.ts';
import { fullIsDue } from '../runtime/collector.ts';
import { host, unref, type Timer } from '../runtime/host.ts';
import { openResidentMeter } from '../runtime/memory.ts';
import { LONGEST_DELAY } from '../runtime/turn.ts';
import { show } from './amounts.ts';
import { evictIdle } from './reclaim.ts';

/** What a memory watch saw. */
export interface MemoryPressure {
  /** Bytes resident when the trigger was passed, and after evicting and collecting. */
  readonly resident: number;
  readonly after: number;
  readonly trigger: number;
}

/** Options of watchMemory. */
export interface WatchMemoryOptions {
  /** Bytes resident above which to act, whatever the growth. Default: none. */
  limit?: number | undefined;
  /** Growth, as a factor on what was resident, above which to act. Default 1.25. */
  growth?: number | undefined;
  /** Milliseconds between two looks. Default 100. */
  interval?: number | undefined;
  /** Told after each time that it acted. */
  onPressure?: ((pressure: MemoryPressure) => void) | undefined;
}

/**
 * Watches the resident memory of the process; when it has grown, idle things in pools, caches and process-wide budgets are evicted and garbage is
 * collected, at most a sixth of the time. It does not keep the process alive, and does nothing where the host does not tell what
 * is resident. Throws RangeError for a limit, growth or interval that is no positive number.
 */
export function watchMemory(options: WatchMemoryOptions = {}): Disposable {
  const { limit = Number.POSITIVE_INFINITY, growth = 1.25, interval = 100, onPressure } = options;
  requirePositive(limit, 'limit');
  requirePositive(interval, 'interval');
  if (typeof growth !== 'number' || !(growth > 1)) throw new RangeError(`Expected \`growth\` to be a factor above 1, got ${show(growth)}`);
  const meter = openResidentMeter();
  let trigger = Math.min(limit, (meter.read() ?? Number.POSITIVE_INFINITY) * growth);
  let ended = false;
  let timer: Timer;

  const look = async (): Promise<void> => {
    const resident = meter.read();
    if (resident === undefined) return;
    if (resident <= trigger || !fullIsDue()) {
      if (resident < trigger * 0.75) trigger = Math.min(limit, resident * growth);
      return;
    }
    evictIdle();
    await collectGarbage();
    if (ended) return;
    const after = meter.read() ?? resident;
    // Above the limit for good: what is held is held, and looking again at once would find the same.
    trigger = Math.max(Math.min(limit, after * growth), after * 1.05);
    onPressure?.({ resident, after, trigger });
  };
  const next = (): void => {
    timer = unref(
      host.setTimeout(
        () => {
          void look().then(
            () => ended || next(),
            (error: unknown) => {
              ended || next();
              host.process?.emitWarning?.(`The memory watch failed: ${String(error)}`, { type: 'HandbackWarning', code: 'HANDBACK_WATCH' });
            },
          );
        },
        Math.min(interval, LONGEST_DELAY),
      ),
    );
  };
  next();
  return {
    [Symbol.dispose]: () => {
      if (ended) return;
      ended = true;
      host.clearTimeout(timer);
      meter[Symbol.dispose]();
    },
  };
}

function requirePositive(value: unknown, what: string): void {
  if (typeof value !== 'number' || !(value > 0)) throw new RangeError(`Expected \`${what}\` to be a number above 0, got ${show(value)}`);
}
