/**
 * The few globals of the host that core touches, each looked up when used and absent where the host lacks it. Core names no host
 * type: these minimal shapes stand for them, so that published types compile with lib es2022 and `types: []`.
 */

/** A timer of the host: an object with `ref` and `unref` in Node, a number in browsers. */
export type Timer = { ref?(): unknown; unref?(): unknown; refresh?(): unknown } | number;

interface EmitWarningOptions {
  readonly type?: string;
  readonly code?: string;
  readonly detail?: string;
}

export interface HostProcess {
  readonly pid?: number;
  readonly env?: Record<string, string | undefined>;
  readonly versions?: Record<string, string | undefined>;
  getBuiltinModule?(name: string): unknown;
  emitWarning?(warning: Error | string, options?: EmitWarningOptions): void;
  on?(event: string, listener: (...values: never[]) => void): unknown;
  off?(event: string, listener: (...values: never[]) => void): unknown;
  memoryUsage?: { rss?(): number };
  constrainedMemory?(): number;
}

export interface HostGlobals {
  readonly process?: HostProcess;
  readonly Bun?: { gc(force: boolean): void };
  readonly Deno?: { memoryUsage?(): { rss: number }; systemMemoryInfo?(): { total: number } };
  readonly gc?: () => void;
  setTimeout(callback: () => void, delay?: number): Timer;
  clearTimeout(timer: Timer | undefined): void;
  setImmediate?(callback: () => void): Timer;
  readonly performance: { now(): number };
  readonly console?: { warn(...values: unknown[]): void };
  readonly MessageChannel?: new () => { port1: HostPort; port2: HostPort };
}

interface HostPort {
  onmessage: (() => void) | null;
  postMessage(value: unknown, transfer?: unknown[]): void;
  close(): void;
}

export const host: HostGlobals = globalThis as unknown as HostGlobals;

/** A built-in module of Node (or of a host that has Node's), undefined elsewhere. */
export function builtin<T>(name: string): T | undefined {
  try {
    return host.process?.getBuiltinModule?.(name) as T | undefined;
  } catch {
    return undefined;
  }
}

/** Milliseconds of the monotonic clock. */
export function now(): number {
  return host.performance.now();
}

/** Does nothing to a timer that cannot be let go of: it then keeps the process alive. */
export function unref(timer: Timer): Timer {
  if (typeof timer === 'object') timer.unref?.();
  return timer;
}
