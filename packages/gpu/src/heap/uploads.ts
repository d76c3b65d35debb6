/** Uploads as pieces that fit the share of staging. */
import type { BufferHandle } from '../handles/buffer.ts';
import type { TextureHandle } from '../handles/texture.ts';
import { cutsOf, type DataLayout } from '../size/cuts.ts';
import { blockOf } from '../size/formats.ts';
import { sizeOf } from '../size/texture-bytes.ts';
import type { BufferShape, Extent, QueueShape, TextureShape } from '../types.ts';
import { requireBufferUpload, requireTextureUpload, type Place } from './require-upload.ts';
import type { Piece } from './staging.ts';

/** An upload to a texture: the arguments of `queue.writeTexture`. */
export interface TextureUpload {
  readonly texture: TextureHandle;
  readonly mipLevel?: number | undefined;
  /** Of the texel where it begins: x, y, layer or depth. */
  readonly origin?: readonly number[] | { readonly x?: number; readonly y?: number; readonly z?: number } | undefined;
  /** Default `all`. */
  readonly aspect?: 'all' | 'depth-only' | 'stencil-only' | undefined;
  readonly data: ArrayBufferView | ArrayBuffer;
  /** Default: rows without gaps. */
  readonly layout?: DataLayout | undefined;
  /** In texels. Default: the whole level. */
  readonly size?: Extent | undefined;
}

/** An upload to a buffer: the arguments of `queue.writeBuffer`, in bytes. */
export interface BufferUpload {
  readonly buffer: BufferHandle;
  /** Where in the buffer it begins: a multiple of 4. */
  readonly offset?: number | undefined;
  readonly data: ArrayBufferView | ArrayBuffer;
}

/** A texture of the platform says what it is. */
export interface Described {
  readonly format: string;
  readonly usage: number;
  readonly mipLevelCount: number;
  readonly sampleCount: number;
  readonly width: number;
  readonly height: number;
  readonly depthOrArrayLayers: number;
  readonly dimension: string;
}

const COPY_DST = 0x02;

/** Whether an upload leaves nothing of what a texture had in it. False where the platform might refuse it. */
export function isWhole(texture: TextureShape, { size, origin = [], data, layout = {} }: TextureUpload): boolean {
  const { format, usage, mipLevelCount, sampleCount, width, height, depthOrArrayLayers } = texture as unknown as Described;
  if (mipLevelCount !== 1 || sampleCount !== 1 || (usage & COPY_DST) === 0 || /depth|stencil/.test(format)) return false;
  const at = Array.isArray(origin) ? (origin as number[]) : Object.values(origin as object);
  if (at.some((side) => side !== 0)) return false;
  const part = size === undefined ? { width, height, depthOrArrayLayers } : sizeOf(size);
  if (part.width !== width || part.height !== height || part.depthOrArrayLayers !== depthOrArrayLayers) return false;
  const block = blockOf(format, 'all');
  const [row, rows] = [Math.ceil(width / block.width) * block.low, Math.ceil(height / block.height)];
  const { offset = 0, bytesPerRow = row, rowsPerImage = rows } = layout;
  const least = offset + bytesPerRow * (rowsPerImage * (depthOrArrayLayers - 1) + rows - 1) + row;
  return bytesPerRow >= row && rowsPerImage >= rows && data.byteLength >= least;
}

/** The pieces of an upload, or TypeError or RangeError for one that cannot be. */
export function texturePieces(texture: TextureShape, upload: TextureUpload, queue: () => QueueShape, most: number): Generator<Piece> {
  return cutTexture(texture, upload, requireTextureUpload(texture as unknown as Described, upload), queue, most);
}

function* cutTexture(texture: TextureShape, upload: TextureUpload, { x, y, z, size }: Place, queue: () => QueueShape, most: number): Generator<Piece> {
  const { format } = texture as unknown as Described;
  const { mipLevel = 0, aspect = 'all', data, layout = {} } = upload;
  // The platform copies no part of a layer of these.
  const isWhole = /depth|stencil/.test(format);
  for (const cut of cutsOf(size, blockOf(format, aspect), layout, most, isWhole)) {
    yield {
      bytes: cut.bytes,
      write: () => {
        const { width: across, height: down, depthOrArrayLayers: layers } = cut.size;
        queue().writeTexture({ texture, mipLevel, aspect, origin: [x, y + cut.y, z + cut.z] }, data, cut.layout, [across, down, layers]);
      },
    };
  }
}

/** The same for a buffer. */
export function bufferPieces(buffer: BufferShape, { offset = 0, data }: BufferUpload, queue: () => QueueShape, most: number): Generator<Piece> {
  const bytes = ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);
  requireBufferUpload(buffer as unknown as { usage: number; size: number }, offset, bytes.byteLength);
  return cutBuffer(buffer, offset, bytes, queue, most);
}

function* cutBuffer(buffer: BufferShape, offset: number, bytes: Uint8Array, queue: () => QueueShape, most: number): Generator<Piece> {
  // Whole words, as the platform wants them.
  const step = Math.max(4, Math.floor(most / 4) * 4);
  for (let at = 0; at < bytes.byteLength; at += step) {
    const length = Math.min(step, bytes.byteLength - at);
    yield { bytes: length, write: () => queue().writeBuffer(buffer, offset + at, bytes, at, length) };
  }
}
