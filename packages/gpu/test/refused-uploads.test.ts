// Uploads that the device would refuse are refused at the call: nothing is written, and no error is left to an event.
import { GpuHeap, type TextureHandle } from '@handback/gpu';
import { afterAll, describe, expect, test } from 'vitest';
import { gpu, missing, newDevice } from './device.ts';

const COPIES = 0x1 | 0x2;

describe.skipIf(missing !== undefined)('an upload that cannot be', async () => {
  const device = missing === undefined ? await newDevice() : (undefined as never);
  const errors: string[] = [];
  if (missing === undefined) device.addEventListener('uncapturederror', (event) => errors.push(event.error.message));
  afterAll(() => expect(errors).toEqual([]));

  const bytes = (length: number): Uint8Array => new Uint8Array(length);
  const wrong: [string, object, RegExp][] = [
    ['of too few bytes', { data: bytes(1_023) }, /has 1023 bytes, the upload needs 1024/],
    ['of too few bytes for its layout', { data: bytes(1_024), layout: { bytesPerRow: 256 } }, /needs 3904/],
    ['to a level that is not there', { data: bytes(1_024), mipLevel: 2 }, /mipLevel.*0 to 1, got 2/],
    ['beyond the right edge', { data: bytes(1_024), origin: [1, 0] }, /size\.width|origin/],
    ['from outside', { data: bytes(4), origin: [17, 0], size: [1, 1] }, /origin\.x.*0 to 16, got 17/],
    ['to a layer that is not there', { data: bytes(4), origin: { z: 1 }, size: [1, 1] }, /size\.depthOrArrayLayers/],
    ['larger than the level', { data: bytes(9_999), size: [17, 16] }, /size\.width.*0 to 16, got 17/],
    ['with rows that overlap', { data: bytes(1_024), layout: { bytesPerRow: 32 } }, /A row has 64 bytes/],
    ['half a texel to the right', { data: bytes(4), origin: [0.5, 0], size: [1, 1] }, /origin\.x.*got 0\.5/],
  ];
  test.each(wrong)('%s', async (_, upload, message) => {
    await using heap = new GpuHeap(device, { capacity: 2 ** 20, keep: gpu });
    using texture = await heap.createTexture({ size: [16, 16], format: 'rgba8unorm', usage: COPIES, mipLevelCount: 2 });
    await expect(heap.writeTexture({ texture, ...(upload as { data: Uint8Array }) })).rejects.toThrow(message);
    expect(heap.stats().staging).toBe(0);
  });

  test('to what cannot be written, is packed of two aspects, or is of another heap', async () => {
    await using heap = new GpuHeap(device, { capacity: 2 ** 20, keep: gpu });
    await using other = new GpuHeap(device, { capacity: 2 ** 20, keep: gpu });
    const make = (target: GpuHeap, format: string, usage: number): Promise<TextureHandle> => target.createTexture({ size: [16, 16], format, usage });
    using readable = await make(heap, 'rgba8unorm', 0x4);
    using packed = await make(heap, 'depth24plus-stencil8', COPIES | 0x10);
    using foreign = await make(other, 'rgba8unorm', COPIES);
    await expect(heap.writeTexture({ texture: readable, data: bytes(1_024) })).rejects.toThrow(/COPY_DST/);
    await expect(heap.writeTexture({ texture: packed, data: bytes(1_024) })).rejects.toThrow(/one aspect at a time/);
    await expect(heap.writeTexture({ texture: foreign, data: bytes(1_024) })).rejects.toThrow(/of this heap/);
  });

  test.each([
    [{ data: bytes(6) }, /words of 4 bytes/],
    [{ data: bytes(4), offset: 2 }, /words of 4 bytes/],
    [{ data: bytes(8), offset: 60 }, /has 8 bytes, and the buffer 4/],
    [{ data: bytes(4), offset: 68 }, /offset.*0 to 64, got 68/],
  ])('to a buffer, as %o', async (upload, message) => {
    await using heap = new GpuHeap(device, { capacity: 2 ** 20, keep: gpu });
    using buffer = await heap.createBuffer({ size: 64, usage: 0x8 });
    await expect(heap.writeBuffer({ buffer, ...upload })).rejects.toThrow(message);
    using sealed = await heap.createBuffer({ size: 64, usage: 0x4 });
    await expect(heap.writeBuffer({ buffer: sealed, data: bytes(4) })).rejects.toThrow(/COPY_DST/);
  });
});
