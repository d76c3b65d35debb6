/**
 * Pixels as a handle: they own their memory whole, are guarded while they live, and give it back within the dispose. No view of them
 * outlives them.
 */
import {
  defineResource,
  Handle,
  showAs,
  type AcquireOptions,
  type Budget,
  type Costs,
  type OpenContext,
  type OwnOptions,
  type SyncResourceKind,
} from '@handback/core';
import { imageMemory } from '../memory.ts';
import { HeldPixels, type Loan, type Pixels } from './pixels.ts';
import type { PixelPool } from './pool.ts';
import { ImageRegion } from './region.ts';
import { refused, requireShape, show, type Channels, type Depth, type ImageShape, type Samples, type Shape } from './shape.ts';
import { isOutOfMemory } from './store.ts';

/** Where the bytes of an image are counted. */
export interface CountedIn {
  /** Default: `imageMemory`. */
  budget?: Budget | undefined;
}

/** Options of `ImageBuffer.own`. */
export interface OwnImageOptions extends OwnOptions, CountedIn {}

/** Options of `ImageBuffer.allocateSync` and `cloneSync`. */
export interface AllocateSyncOptions extends OwnImageOptions {
  /** Where its memory comes from, and goes to when it is disposed; its budget is the pool's. */
  pool?: PixelPool | undefined;
}

/** Options of `ImageBuffer.allocate` and `clone`. */
export interface AllocateOptions extends AcquireOptions, AllocateSyncOptions {}

/** What `allocate` is asked for. */
export interface AllocateRequest<D extends Depth = Depth> extends ImageShape<D> {
  /** False leaves what a former image of the pool left in it: for those who overwrite everything. Default true. */
  clear?: boolean | undefined;
}

/** How an image comes to be: what it costs until it is there, and how it is made. */
export interface ImageRequest {
  readonly budget: Budget;
  readonly bytes: number;
  readonly make: (context: OpenContext | undefined) => HeldPixels | PromiseLike<HeldPixels>;
}

/** Is an image in memory, guarded and counted. Hold it with `using`: its memory goes at the end of the block. */
export class ImageBuffer<D extends Depth = Depth> extends Handle<Pixels<D>> {
  /**
   * Allocates pixels, all zero, when there is room for them. Rejects with ImageShapeError, BudgetExceededError, AcquireTimeoutError,
   * or the signal's reason.
   */
  static async allocate<D extends Depth = 8>(request: AllocateRequest<D>, options: AllocateOptions = {}): Promise<ImageBuffer<D>> {
    const shape = requireShape(request, options.label);
    const { pool } = options;
    if (pool === undefined) return images.acquire(fresh(shape, options), options) as Promise<ImageBuffer<D>>;
    return ownLoan(shape, await pool.lend(shape.byteLength, request.clear !== false, options), options) as ImageBuffer<D>;
  }

  /** The same within the call: a full budget is reclaimed first. Throws ImageShapeError, or BudgetExceededError. */
  static allocateSync<D extends Depth = 8>(request: AllocateRequest<D>, options: AllocateSyncOptions = {}): ImageBuffer<D> {
    const shape = requireShape(request, options.label);
    const { pool } = options;
    if (pool === undefined) return images.acquireSync(fresh(shape, options), options) as ImageBuffer<D>;
    return ownLoan(shape, pool.lendSync(shape.byteLength, request.clear !== false, options), options) as ImageBuffer<D>;
  }

  /**
   * Adopts pixels that were made elsewhere, or came from a worker. They must fill their ArrayBuffer; its memory is moved to the image,
   * so all other views of it are empty from now on. What cannot be moved is copied: the memory of WebAssembly modules, and, on Node
   * 20, that of native libraries. Throws ImageShapeError; then the pixels are the caller's as before.
   */
  static own<const P extends OwnedPixels>(pixels: P, options: OwnImageOptions = {}): ImageBuffer<DepthOf<P>> {
    const { label, budget = imageMemory } = options;
    const { buffer, depth } = requireOwnable(pixels, label);
    const shape = requireShape({ ...pixels, depth }, label);
    if (buffer.byteLength < shape.byteLength)
      throw refused(`${shape.width} × ${shape.height} pixels of this shape take ${shape.byteLength} bytes, and the buffer has ${buffer.byteLength}`, label);
    const held = new HeldPixels(shape, buffer, { budget });
    // Owned first, since that may be refused: then the pixels are where they were.
    const image = images.own(held, options);
    try {
      held.moveIn();
    } catch (error) {
      // No memory for a copy: the pixels stay where they are.
      Handle.prototype.detach.call(image);
      throw error;
    }
    return image as ImageBuffer<DepthOf<P>>;
  }

  /**
   * The samples, on loan: see `value`. Take it once for a whole loop. Throws DisposedError or MovedError; and ImageShapeError where
   * their memory was transferred away behind the image's back: `detach` it first.
   */
  get data(): Samples<D> {
    return requireThere(this.value, this.label).data;
  }

  /** In pixels. */
  get width(): number {
    return this.value.width;
  }

  get height(): number {
    return this.value.height;
  }

  get channels(): Channels {
    return this.value.channels;
  }

  get depth(): D {
    return this.value.depth;
  }

  /** Bytes from the start of a row to the start of the next. */
  get stride(): number {
    return this.value.stride;
  }

  /** Bytes from the first sample to the last one. */
  get byteLength(): number {
    return (this.value as unknown as HeldPixels).byteLength;
  }

  /** A rectangle of it, on the same memory. Throws ImageShapeError for one that is not within, DisposedError or MovedError. */
  region(x: number, y: number, width: number, height: number): ImageRegion<D> {
    return new ImageRegion(this, x, y, width, height);
  }

