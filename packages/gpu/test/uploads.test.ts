// Uploads arrive whole and in order, whatever their size, format and layout; what fails harms no other.
import { GpuHeap, type TextureDescriptor } from '@handback/gpu';
import { afterAll, describe, expect, test } from 'vitest';
import { gpu, missing, newDevice } from './device.ts';

const MiB = 2 ** 20;
const COPIES = 0x1 | 0x2;

interface Sort {
  readonly descriptor: TextureDescriptor;
  readonly mipLevel?: number;
  readonly aspect?: 'depth-only' | 'stencil-only';
  /** Bytes of a block, and texels across it. */
  readonly bytes: number;
  readonly block?: number;
}

const SORTS: readonly Sort[] = [
  { descriptor: { size: [300, 200], format: 'rgba8unorm', usage: COPIES }, bytes: 4 },
  { descriptor: { size: [300, 200], format: 'rgba8unorm', usage: COPIES, mipLevelCount: 4 }, mipLevel: 3, bytes: 4 },
  { descriptor: { size: [64, 64, 20], format: 'rgba16float', usage: COPIES }, bytes: 8 },
  { descriptor: { size: [61, 47, 13], format: 'r8unorm', usage: COPIES, dimension: '3d', mipLevelCount: 3 }, mipLevel: 1, bytes: 1 },
  { descriptor: { size: [200], format: 'rg8unorm', usage: COPIES, dimension: '1d' }, bytes: 2 },
  { descriptor: { size: [256, 128], format: 'bc1-rgba-unorm', usage: COPIES }, bytes: 8, block: 4 },
  { descriptor: { size: [256, 128, 3], format: 'bc7-rgba-unorm', usage: COPIES, mipLevelCount: 8 }, mipLevel: 7, bytes: 16, block: 4 },
  { descriptor: { size: [64, 32], format: 'etc2-rgb8unorm', usage: COPIES }, bytes: 8, block: 4 },
  { descriptor: { size: [80, 80], format: 'astc-8x8-unorm', usage: COPIES }, bytes: 16, block: 8 },
  { descriptor: { size: [256, 100], format: 'stencil8', usage: COPIES | 0x10 }, bytes: 1 },
  { descriptor: { size: [256, 100], format: 'depth24plus-stencil8', usage: COPIES | 0x10 }, aspect: 'stencil-only', bytes: 1 },
  { descriptor: { size: [256, 100], format: 'depth16unorm', usage: COPIES | 0x10 }, bytes: 2 },
];

