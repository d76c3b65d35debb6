// Whatever a texture is of, its next owner finds it all zero.
import { GpuHeap, type TextureDescriptor } from '@handback/gpu';
import { afterAll, describe, expect, test } from 'vitest';
import { FORMATS } from '../src/size/formats.ts';
import { gpu, missing, newDevice } from './device.ts';

const MiB = 2 ** 20;
const [COPY_SRC, COPY_DST, RENDER] = [1, 2, 16];
/** Formats that need what the device was not asked for. */
const ABSENT = /^((r|rg|rgba)16[us]norm|depth32float-stencil8)$/;
const RENDERED = /^(r|rg|rgba|bgra)(8unorm|8uint|8sint|16uint|16sint|16float|32uint|32sint|32float)(-srgb)?$|^rgb10a2/;

describe.skipIf(missing !== undefined)('a texture that is used again is zero', async () => {
  const device = missing === undefined ? await newDevice() : (undefined as never);
  const errors: string[] = [];
  if (missing === undefined) device.addEventListener('uncapturederror', (event) => errors.push(event.error.message));
  afterAll(() => expect(errors).toEqual([]));

  const names = [...FORMATS.keys()].filter((format) => !ABSENT.test(format));
  const sorts: TextureDescriptor[] = names.flatMap((format) => {
    const { width, height } = FORMATS.get(format) as { width: number; height: number };
    const isDepth = /depth|stencil/.test(format);
    const size = [width * 8, height * 4, 2];
    if (isDepth) return [{ format, size, usage: COPY_SRC | RENDER, mipLevelCount: 2 }];
    const copied = { format, size, usage: COPY_SRC | COPY_DST, mipLevelCount: 3 };
    if (!RENDERED.test(format)) return [copied];
    return [copied, { ...copied, usage: copied.usage | RENDER }, { ...copied, usage: copied.usage | RENDER, dimension: '3d' as const }];
  });

  test.each(sorts)('$format, usage $usage, $dimension', async (descriptor) => {
    await using heap = new GpuHeap(device, { capacity: 16 * MiB, keep: gpu });
    const first = await heap.createTexture(descriptor);
    const raw = first.value as GPUTexture;
    const aspects = aspectsOf(descriptor.format);
    if (/depth|stencil/.test(descriptor.format)) renderOnes(raw, descriptor);
    else {
      const { low } = FORMATS.get(descriptor.format) as { low: number };
      for (let mipLevel = 0; mipLevel < 3; mipLevel++) {
        const { across, rows, layers, size } = levelOf(descriptor, mipLevel);
        await heap.writeTexture({ texture: first, mipLevel, size, data: new Uint8Array(across * rows * layers * low).fill(0x3a) });
      }
    }
    for (const aspect of aspects) expect(await isZero(raw, descriptor, aspect)).toBe(false);
    first.dispose();
    await heap.settled();
    using second = await heap.createTexture(descriptor);
    expect(second.value).toBe(raw);
    for (const aspect of aspects) expect(await isZero(raw, descriptor, aspect)).toBe(true);
  });

  test('also where an upload is to overwrite it, and does not', async () => {
    await using heap = new GpuHeap(device, { capacity: 2 * MiB, staging: 1 / 4, keep: gpu });
    const descriptor = { size: [512, 512], format: 'rgba8unorm', usage: COPY_SRC | COPY_DST } as const;
    const controller = new AbortController();
    for (const write of [
      { data: new Uint8Array(MiB).fill(9) },
      { data: new Uint8Array(MiB), size: [512, 500] },
      { data: new Uint8Array(MiB), origin: { x: 0, y: 1 }, size: [512, 511] },
    ]) {
      using texture = await heap.createTexture(descriptor);
      const uploading = heap.writeTexture({ texture, ...write }, { signal: controller.signal });
      await uploading;
      expect(new Set((await bytesOf(texture.value, descriptor, 'all', 0)).subarray(0, 4))).toEqual(new Set([write.data[0]]));
      texture.dispose();
      await heap.settled();
    }
    using dirty = await heap.createTexture(descriptor);
    await heap.writeTexture({ texture: dirty, data: new Uint8Array(MiB).fill(9) });
    dirty.dispose();
    await heap.settled();
    using last = await heap.createTexture(descriptor);
    // Half of it fits the share: the rest is aborted.
    const uploading = heap.writeTexture({ texture: last, data: new Uint8Array(MiB).fill(5) }, { signal: controller.signal });
    controller.abort(new Error('gone'));
    await expect(uploading).rejects.toThrow('gone');
    expect(new Set(await bytesOf(last.value, descriptor, 'all', 0))).toEqual(new Set([5, 0]));
  });

  function aspectsOf(format: string): GPUTextureAspect[] {
    if (format === 'stencil8' || format === 'depth24plus-stencil8') return ['stencil-only'];
    // The depth of 24 bits is not copied.
    return format === 'depth24plus' ? [] : ['all'];
  }

  function levelOf({ size, format, dimension }: TextureDescriptor, level: number): { across: number; rows: number; layers: number; size: number[] } {
    const { width, height } = FORMATS.get(format) as { width: number; height: number };
    const [wide, high, deep = 1] = size as [number, number, number?];
    const [across, rows] = [Math.ceil(Math.max(1, wide >> level) / width), Math.ceil(Math.max(1, high >> level) / height)];
    const layers = dimension === '3d' ? Math.max(1, deep >> level) : deep;
    return { across, rows, layers, size: [across * width, rows * height, layers] };
  }

  function renderOnes(texture: GPUTexture, { format, mipLevelCount = 1 }: TextureDescriptor): void {
    const encoder = device.createCommandEncoder();
    const depth = /depth/.test(format) ? ({ depthClearValue: 0.7, depthLoadOp: 'clear', depthStoreOp: 'store' } as const) : {};
    const stencil = /stencil/.test(format) ? ({ stencilClearValue: 77, stencilLoadOp: 'clear', stencilStoreOp: 'store' } as const) : {};
    for (let baseMipLevel = 0; baseMipLevel < mipLevelCount; baseMipLevel++) {
      for (let baseArrayLayer = 0; baseArrayLayer < texture.depthOrArrayLayers; baseArrayLayer++) {
        const view = texture.createView({ dimension: '2d', baseMipLevel, mipLevelCount: 1, baseArrayLayer, arrayLayerCount: 1 });
        encoder.beginRenderPass({ colorAttachments: [], depthStencilAttachment: { view, ...depth, ...stencil } }).end();
      }
    }
    device.queue.submit([encoder.finish()]);
  }

  async function isZero(texture: GPUTexture, descriptor: TextureDescriptor, aspect: GPUTextureAspect): Promise<boolean> {
    let zero = 0;
    for (let level = 0; level < texture.mipLevelCount; level++) if ((await bytesOf(texture, descriptor, aspect, level)).every((byte) => byte === 0)) zero++;
    expect([0, texture.mipLevelCount]).toContain(zero);
    return zero > 0;
  }

  async function bytesOf(texture: unknown, descriptor: TextureDescriptor, aspect: GPUTextureAspect, mipLevel: number): Promise<Uint8Array> {
    const { across, rows, layers, size } = levelOf(descriptor, mipLevel);
    const { low } = FORMATS.get(descriptor.format) as { low: number };
    const bytesPerRow = Math.ceil((across * low) / 256) * 256;
    const buffer = device.createBuffer({ size: bytesPerRow * rows * layers, usage: 0x1 | 0x8 });
    const encoder = device.createCommandEncoder();
    const source = { texture: texture as GPUTexture, mipLevel, aspect };
    encoder.copyTextureToBuffer(source, { buffer, bytesPerRow, rowsPerImage: rows }, size);
    device.queue.submit([encoder.finish()]);
    await buffer.mapAsync(1);
    const copy = new Uint8Array(buffer.getMappedRange().slice(0));
    buffer.destroy();
    return copy;
  }
});
