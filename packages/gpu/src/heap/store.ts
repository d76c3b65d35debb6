/**
 * The blocks of a heap, and where they are: held, waiting for the queue, or idle. What comes back goes to the first in line if it fits
 * them, else to the idle ones if nobody waits, else to the device.
 */
import { BudgetExceededError, ClosedError, type Budget, type Handle, type WaitOptions } from '@handback/core';
import { DeviceLostError } from '../errors.ts';
import { blocks, type Block } from './block.ts';
import { Idle } from './idle.ts';
import type { Plan } from './plan.ts';
import type { Platform, RawShape } from './platform.ts';
import { Retired } from './retired.ts';
import { isGiven, Wishes } from './wishes.ts';
import type { Work } from './work.ts';

export interface StoreOptions {
  readonly maxIdle: number;
  readonly idleTimeout: number;
  /** Others take from the budget above, and are not seen from here. */
  readonly isShared: boolean;
}

export class Store<Device extends Platform> {
  readonly #budget: Budget;
  readonly #work: Work;
  readonly #options: StoreOptions;
  readonly #idle: Idle = new Idle();
  readonly #retired: Retired;
  /** All blocks that exist, but for the idle ones. */
  readonly #blocks: Set<Handle<Block>> = new Set();
  readonly #wishes: Wishes = new Wishes();
  /** Acquires on their way. */
  #asking = 0;
  /** How many blocks the platform was asked for, and how many were given out again instead. */
  created = 0;
  reused = 0;
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
    this.#retired = new Retired(work);
    budget.addReclaimer({ name: `${budget.name}, idle`, reclaimable: () => this.#idle.bytes, reclaim: (bytes) => this.#idle.evict(bytes) });
    budget.addReclaimer({ name: `${budget.name}, disposed`, reclaimable: () => this.#retired.bytes, reclaim: (bytes) => this.#awaitQueue(bytes) });
  }

  get idleBytes(): number {
    return this.#idle.bytes;
  }

  get retiredBytes(): number {
    return this.#retired.bytes;
  }

  /** How many were released while they were idle. */
  get evicted(): number {
    return this.#idle.evicted;
  }

  /** A block, when there is room for it. */
  async acquire(plan: Plan<Device>, clear: boolean, options: WaitOptions): Promise<Handle<Block>> {
    const device = this.#requireDevice();
    (options.signal as AbortSignal | undefined)?.throwIfAborted();
    const mayBeOld = plan.mayBeOld && (!clear || plan.clear !== undefined);
    const kept = mayBeOld ? this.#reuse(plan, clear) : undefined;
    if (kept !== undefined) return kept;
    const wish = this.#wishes.join(plan.key, mayBeOld, options);
    const make = (): RawShape => {
      // From here on there is a new one.
      wish.leave();
      return plan.make(device);
    };
    this.#asking++;
    try {
      const request = { device, budget: this.#budget, bytes: plan.bytes, key: plan.key, isReusable: isReusable(plan, clear), make };
      const block = await blocks.acquire(request, { ...options, label: plan.label, signal: wish.signal });
      if (this.#device === device) return this.#hold(block);
      block.dispose();
      throw this.lostError();
    } catch (error) {
      const { given } = wish;
      if (given === undefined) throw error;
      // With the device went what was given.
      if (this.#device !== device) throw isGiven(error) ? this.lostError() : error;
      if (isGiven(error)) return this.#hold(given, plan, clear);
      // The wait had ended before, and nobody is there to take it: it goes to the next.
      this.#settle(given);
      throw error;
    } finally {
      this.#asking--;
      wish.done();
    }
  }

  /** The same within the call: idle ones are evicted, the queue is not waited for. */
  acquireSync(plan: Plan<Device>, clear: boolean): Handle<Block> {
    const device = this.#requireDevice();
    const mayBeOld = plan.mayBeOld && (!clear || plan.clear !== undefined);
    const kept = mayBeOld ? this.#reuse(plan, clear) : undefined;
    if (kept !== undefined) return kept;
    const { bytes, key, label } = plan;
    try {
      const request = { device, budget: this.#budget, bytes, key, isReusable: isReusable(plan, clear), make: () => plan.make(device) };
      return this.#hold(blocks.acquireSync(request, { label }));
    } catch (error) {
      // What was forgotten, and has just been found, gives no memory back before the queue is done; but it can be used again.
      const found = mayBeOld && error instanceof BudgetExceededError ? this.#reuse(plan, clear) : undefined;
      if (found !== undefined) return found;
      // What was disposed is to be there for the next turn, though no commands may ever be submitted through the heap.
      if (error instanceof BudgetExceededError && this.#retired.bytes > 0) {
        this.#work.hurry(true);
        void this.#work.watch();
      }
      throw error;
    }
  }

  /** Takes a block back when the queue is done with it; at once for who waits for one that no commands can be using. */
  retire(block: Handle<Block>): void {
    if (this.#closed || this.#device === undefined || block.value.failed !== undefined) this.#release(block);
    else if (block.value.lent || !this.#wishes.offer(block)) this.#retired.put(block, (hurried) => this.#settle(block, hurried));
  }

  /** Counts a block no more: it was left to the user. */
  forget(block: Handle<Block>): void {
    this.#blocks.delete(block);
  }

  /** Releases idle blocks, the least recently used first, until no more than so many bytes are left; answers the bytes released. */
  trim(bytes: number): number {
    return this.#idle.evict(this.#idle.bytes - bytes);
  }

  /** Releases what has been idle for too long. */
  age(): void {
    this.#timer = undefined;
    const now = performance.now();
    const { idleTimeout } = this.#options;
    const oldest = this.#idle.age(now - idleTimeout);
    if (oldest !== undefined) this.#watchAge(oldest + idleTimeout - now);
  }

  /** The device is lost: nothing is left of what was on it, and nobody waits for it. */
  drop(error: DeviceLostError): void {
    this.#device = undefined;
    this.#lost = error;
    this.#work.drop();
    this.trim(0);
    for (const block of [...this.#blocks]) this.#release(block);
    this.#wishes.end(error);
  }

  attach(device: Device): void {
    this.#device = device;
    this.#lost = undefined;
  }

  /** Nothing is kept any more, and nothing new is made: who waits gets ClosedError. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.trim(0);
    this.#budget.dispose();
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
    const block = this.#idle.take(plan.key) ?? this.#retired.take(plan.key);
    return block === undefined ? undefined : this.#hold(block, plan, clear);
  }

  #hold(block: Handle<Block>, plan?: Plan<Device>, clear = false): Handle<Block> {
    this.#blocks.add(block);
    if (plan === undefined) this.created++;
    else this.reused++;
    const { value } = block;
    const { raw } = value;
    value.lent = false;
    if (plan !== undefined) raw.label = plan.label ?? '';
    // Not yet: whoever overwrites all of it first need not wait for that.
    const device = this.#device;
    value.clear = clear && device !== undefined && plan?.clear !== undefined ? () => plan.clear?.(device, raw) : undefined;
    return block;
  }

  /** `hurried`: commands may come that use it, so it is nobody else's; the platform refuses them by its label. */
  #settle(block: Handle<Block>, hurried = false): void {
    if (block.state !== 'open') return;
    const { bytes, failed } = block.value;
    if (this.#closed || this.#device === undefined || hurried || failed !== undefined) this.#release(block);
    else if (this.#wishes.offer(block)) return;
    else if (!block.value.isReusable || bytes > this.#options.maxIdle || this.#budget.stats().waiting > 0) this.#release(block);
    else {
      this.trim(this.#options.maxIdle - bytes);
      this.#blocks.delete(block);
      this.#idle.put(block, performance.now());
      this.#watchAge(this.#options.idleTimeout);
    }
  }

  #release(block: Handle<Block>): void {
    this.#blocks.delete(block);
    if (block.state === 'open') this.#released += block.value.bytes;
    block.dispose();
  }

  /** Resolves when the queue is done with what was disposed; with commands that are not submitted yet only if there is no other way. */
  async #awaitQueue(bytes: number): Promise<number> {
    const before = this.#released;
    await this.#work.watch();
    if (this.#released - before < bytes && (this.#asking > 0 || this.#options.isShared)) {
      this.#work.hurry(true);
      await this.#work.watch();
    }
    return this.#released - before;
  }

  /** While anything is idle, a timer that keeps neither the process nor the heap. */
  #watchAge(delay: number): void {
    if (this.#timer !== undefined || delay === Number.POSITIVE_INFINITY) return;
    const store = new WeakRef(this);
    this.#timer = setTimeout(() => store.deref()?.age(), Math.min(delay, 2 ** 31 - 1));
    (this.#timer as { unref?(): void }).unref?.();
  }
}

function isReusable<Device extends Platform>(plan: Plan<Device>, clear: boolean): boolean {
  return plan.clear !== undefined || !clear;
}