describe.skipIf(missing !== undefined)('an upload', async () => {
  const device = missing === undefined ? await newDevice() : (undefined as never);
  const errors: string[] = [];
  if (missing === undefined) device.addEventListener('uncapturederror', (event) => errors.push(event.error.message));
  afterAll(() => expect(errors).toEqual([]));

  /** A share of uploads of so many bytes, beside a MiB. */
  function newHeap(share: number): GpuHeap {
    return new GpuHeap(device, { capacity: 4 * MiB + share, staging: share / (4 * MiB + share), keep: gpu });
  }

  const cases = SORTS.flatMap((sort) => [1_024, 6_000, MiB].map((share) => [nameOf(sort), share, sort] as const));
  test.each(cases)('to %s, with a share of %i bytes, brings every texel', async (_, share, sort) => {
    const { descriptor, mipLevel = 0, aspect, bytes, block = 1 } = sort;
    const { width, rows, layers, height } = sidesOf(sort);
    await using heap = newHeap(share);
    using texture = await heap.createTexture(descriptor);
    const rowBytes = width * bytes;
    const whole = data(rowBytes * rows * layers);
    const where = { texture, mipLevel, ...(aspect === undefined ? {} : { aspect }) };
    const size = [width * block, height, layers];
    const uploading = heap.writeTexture({ ...where, data: whole, ...(block === 1 ? {} : { size }) });
    if (share < whole.length) expect(heap.stats().staging).toBeLessThanOrEqual(share);
    await uploading;
    expectSame(await read(texture.value, sort), whole);
    // A part, out of data with gaps; the later upload comes later, also where the earlier one waited.
    if (rows < 3 || aspect !== undefined || /depth|stencil/.test(descriptor.format)) return;
    const [from, count] = [1, rows - 2];
    const part = data((rowBytes + 32) * (count + 3) * layers + 48, 7);
    const again = heap.writeTexture({ texture, mipLevel, data: data(rowBytes * rows * layers, 3), size });
    const last = heap.writeTexture({
      texture,
      mipLevel,
      origin: [0, from * block, 0],
      size: [width * block, count * block, layers],
      data: part,
      layout: { offset: 48, bytesPerRow: rowBytes + 32, rowsPerImage: count + 3 },
    });
    await Promise.all([again, last]);
    const expected = data(rowBytes * rows * layers, 3);
    for (let layer = 0; layer < layers; layer++) {
      for (let row = 0; row < count; row++) {
        const at = 48 + (layer * (count + 3) + row) * (rowBytes + 32);
        expected.set(part.subarray(at, at + rowBytes), ((layer * rows + from + row) * width * bytes) as number);
      }
    }
    expectSame(await read(texture.value, sort), expected);
  });

  test('to a buffer is cut into words', async () => {
    await using heap = newHeap(1_000);
    using buffer = await heap.createBuffer({ size: 10_000, usage: 0x4 | 0x8 });
    const whole = data(9_996);
    // A view into the middle of something larger, of wider elements.
    const inside = new Uint8Array(12_000);
    inside.set(whole, 8);
    await heap.writeBuffer({ buffer, offset: 4, data: new Uint16Array(inside.buffer, 8, 9_996 / 2) });
    expectSame((await readBuffer(buffer.value, 10_240)).subarray(4, 10_000), whole);
  });

  test('that is larger than the share goes on while all else is full, and is counted', async () => {
    await using heap = newHeap(MiB / 2);
    const descriptor = { size: [512, 512], format: 'rgba8unorm', usage: COPIES } as const;
    const held = await Promise.all(Array.from({ length: 4 }, () => heap.createTexture(descriptor)));
    let most = 0;
    const watching = setInterval(() => (most = Math.max(most, heap.stats().staging)), 0);
    await Promise.all(held.map((texture, index) => heap.writeTexture({ texture, data: new Uint8Array(MiB).fill(index + 1) })));
    clearInterval(watching);
    for (const [index, texture] of held.entries()) {
      expect(new Set(await read(texture.value, { descriptor, bytes: 4 }))).toEqual(new Set([index + 1]));
      texture.dispose();
    }
    expect(most).toBeLessThanOrEqual(MiB / 2);
    expect(heap.budget.stats().peak).toBeLessThanOrEqual(4.5 * MiB);
  });

  test('that waits keeps its texture: a dispose is carried out when it has ended', async () => {
    await using heap = newHeap(MiB / 2);
    const texture = await heap.createTexture({ size: [512, 512], format: 'rgba8unorm', usage: COPIES });
    const uploading = heap.writeTexture({ texture, data: new Uint8Array(MiB) });
    texture.dispose();
    expect(texture.state).toBe('closing');
    await uploading;
    expect(texture.state).toBe('closed');
  });

  test('that fails, or is aborted, or has been, lets the others go on, and gives back its share', async () => {
    await using heap = newHeap(MiB / 4);
    const descriptor = { size: [512, 512], format: 'rgba8unorm', usage: COPIES } as const;
    using texture = await heap.createTexture(descriptor);
    const controller = new AbortController();
    const first = heap.writeTexture({ texture, data: new Uint8Array(MiB).fill(1) });
    const wrong = heap.writeTexture({ texture, data: 'no data' as never });
    const aborted = heap.writeTexture({ texture, data: new Uint8Array(MiB).fill(2) }, { signal: controller.signal });
    const last = heap.writeTexture({ texture, data: new Uint8Array(MiB).fill(3) });
    const never = heap.writeTexture({ texture, data: new Uint8Array(MiB).fill(4) }, { signal: AbortSignal.abort(new Error('before')) });
    let isFirstDone = false;
    void first.then(() => (isFirstDone = true));
    controller.abort(new Error('gone'));
    await expect(aborted).rejects.toThrow('gone');
    // At once, not when those before it have ended.
    expect(isFirstDone).toBe(false);
    await expect(never).rejects.toThrow('before');
    await expect(wrong).rejects.toBeInstanceOf(TypeError);
    await last;
    expect(isFirstDone).toBe(true);
    expect(new Set(await read(texture.value, { descriptor, bytes: 4 }))).toEqual(new Set([3]));
    await heap.settled();
    expect(heap.stats().staging).toBe(0);
  });

  test('one row that is larger than the share takes all of it', async () => {
    await using heap = newHeap(1_024);
    const descriptor = { size: [4_096, 3], format: 'rgba8unorm', usage: COPIES } as const;
    using texture = await heap.createTexture(descriptor);
    const whole = data(4_096 * 4 * 3);
    await heap.writeTexture({ texture, data: whole });
    expectSame(await read(texture.value, { descriptor, bytes: 4 }), whole);
    using buffer = await heap.createBuffer({ size: 16, usage: 0x8 });
    await heap.writeBuffer({ buffer, data: new ArrayBuffer(16) });
    expect(heap.budget.stats().peak).toBeLessThanOrEqual(heap.stats().capacity);
  });

  test('to what is no handle is refused', async () => {
    await using heap = newHeap(1_024);
    await expect(heap.writeTexture({ texture: {} as never, data: new Uint8Array(4) })).rejects.toThrow(/TextureHandle/);
    await expect(heap.writeBuffer({ buffer: {} as never, data: new Uint8Array(4) })).rejects.toThrow(/BufferHandle/);
  });

  function sidesOf({ descriptor, mipLevel = 0, block = 1 }: Sort): { width: number; rows: number; layers: number; height: number } {
    const [across, down = 1, deep = 1] = descriptor.size as [number, number?, number?];
    const [width, rows] = [across, down].map((side) => Math.ceil(Math.max(1, side >> mipLevel) / block)) as [number, number];
    return { width, rows, height: rows * block, layers: descriptor.dimension === '3d' ? Math.max(1, deep >> mipLevel) : deep };
  }

  async function read(texture: unknown, sort: Sort): Promise<Uint8Array> {
    const { mipLevel = 0, aspect = 'all', bytes, block = 1 } = sort;
    const { width, rows, layers, height } = sidesOf(sort);
    const rowBytes = width * bytes;
    const bytesPerRow = Math.ceil(rowBytes / 256) * 256;
    const buffer = device.createBuffer({ size: bytesPerRow * rows * layers, usage: 0x4 | 0x8 });
    const encoder = device.createCommandEncoder();
    const source: GPUTexelCopyTextureInfo = { texture: texture as GPUTexture, mipLevel, aspect };
    encoder.copyTextureToBuffer(source, { buffer, bytesPerRow, rowsPerImage: rows }, [width * block, height, layers]);
    device.queue.submit([encoder.finish()]);
    const all = await readBuffer(buffer, bytesPerRow * rows * layers);
    buffer.destroy();
    const found = new Uint8Array(rowBytes * rows * layers);
    for (let row = 0; row < rows * layers; row++) found.set(all.subarray(row * bytesPerRow, row * bytesPerRow + rowBytes), row * rowBytes);
    return found;
  }

  async function readBuffer(source: unknown, size: number): Promise<Uint8Array> {
    const buffer = device.createBuffer({ size, usage: 0x1 | 0x8 });
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(source as GPUBuffer, 0, buffer, 0, size);
    device.queue.submit([encoder.finish()]);
    await buffer.mapAsync(1);
    const copy = new Uint8Array(buffer.getMappedRange().slice(0));
    buffer.destroy();
    return copy;
  }
});

/** As toEqual, which takes seconds for a megabyte. */
function expectSame(found: Uint8Array, expected: Uint8Array): void {
  if (Buffer.from(found).equals(Buffer.from(expected))) return;
  const at = found.findIndex((byte, index) => byte !== expected[index]);
  expect({ at, byte: found[at], length: found.length }).toEqual({ at, byte: expected[at], length: expected.length });
}

/** Bytes that differ from row to row, and are no special numbers in any format. */
function data(length: number, salt = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => 1 + ((index * 7 + (index >> 8) * 3 + salt) % 53));
}

function nameOf({ descriptor, mipLevel = 0, aspect }: Sort): string {
  const { format, size, dimension = '2d' } = descriptor;
  return `${format}${aspect === undefined ? '' : ` (${aspect})`} ${dimension} ${(size as number[]).join(' × ')}, level ${mipLevel}`;
}
