/**
 * The blocks of a heap, and where they are: held, waiting for the queue, or idle. What comes back goes to the first in line if it fits
 * them, else to the idle ones if nobody waits, else to the device.
 */
import { ClosedError, type Budget, type Handle, type WaitOptions } from '@handback/core';
import { DeviceLostError } from '../errors.ts';
import { blocks, type Block } from './block.ts';
import { Idle } from './idle.ts';
import type { Plan } from './plan.ts';
import type { Platform, RawShape } from './platform.ts';
import type { Work } from './work.ts';

/** One who waits for a block: for room for a new one, or for one of its key to come back. */
interface Wish {
  readonly key: string;
  readonly mayBeOld: boolean;
  readonly controller: AbortController;
  given: Handle<Block> | undefined;
}

/** Says to one who waits for room that it has a block. */
const GIVEN = new Error('given what came back');

export interface StoreOptions {
  readonly maxIdle: number;
  readonly idleTimeout: number;
  /** Whether each command is given to the queue as it is called: then what was disposed can be used again before the queue is done with it. */
  readonly ordered?: boolean | undefined;
}

export class Store<Device extends Platform> {
  readonly #budget: Budget;
  readonly #work: Work;
  readonly #options: StoreOptions;
  readonly #idle: Idle = new Idle();
  /** Those of an ordered platform that are disposed, while the queue is not done with them. */
  readonly #returning: Idle = new Idle();
  /** All blocks that exist, but for the idle ones. */
  readonly #blocks: Set<Handle<Block>> = new Set();
  readonly #wishes: Set<Wish> = new Set();
  /** How many blocks the platform was asked for, and how many were given out again instead. */
  created = 0;
  reused = 0;
  #retired = 0;
  #released = 0;
  #device: Device | undefined;
  #lost: DeviceLostError | undefined = undefined;
  #closed = false;
  #timer: ReturnType<typeof setTimeout> | undefined = undefined;

  constructor(device: Device, budget: Budget, work: Work, options: StoreOptions) {
    this.#device = device;
    this.#budget = budget;
    this.#work = work;
    this.#options = options;
    budget.addReclaimer({
      name: budget.name,
      reclaimable: () => this.#idle.bytes + this.#retired,
      reclaim: (bytes) => this.#reclaim(bytes),
    });
  }

  get idleBytes(): number {
    return this.#idle.bytes;
  }

  get retiredBytes(): number {
    return this.#retired;
  }

  /** How many were released while they were idle. */
  get evicted(): number {
    return this.#idle.evicted;
  }

