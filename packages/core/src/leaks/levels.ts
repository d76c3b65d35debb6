/**
 * How much is recorded about each resource. Counting always happens; lines of user code cost 60 to 1,000 times an allocation, so
 * a level decides for whom they are captured. `HANDBACK_LEAKS` sets the level from outside, `configure` from inside; the call wins.
 */
import { host } from '../runtime/host.ts';

/** off: no reports, the fallback still releases · count: numbers, no lines · sample: a line for 1 in 128 · trace: for all · strict: also each use, and a leak is a failure. */
export type LeakLevel = 'off' | 'count' | 'sample' | 'trace' | 'strict';

export interface LeakOptions {
  /** How much is recorded and reported. */
  level?: LeakLevel | undefined;
  /** At level `strict`: how many last uses a record keeps (default 4). */
  touch?: number | undefined;
  /** Print warnings (default true); events reach subscribers and channels all the same. */
  warn?: boolean | undefined;
}

export const levels: readonly LeakLevel[] = ['off', 'count', 'sample', 'trace', 'strict'];

/** One acquire in this many has its line recorded at level `sample`, and at level `count` when a budget runs full. */
export const SAMPLED = 128;

export const leakSettings: { level: LeakLevel; touch: number; warn: boolean } = { level: 'count', touch: 4, warn: true };

/** Read on the hot path: 0 no lines, 1 one in 128, 2 all. */
export let recording: 0 | 1 | 2 = 0;

/** Read on the hot path: each use is noted. */
export let notesUses = false;

/** True where warnings are printed. */
export function warns(): boolean {
  return leakSettings.warn && leakSettings.level !== 'off';
}

export function configureLeaks(options: LeakOptions): void {
  const { level = leakSettings.level, touch = leakSettings.touch, warn = leakSettings.warn } = options;
  if (!levels.includes(level)) throw new TypeError(`Expected \`level\` to be one of ${levels.join(', ')}, got ${String(level)}`);
  if (!Number.isSafeInteger(touch) || touch < 0) throw new TypeError(`Expected \`touch\` to be a whole number from 0 up, got ${String(touch)}`);
  leakSettings.level = level;
  leakSettings.touch = touch;
  leakSettings.warn = warn;
  recording = level === 'trace' || level === 'strict' ? 2 : level === 'sample' ? 1 : 0;
  notesUses = level === 'strict';
}

// The first is taken: the first warning is to name a line if any can.
let countdown = 1;

/** True once in 128 calls. A plain counter: a program that repeats with just this period would have one line sampled for ever, so it wobbles. */
export function sampled(): boolean {
  if (--countdown > 0) return false;
  countdown = SAMPLED / 2 + Math.floor(Math.random() * SAMPLED);
  return true;
}

/** Reads `level[,touch=N]`; what it does not know it says once, and keeps the default. */
function readEnvironment(): LeakOptions {
  let text: string | undefined;
  let mode: string | undefined;
  try {
    text = host.process?.env?.['HANDBACK_LEAKS'];
    mode = host.process?.env?.['NODE_ENV'];
  } catch {
    // Reading the environment is not permitted: the defaults hold.
  }
  const options: LeakOptions = { level: mode === 'development' || mode === 'test' ? 'trace' : 'count' };
  for (const part of text?.split(',') ?? []) {
    const [name = '', value] = part.trim().split('=');
    if (value === undefined && levels.includes(name as LeakLevel)) options.level = name as LeakLevel;
    else if (name === 'touch' && /^\d{1,9}$/.test(value ?? '')) options.touch = Number(value);
    else if (name !== '') {
      host.process?.emitWarning?.(
        `HANDBACK_LEAKS: '${part}' is not known, and ignored. Expected a level (${levels.join(', ')}), then touch=N, as in HANDBACK_LEAKS=strict,touch=8.`,
        { type: 'HandbackWarning', code: 'HANDBACK_LEAKS' },
      );
    }
  }
  return options;
}

configureLeaks(readEnvironment());
