/**
 * A heap of WebGL2: the same account as that of WebGPU. WebGL gives each command to the GPU as it is called, so what was disposed can
 * be used again at once, in order; its bytes go when a fence that was set after it is passed.
 */
import type { Budget, Handle } from '@handback/core';
import { Hold, useHold, type Keeper } from '../handles/hold.ts';
import type { Block } from '../heap/block.ts';
import type { DeviceLostInfo, UploadOptions } from '../heap/gpu-heap.ts';
import type { GpuHeapStats } from '../heap/options.ts';
import { countsOf, sharesOf } from '../heap/shares.ts';
import { Staging } from '../heap/staging.ts';
import { Store } from '../heap/store.ts';
import { Work } from '../heap/work.ts';
import type { Context } from './context.ts';
import { buffers, renderbuffers, textures, WebGLBufferHandle, WebGLTextureHandle, type WebGLRenderbufferHandle } from './handles.ts';
import { FramebufferHold, framebuffers, type FramebufferDescriptor, type WebGLFramebufferHandle } from './framebuffer.ts';
import { Lives, requireContext } from './lives.ts';
import type { GlObject, GlTextureObject } from './objects.ts';
import type {
  BufferOptions,
  BufferSyncOptions,
  RenderbufferOptions,
  RenderbufferSyncOptions,
  TextureOptions,
  TextureSyncOptions,
  WebGLHeapOptions,
} from './options.ts';
import { planBuffer, planRenderbuffer, planTexture, type GlPlan } from './plan.ts';
import type { BufferDescriptor, GlBuffer, GlContext, GlFramebuffer, GlRenderbuffer, GlTexture, RenderbufferDescriptor, TextureDescriptor } from './types.ts';
import { bufferPieces, texturePieces, type BufferUpload, type TextureUpload } from './uploads.ts';

/** The memory of a context of WebGL2 under a byte budget. Hold it with `await using`, or for as long as the app lives. */
export class WebGLHeap implements AsyncDisposable {
  /** All that the heap counts; its capacity is the heap's. */
  readonly budget: Budget;
  readonly #uploads: Budget;
  readonly #work: Work;
  readonly #store: Store<Context>;
  readonly #staging: Staging;
  readonly #keeper: Keeper & { device: number };
  readonly #lives: Lives;

