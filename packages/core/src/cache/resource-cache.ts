/**
 * A cache of shared handles: one resource a key, opened once however many ask for it, kept when nobody uses it, and evicted when its
 * room is wanted. The cache holds one handle of its own on each resource, and every user one more: the last user to leave makes it
 * idle, and what is in use cannot be evicted, since its users own it too.
 */
import { checkWait, type WaitOptions } from '../budget/admit.ts';
import { show } from '../budget/amounts.ts';
import { collectWhile } from '../budget/reclaim.ts';
import { AcquireTimeoutError, ClosedError } from '../errors/index.ts';
import { detailsOfShare, recordOf, type AsyncHandle } from '../handle/async-handle.ts';
import type { OwnOptions, Requested, ResourceKind } from '../handle/definition.ts';
import type { Kind } from '../handle/kind.ts';
import { recording, sampled } from '../leaks/levels.ts';
import { isOpen, type Details, type ResourceRecord } from '../leaks/record.ts';
import { capture, siteOf, type Site } from '../leaks/site.ts';
import { SuppressedError } from '../primitives/index.ts';
import { Attempt } from './attempt.ts';
import { Count } from './count.ts';
import { Entry } from './entry.ts';
import { follow, type Follower } from './follower.ts';
import { isAlone, lend, tellWhenAlone, type Lender } from './lend.ts';
import { requireOptions, type CacheOptions, type CacheStats } from './options.ts';
import { Releases } from './releases.ts';
import { Shelf } from './shelf.ts';

const NOTHING: WaitOptions = {};

/**
 * Shares resources by key: whoever acquires a key that is open gets one more handle on it. Idle ones stay open until `max`, a full
 * budget, or `idleTimeout` evicts them, least recently used first; one in use is never evicted.
 *
 * *When to use*: for what several parts of a program use at once, and may use alike: opened files, decoded tiles, connections that
 * many requests can share. For what one user at a time needs, take a Pool.
 *
 * ```ts
 * await using tiles = new ResourceCache(tileKind, { key: ({ z, x, y }) => `${z}/${x}/${y}`, max: 256 });
 * using tile = await tiles.acquire({ z: 3, x: 1, y: 2 });
 * ```
 */
export class ResourceCache<H extends AsyncHandle<unknown>, Request = void> implements AsyncDisposable {
  readonly #kind: Kind<unknown, Request, H>;
  readonly #key: (request: Request) => string;
  readonly #site: Site | undefined;
  readonly #count: Count;
  readonly #releases = new Releases();
  readonly #shelf: Shelf<H>;
  readonly #lender: Lender<H>;
  /** What an acquire shares: open, or on its way. */
  readonly #entries = new Map<string, Entry<H>>();
  /** What is on its way, also where it was evicted meanwhile. */
  readonly #openings = new Set<Entry<H>>();
  #closing: Promise<void> | undefined = undefined;
  #closed = false;

  /** Throws TypeError or RangeError for options that make no cache, and for a kind that opens nothing. */
  constructor(kind: ResourceKind<unknown, Request, H>, options: CacheOptions<Request>) {
    const { kind: own, key, max, idleTimeout } = requireOptions<H, Request>(kind, options);
    this.#kind = own;
    this.#key = key;
    // What no user holds belongs to the line that made the cache. Read at once: unread, it would keep alive what stands on the stack.
    if (recording === 2 || (recording === 1 && sampled())) this.#site = siteOf(own.kind, capture(ResourceCache));
    this.#count = new Count(own.kind, max);
    this.#shelf = new Shelf(this.#count, this.#releases, idleTimeout, (entry) => this.#evict(entry));
    this.#lender = { rest: (entry) => this.#rest(entry) };
  }

  /**
   * Shares what is open under the request's key, or opens it: once, for all who ask meanwhile, with the priority of the first. Each
   * goes by its own signal and time-out, and takes nothing from the others; when all have gone, the opener's signal fires, and what
   * comes all the same is kept idle. Rejects as the kind's acquire does, a failed opening for all who wait for it; the next acquire
   * tries anew. ClosedError once the cache is disposed.
   */
  acquire(...args: Requested<Request, WaitOptions>): Promise<H> {
    const [request, options = NOTHING] = args as [Request, WaitOptions?];
    try {
      return this.#acquire(request, options);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #acquire(request: Request, options: WaitOptions): Promise<H> {
    const key = this.#keyOf(request);
    const details = this.#detailsFor(options);
    // Asked last: the caller's code that ran may have disposed the cache.
    if (this.#closed) throw this.#closedError('it admits nothing any more');
    let entry = this.#entries.get(key);
    if (entry?.own !== undefined) {
      const { record } = entry.own;
      if (isOpen(record)) {
        this.#shelf.take(entry);
        return Promise.resolve(lend<H>(record, details));
      }
      // A class of the author's own has disposed the cache's handle: what is shared with users lives on, and a new one is opened.
      void this.#evict(entry);
      entry = undefined;
    }
    if (entry !== undefined) return follow(entry, details, options);
    entry = new Entry<H>(key);
    this.#entries.set(key, entry);
    const handle = follow(entry, details, options);
    void this.#open(entry, request, options.priority);
    return handle;
  }

  /**
   * Has no acquire share what is open, or being opened, under a key: the next one opens anew. Released now where it is idle, else by
   * its last user, who may also detach it. Unknown keys: nothing. What the release throws becomes an event.
   */
  evict(key: string): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) void this.#evict(entry);
  }

