/**
 * The table of a cache: which of its files are open, who is served next, and what is closed for it. After PostgreSQL's virtual file
 * descriptors: only what is open stands in the line of the least recently used; what is pinned is in no line and cannot be closed.
 *
 * Not a ResourceCache: a read within the call must open within the call, and a hit has to cost less than a handle does.
 */
import { BudgetExceededError, ClosedError, SuppressedError, type Budget, type Handle, type Signal } from '@handback/core';
import { descriptors, listenForRoom, whileOpening } from '../descriptors.ts';
import { cachedDescriptors, Descriptor, type DescriptorRequest, type Entry } from './descriptor.ts';
import { FileReplacedError, identityBehind, isSame, type Identity } from './identity.ts';
import { NONBLOCK } from '../flags.ts';
import { Locks } from './locks.ts';
import { Shelf } from './shelf.ts';

/** So many hits may overtake one who waits for a descriptor, before a file that is in use all the time is closed and gets in line too. */
const OVERTAKINGS = 64;

/** After so many reads within calls in a row, one goes through the thread pool: promises alone never let the event loop turn. */
const READS_IN_A_ROW = 16;

export interface TableOptions {
  readonly name: string;
  readonly capacity: number;
  readonly inPool: boolean;
  readonly readWithin: number;
  readonly timeout: number | undefined;
}

export class Table {
  readonly entries: Map<string, Entry> = new Map();
  readonly slots: Budget;
  readonly options: TableOptions;
  hits = 0;
  misses = 0;
  evicted = 0;
  /** Descriptors that are open. */
  open = 0;
  /** Openings that wait in line, or are in the thread pool. */
  opening = 0;
  closed = false;
  readonly #shelf = new Shelf();
  readonly #locks = new Locks();
  readonly #registration: Disposable;
  /** A full budget found too little to evict here: what becomes idle may be wanted. */
  #wanted = false;
  #overtakings = 0;
  #reads = 0;
  #whenEmpty: (() => void) | undefined = undefined;

