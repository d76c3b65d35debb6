/**
 * A heap: the memory of one device under a byte budget. On the account are textures and buffers that are held, those kept idle for
 * reuse, those that are disposed while the queue is not done with them, and uploads on their way.
 */
import type { Budget, Handle, Signal } from '@handback/core';
import { DeviceLostError } from '../errors.ts';
import { BindGroupHold, bindGroups, type BindGroupDescriptor, type BindGroupHandle } from '../handles/bind-group.ts';
import { buffers, BufferHandle } from '../handles/buffer.ts';
import { Hold, useHold, type Keeper } from '../handles/hold.ts';
import { textures, TextureHandle } from '../handles/texture.ts';
import type {
  BindGroup,
  Buffer,
  BufferDescriptor,
  BufferShape,
  CommandBuffer,
  Device,
  DeviceShape,
  Texture,
  TextureDescriptor,
  TextureShape,
} from '../types.ts';
import type { Block } from './block.ts';
import type { BufferOptions, BufferSyncOptions, GpuHeapOptions, GpuHeapStats, TextureOptions, TextureSyncOptions } from './options.ts';
import { planBuffer, planTexture, type Plan } from './plan.ts';
import { countsOf, sharesOf } from './shares.ts';
import { Staging } from './staging.ts';
import { Store } from './store.ts';
import { bufferPieces, isWhole, texturePieces, type BufferUpload, type TextureUpload } from './uploads.ts';
import { Work } from './work.ts';

/** How a device was lost: as GPUDeviceLostInfo. */
export interface DeviceLostInfo {
  readonly reason: string;
  readonly message: string;
}

/** Options of `writeTexture` and `writeBuffer`. */
export interface UploadOptions {
  signal?: Signal | undefined;
}

/** The memory of a device under a byte budget. Hold it with `await using`, or for as long as the app lives. */
export class GpuHeap implements AsyncDisposable {
  /** All that the heap counts; its capacity is the heap's. */
  readonly budget: Budget;
  readonly #stagingBudget: Budget;
  readonly #work: Work;
  readonly #store: Store<DeviceShape>;
  readonly #staging: Staging;
  readonly #keeper: Keeper & { device: number; keep: unknown };
  #device: DeviceShape | undefined;
  #disposing: Promise<void> | undefined = undefined;
  #lostError: DeviceLostError | undefined = undefined;
  #lost: Promise<DeviceLostInfo>;

