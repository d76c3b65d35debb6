/** The descriptors of a child process, on this side. */
import type { ChildProcess } from 'node:child_process';
import { Count, type ExternalCount } from './external.ts';

/** The pipes of a child's standard streams as they are in Node: no public type says that they close like sockets. */
interface Pipe {
  readonly destroyed: boolean;
  once(event: 'close', listener: () => void): unknown;
}

/**
 * Counts the pipes of a child process in `descriptors`: one for each of `stdin`, `stdout`, `stderr` (and further ones) that is a
 * pipe, and one for the channel of a fork; each until it is closed, which may be long after the child has ended. With stdio
 * `'ignore'` or `'inherit'` there is nothing to count.
 *
 * A spawn needs some descriptors for the call itself: where many children run, await `descriptors.acquire(6)` before each.
 */
export function countChild(child: ChildProcess): ExternalCount {
  if (typeof child !== 'object' || child === null || typeof child.once !== 'function' || !('connected' in child))
    throw new TypeError(`Expected a ChildProcess, got ${child === null ? 'null' : typeof child}`);
  const count = new Count('child process');
  // A spawn that failed for want of descriptors has no streams at all.
  for (const pipe of new Set((child.stdio as readonly (Pipe | null)[] | undefined) ?? [])) {
    if (pipe === null || pipe.destroyed) continue;
    count.add(1);
    pipe.once('close', () => count.add(-1));
  }
  if (child.connected) {
    count.add(1);
    child.once('disconnect', () => count.add(-1));
  }
  return count;
}
