/** What a descriptor comes to: how it is made, what it weighs, what it may be exchanged for, and how it is cleared. */
import { requireBuffer, requireTexture } from '../size/limits.ts';
import { roundedUp } from '../size/round.ts';
import { sizeOf, textureBytes } from '../size/texture-bytes.ts';
import type { BufferDescriptor, BufferShape, DeviceShape, TextureDescriptor, TextureShape } from '../types.ts';
import { clearBuffer, clearTexture, isClearable, isClearableBuffer } from './clear.ts';
import type { Platform, RawShape } from './platform.ts';

export interface Plan<Device extends Platform = DeviceShape> {
  readonly bytes: number;
  readonly key: string;
  readonly label: string | undefined;
  /** False for what has to be new: mapped at its creation. */
  readonly mayBeOld: boolean;
  readonly make: (device: Device) => RawShape;
  /** Clears one that had another owner; undefined where that cannot be done. */
  readonly clear: ((device: Device, raw: RawShape) => void) | undefined;
}

/** What is known of a sort of texture once a device was found to be able to make it. */
interface Sort {
  readonly bytes: number;
  readonly known: TextureDescriptor;
  readonly isClearable: boolean;
}

/** The sorts that a device was asked for: to look at a descriptor costs as much as all the rest of a texture that is used again. */
const sorts = new WeakMap<DeviceShape, Map<string, Sort>>();
const MOST_SORTS = 1_000;

/** Throws GpuDescriptorError for a texture that the device cannot make. */
export function planTexture(descriptor: TextureDescriptor, device: DeviceShape, label: string | undefined): Plan {
  const key = keyOf(descriptor) ?? '';
  let known = sorts.get(device);
  if (known === undefined) sorts.set(device, (known = new Map()));
  let sort = known.get(key);
  if (sort === undefined) {
    sort = sortOf(descriptor, device);
    if (known.size >= MOST_SORTS) known.clear();
    known.set(key, sort);
  }
  const { bytes, known: plain, isClearable: clearable } = sort;
  return {
    bytes,
    key,
    label,
    mayBeOld: true,
    make: (on) => on.createTexture({ ...plain, label: label ?? '' }),
    clear: clearable ? (on, raw) => clearTexture(on, raw as TextureShape, plain) : undefined,
  };
}

/** Whatever two textures of which may stand for each other have in common. */
function keyOf(descriptor: TextureDescriptor): string | undefined {
  const { format, usage, size, mipLevelCount = 1, sampleCount = 1, dimension = '2d', viewFormats } = descriptor ?? {};
  if (typeof size !== 'object' || size === null) return undefined;
  const { width, height, depthOrArrayLayers } = sizeOf(size);
  const views = viewFormats === undefined ? '' : [...viewFormats].sort().join(' ');
  return `${format} ${width} ${height} ${depthOrArrayLayers} ${mipLevelCount} ${sampleCount} ${dimension} ${usage} ${views}`;
}

function sortOf(descriptor: TextureDescriptor, device: DeviceShape): Sort {
  requireTexture(descriptor, device);
  const { width, height, depthOrArrayLayers } = sizeOf(descriptor.size);
  const known = { ...descriptor, size: [width, height, depthOrArrayLayers], viewFormats: [...(descriptor.viewFormats ?? [])] };
  return { bytes: textureBytes(known).high, known, isClearable: isClearable(known) };
}

/** Throws GpuDescriptorError for a buffer that the device cannot make. */
export function planBuffer(descriptor: BufferDescriptor, device: DeviceShape, label: string | undefined): Plan {
  requireBuffer(descriptor, device);
  const { usage, mappedAtCreation = false } = descriptor;
  const { maxBufferSize } = device.limits as { maxBufferSize: number };
  const bytes = mappedAtCreation ? descriptor.size : Math.min(roundedUp(descriptor.size), maxBufferSize);
  const known = { label: label ?? '', size: bytes, usage, mappedAtCreation };
  return {
    bytes,
    key: `buffer ${bytes} ${usage}`,
    label,
    mayBeOld: !mappedAtCreation,
    make: (on) => on.createBuffer(known),
    clear: isClearableBuffer(usage) ? (on, raw) => clearBuffer(on, raw as BufferShape) : undefined,
  };
}