  /** Copies it, when there is room for the copy. Rejects as `allocate` does; it stays open until then. */
  async clone(options: AllocateOptions = {}): Promise<ImageBuffer<D>> {
    return this.use(async (pixels) => {
      const shape = shapeOf(requireThere(pixels, this.label));
      return filledFrom(pixels, await ImageBuffer.allocate<D>({ ...shape, clear: false }, options));
    });
  }

  /** Copies it within the call. Throws as `allocateSync` does. */
  cloneSync(options: AllocateSyncOptions = {}): ImageBuffer<D> {
    return this.use((pixels) => {
      const shape = shapeOf(requireThere(pixels, this.label));
      return filledFrom(pixels, ImageBuffer.allocateSync<D>({ ...shape, clear: false }, options));
    });
  }

  /**
   * Gives the pixels to the caller, uncounted from now on: to be posted to a worker (`postMessage(pixels, [pixels.data.buffer])`), or
   * to a library that keeps them. Throws as `detach` of any handle does.
   */
  override detach(): Pixels<D> {
    void this.data;
    return (super.detach() as unknown as HeldPixels).leave() as Pixels<D>;
  }
}

/** Pixels to be adopted: their samples, or the whole ArrayBuffer of them, and their shape. */
export interface OwnedPixels<D extends Depth = Depth> extends ImageShape<D> {
  data: ArrayBuffer | ArrayBufferView;
}

/** The depth of pixels, by what they say, else by their array. */
export type DepthOf<P extends OwnedPixels> = P extends { depth: infer D extends Depth }
  ? D
  : P['data'] extends Uint16Array
    ? 16
    : P['data'] extends Float32Array
      ? 'float32'
      : 8;

export const images: SyncResourceKind<Pixels, ImageRequest, ImageBuffer> = defineResource({
  kind: 'image',
  open: ({ make }: ImageRequest, context): Pixels | PromiseLike<Pixels> => make(context),
  openSync: ({ make }: ImageRequest) => make(undefined) as HeldPixels,
  cost: ({ budget, bytes }: ImageRequest): Costs => ({ budget, amount: bytes }),
  measure: (pixels: Pixels): Costs => (pixels as HeldPixels).costs,
  release: (pixels: Pixels) => (pixels as HeldPixels).release(),
  describe: ({ width, height, channels, depth }) => `${width} × ${height}, ${channels} × ${depth === 'float32' ? depth : `${depth} bit`}`,
  isExhausted: isOutOfMemory,
  handle: ImageBuffer,
  module: import.meta.url,
});

function fresh(shape: Shape, { budget = imageMemory }: CountedIn): ImageRequest {
  return { budget, bytes: shape.byteLength, make: () => new HeldPixels(shape, new ArrayBuffer(shape.byteLength), { budget }) };
}

/** Hands a store on loan out as an image; where that fails, it goes back. */
export function ownLoan(shape: Shape, loan: Loan, options: OwnOptions): ImageBuffer {
  try {
    return images.own(new HeldPixels(shape, loan.store.value.buffer, loan), options);
  } catch (error) {
    loan.keeper.put(loan.store);
    throw error;
  }
}

/** Pixels whose memory is still theirs. */
export function requireThere<P extends Pixels>(pixels: P, label: string | undefined): P {
  if (pixels.data.length > 0) return pixels;
  throw refused('its memory was transferred away while it was held; call detach() before, which leaves it to you', label);
}

showAs(ImageBuffer, ({ width, height, channels, depth }) => ({ width, height, channels, depth }));

function shapeOf<D extends Depth>({ width, height, channels, depth, stride }: Pixels<D>): ImageShape<D> {
  return { width, height, channels, depth, stride };
}

function filledFrom<D extends Depth>({ data }: Pixels<D>, copy: ImageBuffer<D>): ImageBuffer<D> {
  copy.data.set(data as never);
  return copy;
}

const DEPTHS: readonly (readonly [Function, Depth])[] = [
  [Uint8Array, 8],
  [Uint8ClampedArray, 8],
  [Uint16Array, 16],
  [Float32Array, 'float32'],
];

/** The whole buffer of pixels that are to be adopted, and what its samples are. */
function requireOwnable(pixels: OwnedPixels, label: string | undefined): { buffer: ArrayBuffer; depth: Depth } {
  const { data, depth } = pixels ?? {};
  if (data instanceof ArrayBuffer) return { buffer: data, depth: depth ?? 8 };
  if (!ArrayBuffer.isView(data)) throw refused(`expected \`data\` to be an ArrayBuffer or an array on one, got ${show(data)}`, label);
  const { buffer, byteOffset, byteLength } = data;
  if (!(buffer instanceof ArrayBuffer)) throw refused('its memory is shared with other threads, so it can have no owner', label);
  // Node hands out small Buffers as parts of one slab: to detach that would take all the others along.
  if (byteOffset !== 0 || byteLength !== buffer.byteLength)
    throw refused(
      `\`data\` is a part of its buffer (bytes ${byteOffset} to ${byteOffset + byteLength} of ${buffer.byteLength}), which others may use; copy it with slice()`,
      label,
    );
  const found = DEPTHS.find(([type]) => data instanceof type)?.[1];
  if (found === undefined) throw refused(`expected \`data\` to be of bytes, 16 bit numbers or float32, got ${data.constructor.name}`, label);
  if (depth !== undefined && depth !== found) throw refused(`\`depth\` is ${show(depth)}, and \`data\` a ${data.constructor.name}`, label);
  return { buffer, depth: found };
}
