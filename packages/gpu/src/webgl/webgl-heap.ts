/**
 * A heap of WebGL2: the same account as that of WebGPU. WebGL gives each command to the GPU as it is called, so what was disposed can
 * be used again at once, in order; its bytes go when a fence that was set after it is passed.
 */
import type { Budget, Handle } from '@handback/core';
import { DeviceLostError } from '../errors.ts';
import { Hold, type Keeper } from '../handles/hold.ts';
import type { Block } from '../heap/block.ts';
import type { DeviceLostInfo, UploadOptions } from '../heap/gpu-heap.ts';
import type { GpuHeapStats } from '../heap/options.ts';
import { sharesOf } from '../heap/shares.ts';
import { Staging } from '../heap/staging.ts';
import { Store } from '../heap/store.ts';
import { Work } from '../heap/work.ts';
import { Context } from './context.ts';
import { buffers, renderbuffers, textures, useHold, WebGLBufferHandle, WebGLTextureHandle, type WebGLRenderbufferHandle } from './handles.ts';
import { listenForLoss } from './loss.ts';
import type { GlObject } from './objects.ts';
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
import type { BufferDescriptor, GlBuffer, GlContext, GlRenderbuffer, GlShape, GlTexture, RenderbufferDescriptor, TextureDescriptor } from './types.ts';
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
  readonly #options: { readonly restore: boolean; readonly checkMemory: boolean };
  #gl: GlShape;
  #context: Context | undefined;
  #listening: Disposable;
  #lostError: DeviceLostError | undefined = undefined;
  #lost: PromiseWithResolve<DeviceLostInfo> = promise();

  /** Throws TypeError or RangeError for options that make no heap. */
  constructor(gl: GlContext, options: WebGLHeapOptions) {
    this.#gl = requireContext(gl);
    const { whole, uploads, rest, maxIdle, idleTimeout } = sharesOf(options);
    const { restore = true, checkMemory = true } = options;
    this.#options = { restore, checkMemory };
    this.budget = whole;
    this.#uploads = uploads;
    const context = new Context(this.#gl, checkMemory);
    this.#context = context;
    this.#work = new Work(context.queue);
    this.#store = new Store(context, rest, this.#work, { maxIdle, idleTimeout, ordered: true });
    this.#staging = new Staging(uploads, this.#work);
    this.#keeper = {
      device: 0,
      requireDevice: (label) => void this.#require(label),
      retire: (block) => {
        this.#store.retire(block);
        this.#work.submitted();
      },
      forget: (block) => this.#store.forget(block),
    };
    this.#listening = this.#listen();
  }

  /** Resolves when the context is lost; after it was restored, when it is lost again. */
  get lost(): Promise<DeviceLostInfo> {
    return this.#lost.promise;
  }

  /**
   * Creates a texture when there is room for it: idle ones are evicted, the GPU is waited for. Rejects with GpuDescriptorError (the
   * context cannot make it), BudgetExceededError, AcquireTimeoutError, DeviceLostError, or the signal's reason.
   */
  async createTexture(descriptor: TextureDescriptor, options: TextureOptions = {}): Promise<WebGLTextureHandle> {
    const label = options.label ?? descriptor?.label;
    const plan = planTexture(descriptor, this.#require(label), label);
    return this.#texture(plan, await this.#store.acquire(plan, options.clear !== false, options), options);
  }

  /** The same within the call: idle ones are evicted, the GPU is not waited for. Throws GpuDescriptorError, BudgetExceededError, DeviceLostError. */
  createTextureSync(descriptor: TextureDescriptor, options: TextureSyncOptions = {}): WebGLTextureHandle {
    const label = options.label ?? descriptor?.label;
    const plan = planTexture(descriptor, this.#require(label), label);
    return this.#texture(plan, this.#store.acquireSync(plan, options.clear !== false), options);
  }

  /** Creates a renderbuffer when there is room for it. Rejects as `createTexture` does. */
  async createRenderbuffer(descriptor: RenderbufferDescriptor, options: RenderbufferOptions = {}): Promise<WebGLRenderbufferHandle> {
    const label = options.label ?? descriptor?.label;
    const plan = planRenderbuffer(descriptor, this.#require(label), label);
    return this.#renderbuffer(plan, await this.#store.acquire(plan, options.clear !== false, options), options);
  }

  /** The same within the call. Throws as `createTextureSync` does. */
  createRenderbufferSync(descriptor: RenderbufferDescriptor, options: RenderbufferSyncOptions = {}): WebGLRenderbufferHandle {
    const label = options.label ?? descriptor?.label;
    const plan = planRenderbuffer(descriptor, this.#require(label), label);
    return this.#renderbuffer(plan, this.#store.acquireSync(plan, options.clear !== false), options);
  }

  /** Creates a buffer when there is room for it. It may be larger than was asked for. Rejects as `createTexture` does. */
  async createBuffer(descriptor: BufferDescriptor, options: BufferOptions = {}): Promise<WebGLBufferHandle> {
    const label = options.label ?? descriptor?.label;
    this.#require(label);
    const plan = planBuffer(descriptor, label);
    return this.#buffer(plan, await this.#store.acquire(plan, options.clear !== false, options), options);
  }

  /** The same within the call. Throws as `createTextureSync` does. */
  createBufferSync(descriptor: BufferDescriptor, options: BufferSyncOptions = {}): WebGLBufferHandle {
    const label = options.label ?? descriptor?.label;
    this.#require(label);
    const plan = planBuffer(descriptor, label);
    return this.#buffer(plan, this.#store.acquireSync(plan, options.clear !== false), options);
  }

  /**
   * Uploads to a texture: bytes in pieces that fit the share of uploads, a picture at once. What fits is given to WebGL within the
   * call; the promise resolves when all of it was, and until then `data` must stay as it is. Rejects with RangeError (it does not fit
   * the texture), DisposedError, DeviceLostError, or the signal's reason.
   */
  async writeTexture(upload: TextureUpload, options: UploadOptions = {}): Promise<void> {
    const { texture } = upload;
    if (!(texture instanceof WebGLTextureHandle)) throw new TypeError('Expected `texture` to be a WebGLTextureHandle');
    const alive = (object: GlObject): void => this.#requireAlive(object, texture.label);
    await useHold(texture, (hold) => this.#staging.upload(texturePieces(hold.raw, upload, alive, this.#staging.pieceBytes), options.signal));
  }

  /** Uploads to a buffer, as `writeTexture` does. */
  async writeBuffer(upload: BufferUpload, options: UploadOptions = {}): Promise<void> {
    const { buffer } = upload;
    if (!(buffer instanceof WebGLBufferHandle)) throw new TypeError('Expected `buffer` to be a WebGLBufferHandle');
    const alive = (object: GlObject): void => this.#requireAlive(object, buffer.label);
    await useHold(buffer, (hold) => this.#staging.upload(bufferPieces(hold.raw, hold.bytes, upload, alive, this.#staging.pieceBytes), options.signal));
  }

  stats(): GpuHeapStats {
    const { capacity, used } = this.budget.stats();
    const staging = this.#uploads.stats().used;
    const { idleBytes: idle, retiredBytes: retired, created, reused, evicted } = this.#store;
    return { live: used - staging - idle - retired, idle, retired, staging, capacity, created, reused, evicted };
  }

  /** Releases idle memory, the least recently used first, until no more than `bytes` are left; answers the bytes released. */
  trim(bytes = 0): number {
    return this.#store.trim(bytes);
  }

  /** Resolves when the GPU has done all that it was given, and what was disposed before has been released or kept for reuse. */
  async settled(): Promise<void> {
    this.#work.hurry();
    await this.#work.watch();
  }

  /**
   * Goes on with another context after a loss, where the browser does not give the lost one back. Handles that are open are made anew
   * when they are next used, as they are after a restoration. Throws TypeError while the heap has a context.
   */
  attach(gl: GlContext): void {
    const next = requireContext(gl);
    this.#look();
    if (this.#context !== undefined) throw new TypeError('Cannot attach a heap to another context: it has one. Attach it when `heap.lost` has resolved.');
    this.#listening[Symbol.dispose]();
    this.#gl = next;
    this.#listening = this.#listen();
    this.#resume();
  }

  /** Releases what is idle, and what is disposed when the GPU is done with it. What is held is released by its own dispose. */
  async disposeAsync(): Promise<void> {
    this.#store.close();
    await this.settled();
    this.#listening[Symbol.dispose]();
    this.#uploads.dispose();
    this.budget.dispose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.disposeAsync();
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

  #require(label: string | undefined): Context {
    this.#look();
    if (this.#context !== undefined) return this.#context;
    const of = label === undefined || label === '' ? 'the GPU' : `'${label}'`;
    throw new DeviceLostError(`Cannot use ${of}: ${(this.#lostError as DeviceLostError).message}`, 'unknown', { kind: 'GPU memory', label });
  }

  #requireAlive(object: GlObject, label: string | undefined): void {
    this.#require(label);
    // The context is there again, but what was written so far is lost.
    if (object.context.isOver) throw new DeviceLostError(`Cannot use '${label}': the context was lost meanwhile.`, 'unknown', { kind: 'GPU memory', label });
  }

  #listen(): Disposable {
    return listenForLoss(this.#gl.canvas, { restore: this.#options.restore, lost: (message) => this.#drop(message), restored: () => this.#look() });
  }

  /** Events come a turn later, and to other listeners first: the context itself knows at once. */
  #look(): void {
    const isLost = this.#gl.isContextLost();
    if (isLost) this.#drop('');
    else if (this.#context === undefined) this.#resume();
  }

  #drop(message: string): void {
    const context = this.#context;
    if (context === undefined) return;
    context.end();
    this.#context = undefined;
    const next = this.#options.restore
      ? 'It is made anew when the browser gives the context back, or attach the heap to another'
      : 'Attach the heap to another one';
    this.#lostError = new DeviceLostError(`the context was lost${message === '' ? '' : ` (${message})`}. ${next}: heap.attach(gl).`, 'unknown');
    this.#store.drop(this.#lostError);
    this.#lost.resolve({ reason: 'unknown', message });
  }

  #resume(): void {
    const context = new Context(this.#gl, this.#options.checkMemory);
    this.#context = context;
    this.#lostError = undefined;
    this.#lost = promise();
    this.#keeper.device++;
    this.#work.attach(context.queue);
    this.#store.attach(context);
  }
}

function renewed(block: Handle<Block>): Handle<Block> {
  (block.value.raw as GlObject).renew();
  return block;
}

function requireContext(gl: unknown): GlShape {
  if (typeof (gl as GlShape | undefined)?.texStorage2D === 'function') return gl as GlShape;
  throw new TypeError(`Expected a WebGL2RenderingContext, got ${String(gl)}`);
}

interface PromiseWithResolve<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
}

function promise<T>(): PromiseWithResolve<T> {
  let resolve: (value: T) => void = () => {};
  return { promise: new Promise<T>((settle) => (resolve = settle)), resolve };
}
