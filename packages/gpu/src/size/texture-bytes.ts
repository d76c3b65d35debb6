/** What a texture weighs: a sum over its mips, by blocks. */
import { GpuDescriptorError } from '../errors.ts';
import type { Extent, TextureDescriptor } from '../types.ts';
import { FORMATS } from './formats.ts';

/** The sides of a texture. */
export interface Size {
  readonly width: number;
  readonly height: number;
  readonly depthOrArrayLayers: number;
}

export function sizeOf(extent: Extent): Size {
  if (Symbol.iterator in extent) {
    const [width = 0, height = 1, depthOrArrayLayers = 1] = extent as readonly number[];
    return { width, height, depthOrArrayLayers };
  }
  const { width, height = 1, depthOrArrayLayers = 1 } = extent;
  return { width, height, depthOrArrayLayers };
}

/** The sides of a mip level. */
export function mipSize({ width, height, depthOrArrayLayers }: Size, level: number, dimension: string): Size {
  const shrunk = (side: number): number => Math.max(1, Math.floor(side / 2 ** level));
  return {
    width: shrunk(width),
    height: dimension === '1d' ? 1 : shrunk(height),
    depthOrArrayLayers: dimension === '3d' ? shrunk(depthOrArrayLayers) : depthOrArrayLayers,
  };
}

/**
 * The bytes that a texture of a descriptor takes: all its mips, layers and samples. `low` and `high` differ for depth-stencil formats,
 * whose layout the driver chooses; what it adds by its own (alignment, heaps, decoded copies) is not known. Throws
 * GpuDescriptorError for a format that WebGPU does not have.
 */
export function textureBytes(descriptor: TextureDescriptor): { low: number; high: number } {
  const { format, mipLevelCount = 1, sampleCount = 1, dimension = '2d' } = descriptor;
  const block = FORMATS.get(format);
  if (block === undefined) throw new GpuDescriptorError(`Unknown texture format '${String(format)}'.`, { kind: 'texture', label: descriptor.label });
  const size = sizeOf(descriptor.size);
  let blocks = 0;
  for (let level = 0; level < mipLevelCount; level++) {
    const { width, height, depthOrArrayLayers } = mipSize(size, level, dimension);
    blocks += Math.ceil(width / block.width) * Math.ceil(height / block.height) * depthOrArrayLayers;
  }
  return { low: blocks * block.low * sampleCount, high: blocks * block.high * sampleCount };
}
