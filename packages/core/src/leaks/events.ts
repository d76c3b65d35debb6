/**
 * What happened, as plain data: to subscribers, and to `node:diagnostics_channel` where someone listens there. A listener that
 * throws is reported and stops nobody: events come out of finalizers, where a throw would end the process.
 */
import { builtin, host } from '../runtime/host.ts';
import type { Frame } from './site.ts';
import type { LeakLevel } from './levels.ts';

/** A leak, or another thing that went wrong with a resource and could be told to nobody directly. Plain and cloneable. */
export interface LeakEvent {
  readonly v: 1;
  /**
   * leak: forgotten, found and released · release-error, reset-error: a release, or a pool's reset, threw with nobody to tell ·
   * use-after-dispose: a guard threw `error` · overdue: a lease is out for longer than its pool allows · returned: an overdue one came back ·
   * dispose-timeout: a dispose has not ended after ten seconds.
   */
  readonly event: 'leak' | 'release-error' | 'reset-error' | 'use-after-dispose' | 'overdue' | 'returned' | 'dispose-timeout';
  readonly kind: string;
  readonly code: string;
  readonly id: number;
  readonly label: string | undefined;
  readonly site: { readonly key: string; readonly frames: readonly Frame[] } | undefined;
  /** At level `strict`: the last uses, newest first, and where it was disposed. */
  readonly touches: readonly string[] | undefined;
  readonly disposedAt: string | undefined;
  readonly bytes: number;
  readonly ageMs: number;
  /** Counts of this site (at level `count`: of this kind): new since the last report, and in all. */
  readonly count: { readonly new: number; readonly total: number };
  readonly how: 'finalizer' | 'sweep' | 'dispose' | 'use';
  readonly level: LeakLevel;
  readonly parentId: number | undefined;
  readonly pid: number | undefined;
  readonly error: unknown;
}

export type LeakListener = (event: LeakEvent) => void;

const listeners = new Set<LeakListener>();

/** Calls `listener` for each event, until the returned subscription is disposed. */
export function subscribe(listener: LeakListener): Disposable {
  if (typeof listener !== 'function') throw new TypeError(`Expected \`listener\` to be a function, got ${typeof listener}`);
  // An entry of its own, so that the same function subscribed twice is called twice and ended one at a time.
  const entry: LeakListener = (event) => listener(event);
  listeners.add(entry);
  return { [Symbol.dispose]: () => void listeners.delete(entry) };
}

interface Channel {
  readonly hasSubscribers: boolean;
  publish(message: unknown): void;
}

export type ChannelName = 'acquire' | 'dispose' | 'budget' | LeakEvent['event'];

const channels = new Map<ChannelName, Channel | undefined>();

/** The diagnostics channel `handback:NAME`; undefined where the host has none. */
export function channel(name: ChannelName): Channel | undefined {
  if (!channels.has(name)) {
    const module = builtin<{ channel(name: string): Channel }>('node:diagnostics_channel');
    channels.set(name, module?.channel(`handback:${name}`));
  }
  return channels.get(name);
}

/** True where somebody listens: what would be said of a wrong use is put together only then. */
export function isHeard(event: LeakEvent['event']): boolean {
  return listeners.size > 0 || channel(event)?.hasSubscribers === true;
}

/** A thrown value in words, whatever it is. */
export function textOf(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return 'a value that has no text';
  }
}

/** Tells everyone who listens. Never throws. */
export function emit(event: LeakEvent): void {
  for (const listener of [...listeners]) {
    try {
      listener(event);
    } catch (error) {
      host.process?.emitWarning?.(`A leak listener threw: ${textOf(error)}`, { type: 'HandbackWarning', code: 'HANDBACK_LISTENER' });
    }
  }
  const named = channel(event.event);
  if (named?.hasSubscribers === true) named.publish(event);
}