  /** Throws TypeError or RangeError for options that make no heap. */
  constructor(device: Device, options: GpuHeapOptions) {
    requireDevice(device);
    const { whole, uploads, rest, maxIdle, idleTimeout, isShared } = sharesOf(options);
    this.budget = whole;
    this.#stagingBudget = uploads;
    this.#device = device as DeviceShape;
    this.#work = new Work(this.#device.queue);
    this.#store = new Store(this.#device, rest, this.#work, { maxIdle, idleTimeout, isShared });
    this.#staging = new Staging(this.#stagingBudget, this.#work, () => this.#device?.queue.submit([]));
    this.#keeper = {
      device: 0,
      keep: options.keep,
      requireDevice: (label) => this.#requireDevice(label),
      retire: (block) => this.#store.retire(block),
      forget: (block) => this.#store.forget(block),
    };
    this.#lost = this.#follow(this.#device);
  }

  /** Resolves when the device is lost, with the reason; after `attach`, when that one is. */
  get lost(): Promise<DeviceLostInfo> {
    return this.#lost;
  }

  /**
   * Creates a texture when there is room for it: idle ones are evicted, the queue is waited for, what was forgotten is collected.
   * Rejects with GpuDescriptorError (the device cannot make it), BudgetExceededError, AcquireTimeoutError, DeviceLostError, or the
   * signal's reason.
   */
  async createTexture(descriptor: TextureDescriptor, options: TextureOptions = {}): Promise<TextureHandle> {
    const plan = planTexture(descriptor, this.#requireDevice(descriptor?.label), options.label ?? descriptor?.label);
    return this.#texture(plan, await this.#store.acquire(plan, options.clear !== false, options), options);
  }

  /** The same within the call: idle ones are evicted, the queue is not waited for. Throws GpuDescriptorError, BudgetExceededError, DeviceLostError. */
  createTextureSync(descriptor: TextureDescriptor, options: TextureSyncOptions = {}): TextureHandle {
    const plan = planTexture(descriptor, this.#requireDevice(descriptor?.label), options.label ?? descriptor?.label);
    return this.#texture(plan, this.#store.acquireSync(plan, options.clear !== false), options);
  }

  /** Creates a buffer when there is room for it. It may be larger than was asked for. Rejects as `createTexture` does. */
  async createBuffer(descriptor: BufferDescriptor, options: BufferOptions = {}): Promise<BufferHandle> {
    const plan = planBuffer(descriptor, this.#requireDevice(descriptor?.label), options.label ?? descriptor?.label);
    return this.#buffer(plan, await this.#store.acquire(plan, options.clear !== false, options), options);
  }

  /** The same within the call. Throws as `createTextureSync` does. */
  createBufferSync(descriptor: BufferDescriptor, options: BufferSyncOptions = {}): BufferHandle {
    const plan = planBuffer(descriptor, this.#requireDevice(descriptor?.label), options.label ?? descriptor?.label);
    return this.#buffer(plan, this.#store.acquireSync(plan, options.clear !== false), options);
  }

  /** Creates a bind group of handles (and of the platform's own resources): what it binds stays while it does. */
  createBindGroup(descriptor: BindGroupDescriptor): BindGroupHandle {
    const maker = {
      keeper: this.#keeper,
      makeBindGroup: (known: object): object => this.#requireDevice(descriptor.label).createBindGroup(known),
    };
    const hold = new BindGroupHold(maker, descriptor);
    try {
      return bindGroups.own(hold as unknown as BindGroup, { label: descriptor.label });
    } catch (error) {
      hold.release();
      throw error;
    }
  }

  /** Submits commands. What was disposed before is released when the queue is done with them. Throws DeviceLostError. */
  submit(commandBuffers: Iterable<CommandBuffer>): void {
    this.#requireDevice(undefined).queue.submit(commandBuffers as Iterable<object>);
    this.#work.submitted();
  }

  /** Says that the app has submitted by itself: call it after `device.queue.submit(…)`. */
  submitted(): void {
    this.#work.submitted();
  }

  /**
   * Uploads to a texture, in pieces that fit the share of uploads. What fits is given to the queue within the call; the promise
   * resolves when all of it was, and until then `data` must stay as it is. Rejects with RangeError or TypeError (the device would
   * refuse it), DisposedError, DeviceLostError, or the signal's reason.
   */
  async writeTexture(upload: TextureUpload, options: UploadOptions = {}): Promise<void> {
    const { texture } = upload;
    if (!(texture instanceof TextureHandle)) throw new TypeError('Expected `texture` to be a TextureHandle: for a texture of the platform, use its queue');
    await useHold<TextureShape, Promise<void>>(texture, (hold) => {
      if (hold.keeper !== this.#keeper) throw new TypeError('Expected a texture of this heap: another counts it');
      const pieces = texturePieces(hold.raw, upload, this.#queue(texture.label), this.#staging.pieceBytes);
      const [only, second] = isWhole(hold.raw, upload) ? pieces : [];
      if (only !== undefined && second === undefined && this.#staging.tryUpload(only, options.signal)) {
        hold.overwritten();
        return Promise.resolve();
      }
      const raw = hold.clear();
      return this.#staging.upload(texturePieces(raw, upload, this.#queue(texture.label), this.#staging.pieceBytes), options.signal);
    });
  }

  /** Uploads to a buffer, as `writeTexture` does. */
  async writeBuffer(upload: BufferUpload, options: UploadOptions = {}): Promise<void> {
    const { buffer } = upload;
    if (!(buffer instanceof BufferHandle)) throw new TypeError('Expected `buffer` to be a BufferHandle: for a buffer of the platform, use its queue');
    await useHold<BufferShape, Promise<void>>(buffer, (hold) =>
      this.#staging.upload(bufferPieces(hold.clear(), upload, this.#queue(buffer.label), this.#staging.pieceBytes), options.signal),
    );
  }

  stats(): GpuHeapStats {
    return countsOf(this.budget, this.#stagingBudget, this.#store);
  }

  /** Releases idle memory, the least recently used first, until no more than `bytes` are left; answers the bytes released. */
  trim(bytes = 0): number {
    return this.#store.trim(bytes);
  }

  /**
   * Resolves when the queue has done all that it was given, uploads that wait for their turn too, and what was disposed before has been released or kept for reuse: what
   * is in commands that are not submitted yet as well.
   */
  async settled(): Promise<void> {
    await this.#staging.written();
    this.#work.hurry(false);
    await this.#work.watch();
  }

  /**
   * Goes on with another device after a loss: handles that are open are made anew, from their descriptors, when they are next used;
   * what was in them is lost (see `restored`). Throws TypeError while the heap has a device.
   */
  attach(device: Device, options: { keep?: unknown } = {}): void {
    requireDevice(device);
    if (this.#device !== undefined) throw new TypeError('Cannot attach a heap to another device: it has one. Attach it when `heap.lost` has resolved.');
    this.#device = device as DeviceShape;
    this.#keeper.keep = options.keep;
    this.#lostError = undefined;
    this.#keeper.device++;
    this.#work.attach(this.#device.queue);
    this.#store.attach(this.#device);
    this.#lost = this.#follow(this.#device);
  }

  /**
   * Releases what is idle, and what is disposed when the queue is done with it; those who wait get ClosedError. What is held is
   * released by its own dispose.
   */
  disposeAsync(): Promise<void> {
    return (this.#disposing ??= this.#dispose());
  }

  async #dispose(): Promise<void> {
    this.#store.close();
    await this.settled();
    this.#stagingBudget.dispose();
    this.budget.dispose();
    this.#keeper.keep = undefined;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.disposeAsync();
  }

  #texture(plan: Plan, block: Handle<Block>, { restored }: TextureSyncOptions): TextureHandle {
    const hold = new Hold<TextureShape>(this.#keeper, block, plan.label, () => this.#store.acquireSync(plan, true), restored as never);
    return orRetired(hold, () => textures.own(hold as unknown as Texture, { label: plan.label }));
  }

  #buffer(plan: Plan, block: Handle<Block>, { restored }: BufferSyncOptions): BufferHandle {
    const hold = new Hold<BufferShape>(this.#keeper, block, plan.label, () => this.#store.acquireSync(plan, true), restored as never);
    return orRetired(hold, () => buffers.own(hold as unknown as Buffer, { label: plan.label }));
  }

  /** The queue of the device there is now, as long as that is the one: what was begun on another must not go on here. */
  #queue(label: string | undefined): () => DeviceShape['queue'] {
    const { device } = this.#keeper;
    return () => {
      const { queue } = this.#requireDevice(label);
      if (this.#keeper.device !== device) throw this.#store.lostError();
      return queue;
    };
  }

  #requireDevice(label: string | undefined): DeviceShape {
    if (this.#device !== undefined) return this.#device;
    const of = label === undefined || label === '' ? '' : ` '${label}'`;
    const { message, reason } = this.#lostError as DeviceLostError;
    throw new DeviceLostError(`Cannot use${of === '' ? ' the GPU' : of}: ${message}`, reason, { kind: 'GPU memory', label });
  }

  async #follow(device: DeviceShape): Promise<DeviceLostInfo> {
    const { reason, message } = await device.lost;
    if (this.#device === device) {
      this.#device = undefined;
      this.#keeper.keep = undefined;
      this.#lostError = new DeviceLostError(
        `the device was lost (${reason}${message === '' ? '' : `: ${message}`}). Get another one, and heap.attach(device).`,
        reason,
      );
      this.#store.drop(this.#lostError);
    }
    return { reason, message };
  }
}

/** The handle of a hold; where it cannot be made, what was taken goes back. */
function orRetired<H>(hold: { retire(): void }, own: () => H): H {
  try {
    return own();
  } catch (error) {
    hold.retire();
    throw error;
  }
}

function requireDevice(device: unknown): void {
  if (typeof (device as DeviceShape | undefined)?.createTexture !== 'function' || (device as DeviceShape).queue === undefined)
    throw new TypeError(`Expected a GPUDevice, got ${String(device)}`);
}
