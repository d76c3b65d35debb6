/** The sides of textures and of their mips. */
import type { Extent } from '../types.ts';

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
