/**
 * Whether an acquire was bound to its flow by a `using` declaration: then it is given back when that block ends, and not before, by
 * whoever. What was not may have been handed on to somebody who still works with it, and nothing tells. So an acquire that waits for
 * what its own flow holds is known to wait in vain only where all of it is bound. Looked at by level `strict` alone.
 */
import { isIn, type Flow } from '../runtime/flow.ts';
import { capture, callDepth } from './site.ts';

const keys = [Symbol.dispose, Symbol.asyncDispose] as const;

/** A declaration reads the method that it will call at the end: `owner` has accessors in their place until the first read. */
export function watchBinding(owner: object, flow: Flow): void {
  const watched: symbol[] = [];
  for (const key of keys) {
    // A class of the author's own may have set its own: that stays.
    if (!(key in owner) || Object.hasOwn(owner, key)) continue;
    const get = (): unknown => {
      for (const each of watched) Reflect.deleteProperty(owner, each);
      // In a function that the flow has called it would be that function's block: the flow does not wait for it.
      if (isIn(flow) && callDepth(capture(get)) === 1) flow.bound = true;
      return (owner as { [key: symbol]: unknown })[key];
    };
    if (Reflect.defineProperty(owner, key, { configurable: true, enumerable: false, get })) watched.push(key);
  }
}
