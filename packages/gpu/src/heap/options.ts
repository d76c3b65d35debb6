/** What a heap, and what it makes, is asked for. */
import type { AcquireOptions, Budget, OwnOptions } from '@handback/core';
import type { Buffer, Texture } from '../types.ts';

/** Options of a GpuHeap. */
export interface GpuHeapOptions {
  /**
   * In bytes, for textures and buffers, idle ones, those that the queue is not done with, and uploads. The platform does not tell how
   * much there is. Beside it, a device that clears textures by copying has 256 KiB of zeros.
   */
  capacity: number;
  /** A budget that pays too, as the one of all heaps of a process. */
  parent?: Budget | undefined;
  /** Said in messages. Default `GPU memory`. */
  name?: string | undefined;
  /** The part of the capacity that uploads may take, and textures may not. Default 1/8. */
  staging?: number | undefined;
  /** The most bytes that are kept idle for reuse. Default: half of the capacity. */
  maxIdle?: number | undefined;
  /** What nobody has asked for again in so many milliseconds is released. Default 60,000. */
  idleTimeout?: number | undefined;
  /** Kept reachable while the heap has a device: in Node, what `create([])` of the package `webgpu` answered, which must outlive its devices. */
  keep?: unknown;
}

/** Options of `createTexture` and `createBuffer`. */
export interface CreateOptions<Raw> extends Omit<AcquireOptions, 'parent'> {
  /** False leaves what a former owner left in it: for those who overwrite everything. Default true: it is zero, as a new one. */
  clear?: boolean | undefined;
  /** Called with a new one, all zero, when the device was lost, the heap attached to another, and the handle is used there first: upload it anew. */
  restored?: ((raw: Raw) => void) | undefined;
}

/** Options of `createTextureSync` and `createBufferSync`. */
export interface CreateSyncOptions<Raw> extends Omit<OwnOptions, 'parent'> {
  clear?: boolean | undefined;
  restored?: ((raw: Raw) => void) | undefined;
}

export type TextureOptions = CreateOptions<Texture>;
export type TextureSyncOptions = CreateSyncOptions<Texture>;
export type BufferOptions = CreateOptions<Buffer>;
export type BufferSyncOptions = CreateSyncOptions<Buffer>;

/** The counts of a GpuHeap, in bytes. Their sum never exceeds the capacity, but for what `reserve` and `resize` do. */
export interface GpuHeapStats {
  /** Of handles that are open. */
  readonly live: number;
  /** Kept for reuse. */
  readonly idle: number;
  /** Disposed, while the queue is not done with them. */
  readonly retired: number;
  /** Uploads that the queue is not done with. */
  readonly staging: number;
  readonly capacity: number;
}