  constructor(options: TableOptions) {
    this.options = options;
    this.slots = descriptors.child({ name: options.name, capacity: options.capacity, unit: 'descriptor' });
    this.#registration = this.slots.addReclaimer({
      name: options.name,
      reclaimable: () => {
        this.#wanted = true;
        return this.#shelf.size;
      },
      reclaim: (amount) => this.evict(amount),
    });
  }

  get idle(): number {
    return this.#shelf.size;
  }

  /** Pins the descriptor of a file, opened now or when it can be: nothing closes it until `unpin`. */
  pin(entry: Entry): Descriptor | Promise<Descriptor> {
    const open = this.#hit(entry, true);
    if (open !== undefined) return open;
    if (entry.opening !== undefined) {
      entry.opening.followers++;
      return entry.opening.promise;
    }
    this.misses++;
    if (this.options.inPool || !this.#hasRoomNow()) return this.#openLater(entry);
    try {
      return this.#openNow(entry);
    } catch (error) {
      // All are in use by others. A read that can wait does.
      if (error instanceof BudgetExceededError) return this.#openLater(entry);
      throw error;
    }
  }

  /** The same within the call, or BudgetExceededError. */
  pinSync(entry: Entry): Descriptor {
    const open = this.#hit(entry, false);
    if (open !== undefined) return open;
    this.misses++;
    this.#makeRoom();
    return this.#openNow(entry);
  }

  /**
   * True where a read had to open its file within the call, and is small: then it is done within the call too. The way through the
   * thread pool costs several times what such a read does.
   */
  readsNow(descriptor: Descriptor, length: number): boolean {
    if (!descriptor.fresh) return false;
    descriptor.fresh = false;
    return length <= this.options.readWithin && ++this.#reads % READS_IN_A_ROW !== 0;
  }

  /** The same as `pin`, for who may go before it has come: its pin is taken back then. What is being opened stays in line, for the others. */
  pinUnless(signal: Signal | undefined, entry: Entry): Descriptor | Promise<Descriptor> {
    if (signal?.aborted === true) throw signal.reason;
    const pinned = this.pin(entry);
    if (signal === undefined || pinned instanceof Descriptor) return pinned;
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        reject(signal.reason);
        pinned.then(
          (descriptor) => this.#abandon(descriptor),
          () => {},
        );
      };
      signal.addEventListener('abort', abort, { once: true });
      pinned.finally(() => signal.removeEventListener('abort', abort)).then(resolve, reject);
      // Fired while room was made.
      if (signal.aborted) abort();
    });
  }

  /** Takes back a pin whose owner has gone, and may have disposed the file: then nobody else would close it. */
  #abandon(descriptor: Descriptor): void {
    this.unpin(descriptor);
    if (descriptor.entry.users === 0 && descriptor.entry.descriptor === descriptor) this.#retire(descriptor);
  }

  unpin(descriptor: Descriptor): void {
    if (--descriptor.pins === 0) this.#rest(descriptor);
  }

  /** Pins for a user, who may keep a lock of the system on it: see Locks. */
  hold(descriptor: Descriptor): void {
    descriptor.held++;
    this.#locks.add(descriptor);
  }

  letGo(descriptor: Descriptor): void {
    descriptor.held--;
    for (const postponed of this.#locks.remove(descriptor)) this.#close(postponed);
    this.unpin(descriptor);
  }

  /** Opens what can be opened once alone (it creates, or empties), and answers its entry, which `entryFor` finds; pinned. */
  openFirst(request: DescriptorRequest, entryFor: (identity: Identity) => Entry): Descriptor {
    this.#makeRoom();
    // A named pipe must not wait for its other end here either.
    const handle = cachedDescriptors.acquireSync({ ...request, flags: request.flags | NONBLOCK }, { label: request.path });
    try {
      const identity = identityBehind(request.path, handle.value);
      return this.#arrive(entryFor(identity), handle, identity, 1);
    } catch (error) {
      handle.dispose();
      throw error;
    }
  }

  /** Puts a descriptor that was just opened under its entry, with pins on it; where one stands there already, that one is pinned. */
  #arrive(entry: Entry, handle: Handle<number>, identity: Identity, pins: number): Descriptor {
    const opened = new Descriptor(entry, handle, identity, pins);
    this.open++;
    const present = entry.descriptor;
    if (present === undefined) {
      entry.descriptor = opened;
      return opened;
    }
    if (present.pins === 0) this.#shelf.take(present);
    present.pins += pins;
    this.#close(opened);
    return present;
  }

  /** One cached file less: what nobody can use any more is closed. */
  leave(entry: Entry): void {
    if (--entry.users > 0) return;
    this.entries.delete(entry.key);
    if (entry.descriptor !== undefined) this.#retire(entry.descriptor);
    const { failure } = entry;
    entry.failure = undefined;
    if (failure !== undefined) throw failure.error;
  }

  /** Closes up to `amount` of those that nobody uses, least recently used first; answers how many. */
  evict(amount: number): number {
    let count = 0;
    while (count < amount && this.#evictOldest()) count++;
    return count;
  }

  /** Closes what is idle now, and what is in use after its last operation. Throws what the closes threw. */
  close(): void {
    this.closed = true;
    this.#registration[Symbol.dispose]();
    this.slots.dispose();
    const failures: unknown[] = [];
    for (const entry of [...this.entries.values()]) {
      if (entry.descriptor !== undefined) this.#retire(entry.descriptor);
      if (entry.failure !== undefined) failures.push(entry.failure.error);
      entry.failure = undefined;
    }
    if (failures.length > 0) throw failures.reduce((before, failure) => new SuppressedError(failure, before));
  }

  /** Resolves when nothing is open, or being opened, any more. */
  emptied(): Promise<void> {
    return new Promise((resolve) => {
      this.#whenEmpty = resolve;
      this.#tellEmpty();
    });
  }

  #hit(entry: Entry, canWait: boolean): Descriptor | undefined {
    if (this.closed)
      throw new ClosedError(`The file cache was disposed: '${entry.request.path}' cannot be opened again.`, { kind: 'file cache', label: entry.request.path });
    if (entry.failure !== undefined) {
      const { error } = entry.failure;
      entry.failure = undefined;
      throw error;
    }
    const { descriptor } = entry;
    if (descriptor === undefined) return undefined;
    if (canWait && this.opening > 0 && descriptor.pins > descriptor.held && this.#overtakesTooMany(descriptor)) return undefined;
    if (descriptor.pins++ === 0) this.#shelf.take(descriptor);
    this.hits++;
    return descriptor;
  }

  /** A file that is in use all the time never becomes idle: one who waits for its descriptor would wait for ever. */
  #overtakesTooMany(descriptor: Descriptor): boolean {
    if (descriptor.held > 0 || ++this.#overtakings <= OVERTAKINGS || !this.#isWaitedFor()) return false;
    this.#overtakings = 0;
    this.#retire(descriptor);
    return true;
  }

  #isWaitedFor(): boolean {
    return this.slots.stats().waiting > 0 || descriptors.stats().waiting > 0;
  }

  /** True where a descriptor may be had within the call, without overtaking anybody. */
  #hasRoomNow(): boolean {
    if (this.opening > 0 && this.#isWaitedFor()) return false;
    return this.#makeRoom() && descriptors.stats().waiting === 0;
  }

  /** Closes the least recently used one where all are open, and where the process has none left: that costs less than a reclaim. */
  #makeRoom(): boolean {
    if (this.open + this.opening >= this.options.capacity) return this.#evictOldest();
    if (descriptors.stats().available < 1) {
      this.#evictOldest();
      listenForRoom();
    }
    return true;
  }

  #openNow(entry: Entry): Descriptor {
    const { request } = entry;
    return this.#take(entry, cachedDescriptors.acquireSync(request, { label: request.path }), 1);
  }

  #openLater(entry: Entry): Promise<Descriptor> {
    const promise = this.#openInLine(entry);
    entry.opening = { promise, followers: 1 };
    return promise;
  }

  async #openInLine(entry: Entry): Promise<Descriptor> {
    const { request } = entry;
    this.#makeRoom();
    this.opening++;
    let handle: Handle<number>;
    try {
      handle = await whileOpening(cachedDescriptors.acquire(request, { label: request.path, timeout: this.options.timeout }));
    } catch (error) {
      entry.opening = undefined;
      this.opening--;
      this.#tellEmpty();
      throw error;
    }
    this.opening--;
    this.#overtakings = 0;
    const followers = entry.opening?.followers ?? 1;
    entry.opening = undefined;
    return this.#take(entry, handle, followers);
  }

  /** Takes over what was opened: a file of this entry, or none. */
  #take(entry: Entry, handle: Handle<number>, pins: number): Descriptor {
    const { request, expected } = entry;
    try {
      if (this.closed)
        throw new ClosedError(`The file cache was disposed while '${request.path}' was being opened.`, { kind: 'file cache', label: request.path });
      const identity = identityBehind(request.path, handle.value);
      if (expected !== undefined && !isSame(expected, identity)) throw new FileReplacedError(request.path, expected, identity);
      return this.#arrive(entry, handle, identity, pins);
    } catch (error) {
      handle.dispose();
      this.#tellEmpty();
      throw error;
    }
  }

  #rest(descriptor: Descriptor): void {
    if (descriptor.retired) {
      this.#close(descriptor);
      return;
    }
    this.#shelf.put(descriptor);
    if (!this.#wanted) return;
    if (this.#isWaitedFor()) this.#evictOldest();
    else this.#wanted = false;
  }

  #evictOldest(): boolean {
    const oldest = this.#shelf.oldest((descriptor) => !this.#locks.has(descriptor));
    if (oldest === undefined) return false;
    this.evicted++;
    this.#retire(oldest);
    return true;
  }

  /** No new operation begins on it. */
  #retire(descriptor: Descriptor): void {
    descriptor.retired = true;
    descriptor.entry.descriptor = undefined;
    if (descriptor.pins > 0) return;
    this.#shelf.take(descriptor);
    this.#close(descriptor);
  }

  /** Never throws: an operation on another file is no place to say that this one's last bytes could not be written. */
  #close(descriptor: Descriptor): void {
    if (this.#locks.postpone(descriptor)) return;
    this.open--;
    try {
      descriptor.handle.dispose();
    } catch (error) {
      descriptor.entry.failure = { error };
    }
    this.#tellEmpty();
  }

  #tellEmpty(): void {
    if (this.open === 0 && this.opening === 0) this.#whenEmpty?.();
  }
}