  /** A block, when there is room for it. */
  async acquire(plan: Plan<Device>, clear: boolean, options: WaitOptions): Promise<Handle<Block>> {
    const device = this.#requireDevice();
    const signal = options.signal as AbortSignal | undefined;
    signal?.throwIfAborted();
    const mayBeOld = plan.mayBeOld && (!clear || plan.clear !== undefined);
    const kept = mayBeOld ? this.#reuse(plan, clear) : undefined;
    if (kept !== undefined) return kept;
    const controller = new AbortController();
    const forward = (): void => controller.abort(signal?.reason);
    signal?.addEventListener('abort', forward);
    const wish: Wish = { key: plan.key, mayBeOld, controller, given: undefined };
    this.#wishes.add(wish);
    const make = (): RawShape => {
      // From here on there is a new one.
      this.#wishes.delete(wish);
      return plan.make(device);
    };
    try {
      const request = { device, budget: this.#budget, bytes: plan.bytes, key: plan.key, make };
      const block = await blocks.acquire(request, { ...options, label: plan.label, signal: controller.signal });
      if (this.#device === device) return this.#hold(block);
      block.dispose();
      throw this.lostError();
    } catch (error) {
      if (error !== GIVEN || wish.given === undefined) throw error;
      return this.#hold(wish.given, plan, clear);
    } finally {
      this.#wishes.delete(wish);
      signal?.removeEventListener('abort', forward);
    }
  }

  /** The same within the call: idle ones are evicted, the queue is not waited for. */
  acquireSync(plan: Plan<Device>, clear: boolean): Handle<Block> {
    const device = this.#requireDevice();
    const kept = plan.mayBeOld && (!clear || plan.clear !== undefined) ? this.#reuse(plan, clear) : undefined;
    if (kept !== undefined) return kept;
    const { bytes, key, label } = plan;
    return this.#hold(blocks.acquireSync({ device, budget: this.#budget, bytes, key, make: () => plan.make(device) }, { label }));
  }

  /** Takes a block back when the queue is done with it. */
  retire(block: Handle<Block>): void {
    if (this.#closed || this.#device === undefined) {
      this.#release(block);
      return;
    }
    const { bytes } = block.value;
    this.#retired += bytes;
    const entry = this.#options.ordered === true ? this.#returning.put(block, 0) : undefined;
    this.#work.retire(() => {
      // It may be in use again.
      if (entry !== undefined && !this.#returning.remove(entry)) return;
      this.#retired -= bytes;
      this.#settle(block);
    });
  }

  /** Counts a block no more: it was left to the user. */
  forget(block: Handle<Block>): void {
    this.#blocks.delete(block);
  }

  /** Releases idle blocks, the least recently used first, until no more than so many bytes are left; answers the bytes released. */
  trim(bytes: number): number {
    return this.#idle.evict(this.#idle.bytes - bytes);
  }

  /** The device is lost: nothing is left of what was on it, and nobody waits for it. */
  drop(error: DeviceLostError): void {
    this.#device = undefined;
    this.#lost = error;
    this.#work.drop();
    this.trim(0);
    for (const block of [...this.#blocks]) this.#release(block);
    for (const { controller } of [...this.#wishes]) controller.abort(error);
  }

  attach(device: Device): void {
    this.#device = device;
    this.#lost = undefined;
  }

  /** Nothing is kept any more, and nothing new is made. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.trim(0);
  }

  lostError(): DeviceLostError {
    return this.#lost ?? new DeviceLostError('The device was lost.', 'unknown');
  }

  #requireDevice(): Device {
    if (this.#closed) throw new ClosedError(`'${this.#budget.name}' was disposed: nothing can be created in it any more.`, { kind: 'GPU memory' });
    if (this.#device === undefined) throw this.lostError();
    return this.#device;
  }

  #reuse(plan: Plan<Device>, clear: boolean): Handle<Block> | undefined {
    // Those who wait already go first.
    if (this.#wishes.size > 0) return undefined;
    const block = this.#idle.take(plan.key) ?? this.#recall(plan.key);
    return block === undefined ? undefined : this.#hold(block, plan, clear);
  }

  #recall(key: string): Handle<Block> | undefined {
    const block = this.#returning.take(key);
    if (block !== undefined) this.#retired -= block.value.bytes;
    return block;
  }

  #hold(block: Handle<Block>, plan?: Plan<Device>, clear = false): Handle<Block> {
    this.#blocks.add(block);
    if (plan === undefined) this.created++;
    else this.reused++;
    const { raw } = block.value;
    if (plan !== undefined) raw.label = plan.label ?? '';
    if (clear && this.#device !== undefined) plan?.clear?.(this.#device, raw);
    return block;
  }

  #settle(block: Handle<Block>): void {
    if (block.state !== 'open') return;
    const { key, bytes } = block.value;
    const [first] = this.#wishes;
    if (this.#closed || this.#device === undefined) this.#release(block);
    else if (first !== undefined && first.key === key && first.mayBeOld) {
      this.#wishes.delete(first);
      first.given = block;
      first.controller.abort(GIVEN);
    } else if (bytes > this.#options.maxIdle || this.#budget.stats().waiting > 0) this.#release(block);
    else {
      this.trim(this.#options.maxIdle - bytes);
      this.#blocks.delete(block);
      this.#idle.put(block, performance.now());
      this.#watchAge();
    }
  }

  #release(block: Handle<Block>): void {
    this.#blocks.delete(block);
    if (block.state === 'open') this.#released += block.value.bytes;
    block.dispose();
  }

  /** Evicts what is idle; and if that is not enough, answers when the queue is done with what was disposed. */
  #reclaim(bytes: number): number | Promise<number> {
    const won = this.#idle.evict(bytes);
    if (won >= bytes || this.#work.size === 0) return won;
    const before = this.#released;
    this.#work.hurry();
    return this.#work.watch().then(() => won + this.#released - before);
  }

  /** While anything is idle, a timer that keeps neither the process nor the heap. */
  #watchAge(): void {
    const { idleTimeout } = this.#options;
    if (this.#timer !== undefined || idleTimeout === Number.POSITIVE_INFINITY) return;
    const store = new WeakRef(this);
    const look = (): void => {
      const alive = store.deref();
      if (alive !== undefined) alive.#age();
    };
    this.#timer = setTimeout(look, Math.min(idleTimeout, 2 ** 31 - 1));
    (this.#timer as { unref?(): void }).unref?.();
  }

  #age(): void {
    this.#timer = undefined;
    if (this.#idle.age(performance.now() - this.#options.idleTimeout) !== undefined) this.#watchAge();
  }
}