  /** Throws TypeError or RangeError for options that make no heap. */
  constructor(gl: GlContext, options: WebGLHeapOptions) {
    const known = requireContext(gl);
    const { whole, uploads, rest, maxIdle, idleTimeout, isShared } = sharesOf(options);
    this.budget = whole;
    this.#uploads = uploads;
    this.#lives = new Lives(known, options, { ended: (error) => this.#store.drop(error), began: (context) => this.#begin(context) });
    const first = this.#lives.require(undefined);
    this.#work = new Work(first.queue);
    this.#store = new Store(first, rest, this.#work, { maxIdle, idleTimeout, isShared });
    this.#staging = new Staging(uploads, this.#work, () => this.#lives.require(undefined).gl.flush());
    this.#keeper = {
      device: 0,
      requireDevice: (label) => void this.#lives.require(label),
      // No block is ever lent: WebGL has no commands that are submitted later.
      retire: (block) => this.#store.retire(block),
      forget: (block) => this.#store.forget(block),
    };
  }

  /** Resolves when the context is lost; after it was restored, when it is lost again. */
  get lost(): Promise<DeviceLostInfo> {
    return this.#lives.lost;
  }

  /**
   * Creates a texture when there is room for it: idle ones are evicted, the GPU is waited for. Rejects with GpuDescriptorError (the
   * context cannot make it), BudgetExceededError, AcquireTimeoutError, DeviceLostError, or the signal's reason.
   */
  async createTexture(descriptor: TextureDescriptor, options: TextureOptions = {}): Promise<WebGLTextureHandle> {
    const label = options.label ?? descriptor?.label;
    const plan = planTexture(descriptor, this.#lives.require(label), label);
    return this.#texture(plan, await this.#store.acquire(plan, options.clear !== false, options), options);
  }

  /** The same within the call: idle ones are evicted, the GPU is not waited for. Throws GpuDescriptorError, BudgetExceededError, DeviceLostError. */
  createTextureSync(descriptor: TextureDescriptor, options: TextureSyncOptions = {}): WebGLTextureHandle {
    const label = options.label ?? descriptor?.label;
    const plan = planTexture(descriptor, this.#lives.require(label), label);
    return this.#texture(plan, this.#store.acquireSync(plan, options.clear !== false), options);
  }

  /** Creates a renderbuffer when there is room for it. Rejects as `createTexture` does. */
  async createRenderbuffer(descriptor: RenderbufferDescriptor, options: RenderbufferOptions = {}): Promise<WebGLRenderbufferHandle> {
    const label = options.label ?? descriptor?.label;
    const plan = planRenderbuffer(descriptor, this.#lives.require(label), label);
    return this.#renderbuffer(plan, await this.#store.acquire(plan, options.clear !== false, options), options);
  }

  /** The same within the call. Throws as `createTextureSync` does. */
  createRenderbufferSync(descriptor: RenderbufferDescriptor, options: RenderbufferSyncOptions = {}): WebGLRenderbufferHandle {
    const label = options.label ?? descriptor?.label;
    const plan = planRenderbuffer(descriptor, this.#lives.require(label), label);
    return this.#renderbuffer(plan, this.#store.acquireSync(plan, options.clear !== false), options);
  }

  /** Creates a buffer when there is room for it. It may be larger than was asked for. Rejects as `createTexture` does. */
  async createBuffer(descriptor: BufferDescriptor, options: BufferOptions = {}): Promise<WebGLBufferHandle> {
    const label = options.label ?? descriptor?.label;
    this.#lives.require(label);
    const plan = planBuffer(descriptor, label);
    return this.#buffer(plan, await this.#store.acquire(plan, options.clear !== false, options), options);
  }

  /** The same within the call. Throws as `createTextureSync` does. */
  createBufferSync(descriptor: BufferDescriptor, options: BufferSyncOptions = {}): WebGLBufferHandle {
    const label = options.label ?? descriptor?.label;
    this.#lives.require(label);
    const plan = planBuffer(descriptor, label);
    return this.#buffer(plan, this.#store.acquireSync(plan, options.clear !== false), options);
  }

  /**
   * Creates a framebuffer of textures and renderbuffers: what is attached stays while it does, and all its colours are drawn to. Throws
   * GpuDescriptorError where it is not complete.
   */
  createFramebuffer(descriptor: FramebufferDescriptor): WebGLFramebufferHandle {
    const hold = new FramebufferHold(this.#keeper, () => this.#lives.require(descriptor.label), descriptor);
    try {
      return framebuffers.own(hold as unknown as GlFramebuffer, { label: descriptor.label });
    } catch (error) {
      hold.release();
      throw error;
    }
  }

  /**
   * Uploads to a texture: bytes in pieces that fit the share of uploads, a picture at once. What fits is given to WebGL within the
   * call; the promise resolves when all of it was, and until then `data` must stay as it is. Rejects with RangeError (it does not fit
   * the texture), DisposedError, DeviceLostError, or the signal's reason.
   */
  async writeTexture(upload: TextureUpload, options: UploadOptions = {}): Promise<void> {
    const { texture } = upload;
    if (!(texture instanceof WebGLTextureHandle)) throw new TypeError('Expected `texture` to be a WebGLTextureHandle');
    const alive = (object: GlObject): void => this.#lives.requireAlive(object, texture.label);
    await useHold<GlTextureObject, Promise<void>>(texture, (hold) =>
      this.#staging.upload(texturePieces(hold.clear(), upload, alive, this.#staging.pieceBytes), options.signal),
    );
  }

  /** Uploads to a buffer, as `writeTexture` does. */
  async writeBuffer(upload: BufferUpload, options: UploadOptions = {}): Promise<void> {
    const { buffer } = upload;
    if (!(buffer instanceof WebGLBufferHandle)) throw new TypeError('Expected `buffer` to be a WebGLBufferHandle');
    const alive = (object: GlObject): void => this.#lives.requireAlive(object, buffer.label);
    await useHold<GlObject, Promise<void>>(buffer, (hold) =>
      this.#staging.upload(bufferPieces(hold.clear(), hold.bytes, upload, alive, this.#staging.pieceBytes), options.signal),
    );
  }

  stats(): GpuHeapStats {
    return countsOf(this.budget, this.#uploads, this.#store);
  }

  /** Releases idle memory, the least recently used first, until no more than `bytes` are left; answers the bytes released. */
  trim(bytes = 0): number {
    return this.#store.trim(bytes);
  }

  /** Resolves when the GPU has done all that it was given, uploads that wait for their turn too, and what was disposed before has been released or kept for reuse. */
  async settled(): Promise<void> {
    await this.#staging.written();
    this.#work.hurry(false);
    await this.#work.watch();
  }

  /**
   * Goes on with another context after a loss, where the browser does not give the lost one back. Handles that are open are made anew
   * when they are next used, as they are after a restoration. Throws TypeError while the heap has a context.
   */
  attach(gl: GlContext): void {
    this.#lives.attach(requireContext(gl));
  }

  /** Releases what is idle, and what is disposed when the GPU is done with it. What is held is released by its own dispose. */
  async disposeAsync(): Promise<void> {
    this.#store.close();
    await this.settled();
    this.#lives[Symbol.dispose]();
    this.#uploads.dispose();
    this.budget.dispose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.disposeAsync();
  }

  #begin(context: Context): void {
    this.#keeper.device++;
    this.#work.attach(context.queue);
    this.#store.attach(context);
  }

  #texture(plan: GlPlan, block: Handle<Block>, { restored }: TextureSyncOptions): WebGLTextureHandle {
    return textures.own(this.#hold(plan, block, restored as never) as unknown as GlTexture, { label: plan.label });
  }

  #renderbuffer(plan: GlPlan, block: Handle<Block>, { restored }: RenderbufferSyncOptions): WebGLRenderbufferHandle {
    return renderbuffers.own(this.#hold(plan, block, restored as never) as unknown as GlRenderbuffer, { label: plan.label });
  }

  #buffer(plan: GlPlan, block: Handle<Block>, { restored }: BufferSyncOptions): WebGLBufferHandle {
    return buffers.own(this.#hold(plan, block, restored as never) as unknown as GlBuffer, { label: plan.label });
  }

  #hold(plan: GlPlan, block: Handle<Block>, restored: ((raw: object) => void) | undefined): Hold<GlObject> {
    const make = (): Handle<Block> => renewed(this.#store.acquireSync(plan, true));
    return new Hold<GlObject>(this.#keeper, renewed(block), plan.label, make, restored === undefined ? undefined : ({ raw }) => restored(raw));
  }
}

function renewed(block: Handle<Block>): Handle<Block> {
  (block.value.raw as GlObject).renew();
  return block;
}
