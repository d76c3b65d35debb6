/** The cache of files: what app code makes and asks. */
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Mode, OpenMode } from 'node:fs';
import { defineResource, DisposedError, type Handle, type OwningKind, type OwnOptions } from '@handback/core';
import { cachedFiles, type CachedFile } from './cached-file.ts';
import { Entry, type DescriptorRequest } from './descriptor.ts';
import { flagsForAgain, flagsOf, makesAnew } from '../flags.ts';
import { identityAt, inodeOf, type Identity } from './identity.ts';
import { settingsOf, type FileCacheOptions } from './options.ts';
import { Table } from './table.ts';

/** The counts of a FileCache. */
export interface FileCacheStats {
  readonly capacity: number;
  /** Cached files that are held. */
  readonly files: number;
  /** Descriptors that are open. */
  readonly open: number;
  /** Of these, the ones that nothing uses. */
  readonly idle: number;
  /** Openings that wait for a descriptor, or are in the thread pool. */
  readonly opening: number;
  /** The most descriptors ever open, or being opened, at once. */
  readonly peak: number;
  /** Operations that found their file open, and those that had to open it. */
  readonly hits: number;
  readonly misses: number;
  /** Files closed for the room of others. */
  readonly evicted: number;
}

/** A cache that was forgotten is found by this handle, and its descriptors are closed. */
const tables: OwningKind<Table, Handle<Table>> = defineResource({
  kind: 'file cache',
  release: (table: Table) => table.close(),
  describe: (table) => `${table.options.name} of ${table.options.capacity}`,
  module: import.meta.url,
});

/**
 * Keeps many files open on few descriptors: each is opened again when it is needed, and the least recently used one is closed for
 * it. What is in use, or pinned, is never closed. Its descriptors are paid by `descriptors`, and idle ones are what a full budget
 * takes back first.
 *
 * *When to use*: where a program holds more files than the system lets it, or reads a few of very many over and over.
 *
 * ```ts
 * await using cache = new FileCache({ capacity: 200 });
 * using file = cache.open('segment-00017');
 * const { bytesRead } = await file.read(buffer, 0, 64, 4_096);
 * ```
 */
export class FileCache implements Disposable, AsyncDisposable {
  readonly #handle: Handle<Table>;
  readonly #table: Table;
  readonly #follows: boolean;
  #closing: Promise<void> | undefined = undefined;

  /** Throws TypeError or RangeError for options that make no cache. */
  constructor(options: FileCacheOptions) {
    const settings = settingsOf(options);
    this.#follows = settings.follows;
    this.#table = new Table(settings);
    this.#handle = tables.own(this.#table);
  }

  /**
   * Opens a file. It is looked at now, so one that is missing is an error now; its descriptor comes with the first operation. Flags
   * that create or empty it (`w`, `a`, `x`) do so now and once: for that a descriptor must be had within the call, else
   * BudgetExceededError. Throws the system's error, and DisposedError once the cache is disposed.
   */
  open(path: string | URL, flags: OpenMode = 'r', mode?: Mode, options: OwnOptions = {}): CachedFile {
    const text = textOf(path);
    if (this.#handle.state !== 'open') throw new DisposedError(`Cannot open '${text}': the file cache was disposed.`, { kind: 'file cache', label: text });
    const table = this.#handle.value;
    const first: DescriptorRequest = { path: text, flags: flagsOf(flags), mode, slots: table.slots, inPool: table.options.inPool };
    const entryFor = (identity: Identity): Entry => this.#join(first, identity);
    if (!makesAnew(first.flags)) return this.#own(entryFor(identityAt(first.path)), options);
    const descriptor = table.openFirst(first, entryFor);
    try {
      return this.#own(descriptor.entry, options);
    } finally {
      table.unpin(descriptor);
    }
  }

  /** Closes what nothing uses, least recently used first: all, or so many; answers how many. */
  evict(most: number = Number.POSITIVE_INFINITY): number {
    if (most !== Number.POSITIVE_INFINITY && (!Number.isSafeInteger(most) || most < 0))
      throw new RangeError(`Expected \`most\` to be a whole number from 0 up, got ${String(most)}`);
    return this.#table.evict(most);
  }

  stats(): FileCacheStats {
    const { entries, open, idle, opening, hits, misses, evicted, slots, options } = this.#table;
    let files = 0;
    for (const { users } of entries.values()) files += users;
    return { capacity: options.capacity, files, open, idle, opening, peak: slots.stats().peak, hits, misses, evicted };
  }

  /**
   * Closes it: later operations on its files throw ClosedError, what is idle is closed now, what is in use or pinned after that. Its
   * files are still to be disposed by who holds them. Again: nothing.
   */
  dispose(): void {
    this.#handle.dispose();
  }

  /** The same; resolves when all its descriptors are closed. Again: the same promise. */
  disposeAsync(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const closing = this.#handle.disposeAsync();
    await this.#table.emptied();
    await closing;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.disposeAsync();
  }

  /** The entry of a file, one user more. */
  #join(first: DescriptorRequest, identity: Identity): Entry {
    const { entries } = this.#table;
    const flags = flagsForAgain(first.flags);
    const key = `${flags} ${this.#follows ? '' : `${inodeOf(identity)}:${identity.born}`} ${first.path}`;
    let entry = entries.get(key);
    if (entry === undefined) {
      entry = new Entry(key, { ...first, flags }, this.#follows ? undefined : identity);
      entries.set(key, entry);
    }
    entry.users++;
    return entry;
  }

  #own(entry: Entry, options: OwnOptions): CachedFile {
    try {
      return cachedFiles.own({ table: this.#table, entry, cache: this.#handle }, { label: entry.request.path, ...options });
    } catch (error) {
      this.#table.leave(entry);
      throw error;
    }
  }
}

function textOf(path: unknown): string {
  if (path instanceof URL) return fileURLToPath(path);
  // Resolved now: the working directory may be another one when it is opened again.
  if (typeof path === 'string') return path === '' ? path : resolve(path);
  throw new TypeError(`Expected \`path\` to be a text or a URL, got ${typeof path}`);
}
