/** What a heap, and what it makes, is asked for. */
import type { AcquireOptions, OwnOptions } from '@handback/core';
import type { Buffer, Texture } from '../types.ts';
import type { HeapOptions } from './shares.ts';

/** Options of a GpuHeap. Beside the capacity, a device that clears textures by copying has 256 KiB of zeros, or more for long rows. */
export interface GpuHeapOptions extends HeapOptions {
  /** Kept reachable while the heap has a device: in Node, what `create([])` of the package `webgpu` answered, which must outlive its devices. */
  keep?: unknown;
}

/** Options of `createTexture` and `createBuffer`. */
export interface CreateOptions<Raw> extends Omit<AcquireOptions, 'parent'> {
  /** False leaves what a former owner left in it: for those who overwrite everything. Default true: it is zero, as a new one. */
  clear?: boolean | undefined;
  /** Called with a new one, all zero, when the device was lost, the heap attached to another, and the handle is used there first: upload it anew. What this function can reach lives as long as the resource does: not the handle, or a forgotten one is never found. */
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

/** The counts of a GpuHeap. The bytes of `live`, `idle`, `retired` and `staging` never exceed the capacity, but for what `reserve` and `resize` do. */
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
  /** How many textures and buffers the platform has made so far. */
  readonly created: number;
  /** How many were used again instead. */
  readonly reused: number;
  /** How many were released while they were idle: to make room, for their age, or by `trim`. */
  readonly evicted: number;
}
