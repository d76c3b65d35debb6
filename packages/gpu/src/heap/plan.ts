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

/** Throws GpuDescriptorError for a texture that the device cannot make. */
export function planTexture(descriptor: TextureDescriptor, device: DeviceShape, label: string | undefined): Plan {
  requireTexture(descriptor, device);
  const { width, height, depthOrArrayLayers } = sizeOf(descriptor.size);
  const { format, usage, mipLevelCount = 1, sampleCount = 1, dimension = '2d', viewFormats = [] } = descriptor;
  const known = { ...descriptor, label: label ?? '', size: [width, height, depthOrArrayLayers], viewFormats: [...viewFormats].sort() };
  return {
    bytes: textureBytes(known).high,
    key: [format, width, height, depthOrArrayLayers, mipLevelCount, sampleCount, dimension, usage, ...known.viewFormats].join(' '),
    label,
    mayBeOld: true,
    make: (on) => on.createTexture(known),
    clear: isClearable(known) ? (on, raw) => clearTexture(on, raw as TextureShape, known) : undefined,
  };
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
