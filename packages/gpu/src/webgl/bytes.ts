/** What textures and renderbuffers of WebGL weigh: a sum over mips, by blocks. */
import { GpuDescriptorError } from '../errors.ts';
import { mipSize, sizeOf, type Size } from '../size/extent.ts';
import { GL } from './enums.ts';
import { FORMATS } from './formats.ts';
import type { RenderbufferDescriptor, TextureDescriptor } from './types.ts';

/** The sides of a texture's level; of a cube map, six faces are its layers. */
export function levelSize(size: Size, level: number, target: number): Size {
  return mipSize(size, level, target === GL.TEXTURE_3D ? '3d' : '2d');
}

/** The sides of a whole texture. */
export function textureSize({ size, target }: TextureDescriptor): Size {
  const { width, height, depthOrArrayLayers } = sizeOf(size);
  return { width, height, depthOrArrayLayers: target === GL.TEXTURE_CUBE_MAP ? 6 : depthOrArrayLayers };
}

/**
 * The bytes that a texture or renderbuffer takes: all its mips, layers and samples. `low` and `high` differ where the driver chooses
 * the layout; what it adds by its own (alignment, heaps, decoded copies) is not known. Throws GpuDescriptorError for a format that
 * WebGL2 does not have.
 */
export function textureBytes(descriptor: TextureDescriptor | RenderbufferDescriptor): { low: number; high: number } {
  const { internalFormat, target = GL.TEXTURE_2D, levels = 1, samples = 0 } = descriptor as TextureDescriptor & RenderbufferDescriptor;
  const format = FORMATS.get(internalFormat);
  if (format === undefined)
    throw new GpuDescriptorError(`Unknown internal format ${String(internalFormat)}.`, { kind: 'WebGL texture', label: descriptor.label });
  const size = textureSize({ ...descriptor, target });
  let blocks = 0;
  for (let level = 0; level < levels; level++) {
    const { width, height, depthOrArrayLayers } = levelSize(size, level, target);
    blocks += Math.ceil(width / format.width) * Math.ceil(height / format.height) * depthOrArrayLayers;
  }
  const all = blocks * Math.max(1, samples);
  return { low: all * format.low, high: all * format.high };
}
