/** What the model makes: small textures of many sorts, and buffers; how each is filled, read, and what it must hold. */
import type { BufferDescriptor, TextureDescriptor } from '@handback/gpu';

const COPY_SRC = 1;
const COPY_DST = 2;
const BINDING = 4;
const RENDER = 16;
const ALL = COPY_SRC | COPY_DST | BINDING | RENDER;

/** A level of a texture, in blocks. */
export interface Level {
  readonly bytesPerRow: number;
  readonly rows: number;
  readonly layers: number;
  /** In texels, whole blocks. */
  readonly size: readonly [number, number, number];
}

export interface TextureSpec {
  readonly descriptor: TextureDescriptor;
  /** What it counts for. */
  readonly bytes: number;
  readonly levels: readonly Level[];
  /** False: the platform copies none of it. */
  readonly isReadable: boolean;
  readonly isWritable: boolean;
  readonly blockHeight: number;
}

function texture(descriptor: TextureDescriptor, bytesPerBlock: number, { block = 1, samples = 1, isReadable = true, isWritable = true } = {}): TextureSpec {
  const [width, height = 1, depth = 1] = descriptor.size as number[] as [number, number?, number?];
  const levels = Array.from({ length: descriptor.mipLevelCount ?? 1 }, (_, level): Level => {
    const [across, rows] = [width, height].map((side) => Math.ceil(Math.max(1, side >> level) / block)) as [number, number];
    const layers = descriptor.dimension === '3d' ? Math.max(1, depth >> level) : depth;
    return { bytesPerRow: across * bytesPerBlock, rows, layers, size: [across * block, rows * block, layers] };
  });
  const bytes = samples * levels.reduce((sum, { bytesPerRow, rows, layers }) => sum + bytesPerRow * rows * layers, 0);
  return { descriptor, bytes, levels, isReadable: isReadable && samples === 1, isWritable: isWritable && samples === 1, blockHeight: block };
}

export const textureSpecs: readonly TextureSpec[] = [
  texture({ size: [64, 64], format: 'rgba8unorm', usage: ALL }, 4),
  texture({ size: [64, 64], format: 'rgba8unorm', usage: COPY_SRC | COPY_DST }, 4),
  texture({ size: [100, 60], format: 'r8unorm', usage: COPY_SRC | COPY_DST }, 1),
  texture({ size: [32, 32], format: 'rgba16float', usage: ALL, mipLevelCount: 3 }, 8),
  texture({ size: [32, 32, 4], format: 'rgba8unorm', usage: ALL }, 4),
  texture({ size: [64, 64], format: 'rgba8unorm', usage: RENDER | BINDING, sampleCount: 4 }, 4, { samples: 4 }),
  texture({ size: [16, 16, 8], format: 'r32uint', usage: ALL, dimension: '3d', mipLevelCount: 3 }, 4),
  texture({ size: [16, 16, 8], format: 'rg8snorm', usage: COPY_SRC | COPY_DST, dimension: '3d' }, 2),
  texture({ size: [128, 128], format: 'bc1-rgba-unorm', usage: COPY_SRC | COPY_DST | BINDING, mipLevelCount: 8 }, 8, { block: 4 }),
  texture({ size: [48, 48, 2], format: 'bc7-rgba-unorm', usage: COPY_SRC | COPY_DST | BINDING }, 16, { block: 4 }),
  texture({ size: [48, 48], format: 'rgb9e5ufloat', usage: COPY_SRC | COPY_DST | BINDING }, 4),
  texture({ size: [50, 50], format: 'rgba8snorm', usage: COPY_SRC | COPY_DST }, 4),
  texture({ size: [40, 40], format: 'depth32float', usage: COPY_SRC | RENDER }, 4, { isWritable: false }),
  texture({ size: [40, 40, 3], format: 'depth24plus', usage: BINDING | RENDER }, 4, { isReadable: false, isWritable: false }),
  texture({ size: [64, 64], format: 'stencil8', usage: COPY_SRC | COPY_DST | RENDER }, 4, { isReadable: false, isWritable: false }),
  texture({ size: [256], format: 'rgba8uint', usage: COPY_SRC | COPY_DST, dimension: '1d' }, 4),
  texture({ size: [33, 17], format: 'rgba32sint', usage: ALL }, 16),
];

export interface BufferSpec {
  readonly descriptor: BufferDescriptor;
  readonly bytes: number;
}

export const bufferSpecs: readonly BufferSpec[] = [
  { descriptor: { size: 1_000, usage: 0x4 | 0x8 }, bytes: 1_024 },
  { descriptor: { size: 20_000, usage: 0x4 | 0x8 | 0x20 }, bytes: 20_480 },
  { descriptor: { size: 300, usage: 0x4 | 0x8 | 0x40 }, bytes: 320 },
];