  /** Evicts every key. */
  evictAll(): void {
    for (const entry of [...this.#entries.values()]) void this.#evict(entry);
  }

  stats(): CacheStats {
    let size = 0;
    for (const { own } of this.#entries.values()) if (own !== undefined) size++;
    return { size, idle: this.#shelf.size, opening: this.#openings.size };
  }

  /**
   * Closes it: those who wait, and later acquires, get ClosedError; idle resources are released now, those in use by their last user.
   * Resolves when all are released, openings under way included; rejects with what its own releases threw. Again: the same promise.
   */
  disposeAsync(): Promise<void> {
    // Set before anything is released: a release may ask for it again.
    if (this.#closing === undefined) {
      let start!: () => void;
      this.#closing = new Promise<void>((resolve) => (start = resolve)).then(() => this.#ended());
      this.#close();
      start();
    }
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.disposeAsync();
  }

  #close(): void {
    this.#closed = true;
    this.#releases.failures = [];
    this.#shelf.close();
    const error = this.#closedError('nobody waits for it any more');
    for (const { attempt } of this.#openings) attempt?.stop(error);
    const followers = [...this.#openings].flatMap((entry) => [...entry.followers]);
    for (const entry of this.#openings) entry.followers.clear();
    for (const follower of followers) follower.refuse(error);
    this.evictAll();
  }

  async #ended(): Promise<void> {
    // What is in use may have been forgotten.
    void collectWhile(this.#count, () => true);
    await this.#count.emptied();
    await this.#releases.ended();
    const failures = this.#releases.failures ?? [];
    if (failures.length > 0) throw failures.reduce((before, failure) => new SuppressedError(failure, before));
  }

  /** Opens an entry for those who follow it, and for those who come meanwhile. Never rejects. */
  async #open(entry: Entry<H>, request: Request, priority: number | undefined): Promise<void> {
    const wanted = { kind: this.#kind, count: this.#count, request, key: entry.key, priority, site: this.#site, makeRoom: () => this.#shelf.evictForLine() };
    this.#openings.add(entry);
    for (;;) {
      const attempt = (entry.attempt = new Attempt(this.#kind.kind, entry.key));
      let handle: H;
      try {
        handle = await attempt.run(wanted);
      } catch (error) {
        if (this.#refuse(entry, attempt, error)) continue;
        return;
      }
      this.#openings.delete(entry);
      entry.attempt = undefined;
      this.#handOut(entry, handle);
      return;
    }
  }

  /** After a try that failed. True where some still wait for the next one. */
  #refuse(entry: Entry<H>, attempt: Attempt, error: unknown): boolean {
    const { followers } = entry;
    // They came after this try was told to stop; or the line has stalled, and they said themselves how long they wait.
    const stalled = attempt.phase === 'wait' && error instanceof AcquireTimeoutError;
    const refused = attempt.stopped ? [] : [...followers].filter((follower) => !stalled || !follower.hasTimeout);
    for (const follower of refused) followers.delete(follower);
    const isOver = followers.size === 0;
    if (isOver) {
      this.#openings.delete(entry);
      entry.attempt = undefined;
      this.#forget(entry);
    }
    for (const follower of refused) follower.refuse(error);
    return !isOver;
  }

  /** Hands an entry that has come to all who wait for it. */
  #handOut(entry: Entry<H>, handle: H): void {
    const record = recordOf(handle) as ResourceRecord;
    entry.own = { handle, record };
    tellWhenAlone(entry, record, this.#lender);
    entry.handingOut = true;
    const followers: Follower<H>[] = [...entry.followers];
    entry.followers.clear();
    for (const follower of followers) follower.give(() => lend<H>(record, follower.details));
    entry.handingOut = false;
    if (entry.evicted) void this.#evict(entry);
    else if (isAlone(record)) this.#rest(entry);
  }

  /** Nobody uses it any more, for now. */
  #rest(entry: Entry<H>): void {
    if (!entry.handingOut && !entry.evicted) this.#shelf.put(entry);
  }

  #evict(entry: Entry<H>): Promise<void> | undefined {
    entry.evicted = true;
    this.#forget(entry);
    this.#shelf.take(entry);
    const { own } = entry;
    // On its way, or just being handed out: then it is given up when that is done.
    if (own === undefined || entry.handingOut) return undefined;
    entry.own = undefined;
    return this.#releases.begin(own.handle, own.record);
  }

  #forget(entry: Entry<H>): void {
    if (this.#entries.get(entry.key) === entry) this.#entries.delete(entry.key);
  }

  #keyOf(request: Request): string {
    const key: unknown = this.#key(request);
    if (typeof key === 'string') return key;
    throw new TypeError(`Cache of ${this.#kind.kind}: expected \`key\` to answer a text, got ${show(key)}`);
  }

  /** The label and the line of who acquires; throws for options that it cannot go by. */
  #detailsFor(options: WaitOptions): Details {
    checkWait(options);
    const { label } = options;
    if (label !== undefined && typeof label !== 'string') throw new TypeError(`Expected \`label\` to be a text, got ${show(label)}`);
    if ((options as OwnOptions).parent !== undefined)
      throw new TypeError(
        `Cache of ${this.#kind.kind}: what is shared has no \`parent\`, since others may use it for longer. Acquire it from its kind instead.`,
      );
    return detailsOfShare(label, ResourceCache.prototype.acquire);
  }

  #closedError(why: string): ClosedError {
    return new ClosedError(`Cache of ${this.#kind.kind} was disposed: ${why}. Acquire before it is disposed, or from a new one.`, { kind: this.#kind.kind });
  }
}
