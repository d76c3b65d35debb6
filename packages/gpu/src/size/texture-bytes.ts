/** What a texture weighs: a sum over its mips, by blocks. */
import { GpuDescriptorError } from '../errors.ts';
import type { TextureDescriptor } from '../types.ts';
import { mipSize, sizeOf } from './extent.ts';
import { FORMATS } from './formats.ts';

export { mipSize, sizeOf, type Size } from './extent.ts';

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
