/**
 * Clears what a former owner left. A new texture or buffer is zero by the specification; one that is used again is not, so it is
 * cleared by the queue, in order: by a render pass where it can be rendered to, else by a copy of zeros.
 */
import { FORMATS } from '../size/formats.ts';
import { mipSize, sizeOf } from '../size/texture-bytes.ts';
import type { BufferShape, DeviceShape, EncoderShape, TextureDescriptor, TextureShape } from '../types.ts';

const COPY_DST = 0x02;
const RENDER_ATTACHMENT = 0x10;
const TRANSIENT_ATTACHMENT = 0x20;
const BUFFER_COPY_DST = 0x08;

const RENDERABLE = new Set(
  (
    'r8unorm r8uint r8sint rg8unorm rg8uint rg8sint rgba8unorm rgba8unorm-srgb rgba8uint rgba8sint bgra8unorm bgra8unorm-srgb r16uint r16sint r16float rg16uint rg16sint rg16float ' +
    'rgba16uint rgba16sint rgba16float r32uint r32sint r32float rg32uint rg32sint rg32float rgba32uint rgba32sint rgba32float rgb10a2uint rgb10a2unorm'
  ).split(' '),
);

type Way = 'render' | 'copy' | 'none';

/** How a texture of a descriptor can be cleared; undefined where it cannot. */
function wayOf({ format, usage, dimension = '2d', sampleCount = 1 }: TextureDescriptor): Way | undefined {
  // Nothing stays in it from one render pass to the next.
  if ((usage & TRANSIENT_ATTACHMENT) !== 0) return 'none';
  const isDepth = /depth|stencil/.test(format);
  if ((usage & RENDER_ATTACHMENT) !== 0 && dimension !== '1d' && (isDepth || RENDERABLE.has(format))) return 'render';
  return (usage & COPY_DST) !== 0 && !isDepth && sampleCount === 1 ? 'copy' : undefined;
}

export function isClearable(descriptor: TextureDescriptor): boolean {
  return wayOf(descriptor) !== undefined;
}

/** Zeros to copy from, made once for a device: as many bytes as its longest row has, 256 KiB at least. */
const zeros = new WeakMap<DeviceShape, { readonly buffer: BufferShape; readonly size: number }>();

function zerosOf(device: DeviceShape): { readonly buffer: BufferShape; readonly size: number } {
  let found = zeros.get(device);
  if (found === undefined) {
    const { maxTextureDimension2D } = device.limits as { maxTextureDimension2D: number };
    const size = Math.max(256 * 1_024, 16 * maxTextureDimension2D);
    found = { buffer: device.createBuffer({ label: 'handback zeros', size, usage: 0x04 }), size };
    zeros.set(device, found);
  }
  return found;
}

export function clearTexture(device: DeviceShape, texture: TextureShape, descriptor: TextureDescriptor): void {
  const way = wayOf(descriptor);
  if (way === 'none') return;
  const encoder = device.createCommandEncoder({ label: 'handback clear' });
  if (way === 'render') clearByRendering(encoder, texture, descriptor);
  else clearByCopying(device, encoder, texture, descriptor);
  device.queue.submit([encoder.finish()]);
}

export function clearBuffer(device: DeviceShape, buffer: BufferShape): void {
  const encoder = device.createCommandEncoder({ label: 'handback clear' });
  encoder.clearBuffer(buffer);
  device.queue.submit([encoder.finish()]);
}

export function isClearableBuffer(usage: number): boolean {
  return (usage & BUFFER_COPY_DST) !== 0;
}

function clearByRendering(encoder: EncoderShape, texture: TextureShape, descriptor: TextureDescriptor): void {
  const { format, mipLevelCount = 1, dimension = '2d' } = descriptor;
  const size = sizeOf(descriptor.size);
  for (let level = 0; level < mipLevelCount; level++) {
    const { depthOrArrayLayers } = mipSize(size, level, dimension);
    for (let layer = 0; layer < depthOrArrayLayers; layer++) {
      const where = dimension === '3d' ? { dimension: '3d' } : { dimension: '2d', baseArrayLayer: layer, arrayLayerCount: 1 };
      const view = texture.createView({ baseMipLevel: level, mipLevelCount: 1, ...where });
      const depth = /depth/.test(format) ? { depthClearValue: 0, depthLoadOp: 'clear', depthStoreOp: 'store' } : {};
      const stencil = /stencil/.test(format) ? { stencilClearValue: 0, stencilLoadOp: 'clear', stencilStoreOp: 'store' } : {};
      const isDepth = /depth|stencil/.test(format);
      const slice = dimension === '3d' ? { depthSlice: layer } : {};
      const colour = { view, loadOp: 'clear', storeOp: 'store', clearValue: [0, 0, 0, 0], ...slice };
      const pass = isDepth ? { colorAttachments: [], depthStencilAttachment: { view, ...depth, ...stencil } } : { colorAttachments: [colour] };
      encoder.beginRenderPass(pass).end();
    }
  }
}

function clearByCopying(device: DeviceShape, encoder: EncoderShape, texture: TextureShape, descriptor: TextureDescriptor): void {
  const { buffer, size: most } = zerosOf(device);
  const { format, mipLevelCount = 1, dimension = '2d' } = descriptor;
  const block = FORMATS.get(format) as { width: number; height: number; low: number };
  const size = sizeOf(descriptor.size);
  for (let level = 0; level < mipLevelCount; level++) {
    const mip = mipSize(size, level, dimension);
    // Copies are of whole blocks, also where a mip is smaller than one.
    const width = Math.ceil(mip.width / block.width) * block.width;
    const rows = Math.ceil(mip.height / block.height);
    const bytesPerRow = Math.ceil(((width / block.width) * block.low) / 256) * 256;
    const rowsAtOnce = Math.max(1, Math.min(rows, Math.floor(most / bytesPerRow)));
    for (let layer = 0; layer < mip.depthOrArrayLayers; layer++) {
      for (let row = 0; row < rows; row += rowsAtOnce) {
        const count = Math.min(rowsAtOnce, rows - row);
        const destination = { texture, mipLevel: level, origin: [0, row * block.height, layer] };
        encoder.copyBufferToTexture({ buffer, bytesPerRow, rowsPerImage: count }, destination, [width, count * block.height, 1]);
      }
    }
  }
}
