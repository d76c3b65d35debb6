// A heap on a real device: what is on the account, and when it goes.
import { DisposedError } from '@handback/core';
import { GpuHeap } from '@handback/gpu';
import { afterAll, describe, expect, test } from 'vitest';
import { gpu, missing, newDevice } from './device.ts';

const MiB = 2 ** 20;
const square = { size: [512, 512], format: 'rgba8unorm', usage: 0x1 | 0x2 | 0x4 | 0x10 } as const;

describe.skipIf(missing !== undefined)('a heap', async () => {
  const device = missing === undefined ? await newDevice() : (undefined as never);
  const errors: string[] = [];
  if (missing === undefined) device.addEventListener('uncapturederror', (event) => errors.push(event.error.message));
  afterAll(() => expect(errors).toEqual([]));

  test('counts a texture while it is held, while the queue is not done with it, and while it is idle', async () => {
    await using heap = new GpuHeap(device, { capacity: 16 * MiB, keep: gpu });
    const texture = await heap.createTexture(square, { label: 'tile' });
    expect([texture.byteLength, texture.value.width, texture.value.label, heap.stats()]).toEqual([
      MiB,
      512,
      'tile',
      { live: MiB, idle: 0, retired: 0, staging: 0, capacity: 16 * MiB, created: 1, reused: 0, evicted: 0 },
    ]);
    await heap.writeTexture({ texture, data: new Uint8Array(MiB).fill(7) });
    expect(heap.stats()).toMatchObject({ live: MiB, staging: MiB });
    texture.dispose();
    expect(() => texture.value).toThrow(DisposedError);
    expect(heap.stats()).toMatchObject({ live: 0, retired: MiB, staging: MiB });
    await heap.settled();
    expect(heap.stats()).toMatchObject({ live: 0, idle: MiB, retired: 0, staging: 0 });
    expect(heap.trim()).toBe(MiB);
    expect(heap.budget.stats().used).toBe(0);
  });

  test('a texture that is used again is zero, as a new one', async () => {
    await using heap = new GpuHeap(device, { capacity: 16 * MiB, keep: gpu });
    for (let round = 0; round < 3; round++) {
      using texture = await heap.createTexture(square);
      expect(new Set(await texels(texture.value))).toEqual(new Set([0]));
      await heap.writeTexture({ texture, data: new Uint8Array(MiB).fill(100 + round) });
      expect(new Set(await texels(texture.value))).toEqual(new Set([100 + round]));
      texture.dispose();
      await heap.settled();
      expect(heap.stats()).toMatchObject({ idle: MiB });
    }
  });

  test('counts what was created, what was used again, and what was evicted', async () => {
    await using heap = new GpuHeap(device, { capacity: 8 * MiB, keep: gpu });
    for (let round = 0; round < 3; round++) {
      (await heap.createTexture(square)).dispose();
      await heap.settled();
    }
    expect(heap.stats()).toMatchObject({ idle: MiB, created: 1, reused: 2, evicted: 0 });
    using whole = await heap.createTexture({ ...square, size: [512, 512, 7] });
    expect(whole.byteLength).toBe(7 * MiB);
    expect(heap.stats()).toMatchObject({ idle: 0, created: 2, reused: 2, evicted: 1 });
  });

  test('200 textures asked for at once, in a budget for three, the queue never awaited', async () => {
    await using heap = new GpuHeap(device, { capacity: 64 * MiB, keep: gpu });
    const large = { ...square, size: [2_048, 2_048] };
    let most = 0;
    await Promise.all(
      Array.from({ length: 60 }, async (_, index) => {
        using texture = await heap.createTexture(large, { label: `texture ${index}` });
        await heap.writeTexture({ texture, data: new Uint8Array(16 * MiB).fill(index) });
        most = Math.max(most, heap.budget.stats().used);
      }),
    );
    expect(most).toBeLessThanOrEqual(64 * MiB);
    await heap.settled();
    heap.trim();
    expect(heap.budget.stats()).toMatchObject({ used: 0, waiting: 0 });
  });

  async function texels(texture: GPUTexture): Promise<Uint8Array> {
    const buffer = device.createBuffer({ size: MiB, usage: 0x1 | 0x8 });
    const encoder = device.createCommandEncoder();
    encoder.copyTextureToBuffer({ texture }, { buffer, bytesPerRow: 2_048 }, [512, 512]);
    device.queue.submit([encoder.finish()]);
    await buffer.mapAsync(1);
    const copy = new Uint8Array(buffer.getMappedRange().slice(0));
    buffer.destroy();
    return copy;
  }
});
