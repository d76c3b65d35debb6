/** Entries: what a cache has under a key, open or on its way. */
import type { AsyncHandle } from '../handle/async-handle.ts';
import type { ResourceRecord } from '../leaks/record.ts';
import type { Attempt } from './attempt.ts';
import type { Follower } from './follower.ts';

/** One key of a cache. */
export class Entry<H extends AsyncHandle<unknown>> {
  readonly key: string;
  /** The try to open it that is under way. */
  attempt: Attempt | undefined = undefined;
  /** Those who wait for it to be opened, in the order in which they came. */
  readonly followers: Set<Follower<H>> = new Set();
  /** The cache's own handle, one of those that share the resource, and its record. Undefined before it is open, and once it was given up. */
  own: { readonly handle: H; readonly record: ResourceRecord } | undefined = undefined;
  /** No acquire shares it any more. */
  evicted = false;
  /** It is being handed out to those who waited: whoever is quick to leave must not make it idle before the others have it. */
  handingOut = false;
  /** Its place among the idle (shelf.ts): since when, by stamps of all caches and by ticks of its own. */
  stamp = 0;
  tick = 0;
  before: Entry<H> | undefined = undefined;
  after: Entry<H> | undefined = undefined;

  constructor(key: string) {
    this.key = key;
  }
}
