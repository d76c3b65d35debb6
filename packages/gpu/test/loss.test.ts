// A device that is lost takes nobody with it: whatever waits for it, or is on its way to it, ends; nothing stays taken.
import { BudgetExceededError } from '@handback/core';
import { DeviceLostError, GpuHeap } from '@handback/gpu';
import { describe, expect, test } from 'vitest';
import { gpu, missing, newDevice } from './device.ts';

const MiB = 2 ** 20;
const SQUARE = { size: [512, 512], format: 'rgba8unorm', usage: 0x1 | 0x2 | 0x4 | 0x10 } as const;

async function newHeap(options: object = {}): Promise<{ heap: GpuHeap; device: GPUDevice; errors: string[] }> {
  const device = await newDevice();
  const errors: string[] = [];
  device.addEventListener('uncapturederror', ({ error }) => errors.push(error.message));
  return { heap: new GpuHeap(device, { capacity: 4 * MiB, staging: 1 / 4, keep: gpu, ...options }), device, errors };
}

describe.skipIf(missing !== undefined)('a device that is lost', () => {
  test.each([
    ['while textures are waited for', 4],
    ['while they are being opened', 1],
  ])('%s', async (_, count) => {
    const { heap, device } = await newHeap();
    const asked = Array.from({ length: count }, () => heap.createTexture(SQUARE));
    const all = Promise.allSettled(asked);
    device.destroy();
    await heap.lost;
    const settled = await all;
    // Those that were there already are handles without a texture; nobody is left waiting.
    for (const each of settled) {
      if (each.status === 'rejected') expect(each.reason).toBeInstanceOf(DeviceLostError);
      else expect(() => each.value.value).toThrow(DeviceLostError);
    }
    expect(settled.at(-1)?.status).toBe('rejected');
    expect(heap.budget.stats()).toMatchObject({ used: 0, waiting: 0 });
    await heap.disposeAsync();
  });

  test('in the same job in which something was given to one who waits', async () => {
    const { heap, device } = await newHeap({ capacity: 2 * MiB, staging: 1 / 2 });
    const held = await heap.createTexture(SQUARE);
    const waiting = heap.createTexture(SQUARE);
    // The news of the loss comes before the waiter goes on.
    device.destroy();
    const lost = heap.lost.then(() => held.dispose());
    await Promise.all([expect(waiting).rejects.toBeInstanceOf(DeviceLostError), lost]);
    expect(heap.budget.stats().used).toBe(0);
  });

  test('while uploads wait: they are rejected, and nothing of them goes to another device', async () => {
    const { heap, device } = await newHeap({ staging: 1 / 16 });
    const texture = await heap.createTexture(SQUARE);
    const uploads = Promise.allSettled(Array.from({ length: 3 }, () => heap.writeTexture({ texture, data: new Uint8Array(MiB) })));
    device.destroy();
    const errors: string[] = [];
    await heap.lost;
    const next = await newDevice();
    next.addEventListener('uncapturederror', ({ error }) => errors.push(error.message));
    heap.attach(next, { keep: gpu });
    for (const each of await uploads) expect(each).toMatchObject({ status: 'rejected', reason: expect.any(DeviceLostError) });
    expect(heap.budget.stats().used).toBe(0);
    await heap.writeTexture({ texture, data: new Uint8Array(MiB) });
    await heap.settled();
    expect([heap.stats(), errors]).toEqual([expect.objectContaining({ live: MiB, staging: 0 }), []]);
    texture.dispose();
    await heap.disposeAsync();
    expect(heap.budget.stats().used).toBe(0);
  });

  test('while a buffer is being mapped, and one that was disposed meanwhile', async () => {
    const { heap, device } = await newHeap();
    const [one, other] = [await heap.createBuffer({ size: 64, usage: 0x1 | 0x8 }), await heap.createBuffer({ size: 64, usage: 0x1 | 0x8 })];
    const mappings = Promise.allSettled([one.mapAsync(1), other.mapAsync(1)]);
    other.dispose();
    device.destroy();
    await heap.lost;
    for (const { status } of await mappings) expect(status).toBe('rejected');
    expect([other.state, heap.budget.stats().used]).toEqual(['closed', 0]);
    expect(() => one.getMappedRange()).toThrow(DeviceLostError);
    one.dispose();
    await heap.disposeAsync();
  });

  test.each([
    ['while the heap settles', (heap: GpuHeap) => heap.settled()],
    ['while the heap is being disposed', (heap: GpuHeap) => heap.disposeAsync()],
  ])('%s', async (_, end) => {
    const { heap, device, errors } = await newHeap();
    const texture = await heap.createTexture(SQUARE);
    await heap.writeTexture({ texture, data: new Uint8Array(MiB) });
    void texture.value;
    texture.dispose();
    const ending = end(heap);
    device.destroy();
    await ending;
    await heap.lost;
    expect([heap.budget.stats().used, errors]).toEqual([0, []]);
  });

  test('and comes back: what does not fit any more says so, and can be used once there is room', async () => {
    const { heap, device } = await newHeap();
    const restored: unknown[] = [];
    const textures = await Promise.all([0, 1, 2].map((index) => heap.createTexture(SQUARE, { restored: (raw) => restored.push([index, raw]) })));
    device.destroy();
    await heap.lost;
    heap.attach(await newDevice(), { keep: gpu });
    using _taken = await heap.createTexture(SQUARE);
    const [a, b, c] = textures as [(typeof textures)[0], (typeof textures)[0], (typeof textures)[0]];
    const raws = [a.value, b.value];
    expect(restored).toEqual([
      [0, raws[0]],
      [1, raws[1]],
    ]);
    expect(() => c.value).toThrow(BudgetExceededError);
    a.dispose();
    heap.submit([]);
    await heap.settled();
    expect(c.value).toBe(raws[0]);
    expect(restored.length).toBe(3);
    for (const each of [b, c]) each.dispose();
    await heap.disposeAsync();
  });

  test('a bind group whose layout is of the lost device says what is missing; with a function it is made anew', async () => {
    const { heap, device } = await newHeap();
    let current = device;
    const layout = (): object => current.createBindGroupLayout({ entries: [{ binding: 0, visibility: 2, texture: {} }] });
    const texture = await heap.createTexture(SQUARE);
    const entries = [{ binding: 0, resource: texture }];
    const fixed = heap.createBindGroup({ label: 'fixed', layout: layout(), entries });
    const anew = heap.createBindGroup({ layout, entries });
    device.destroy();
    await heap.lost;
    expect(() => fixed.detach()).toThrow(DeviceLostError);
    current = await newDevice();
    heap.attach(current, { keep: gpu });
    expect(() => fixed.value).toThrow(/'fixed'.*of a device that was lost/);
    expect(anew.value).toBe(anew.value);
    for (const each of [fixed, anew, texture]) each.dispose();
    await heap.settled();
    expect(heap.stats()).toMatchObject({ live: 0, idle: MiB });
    await heap.disposeAsync();
  });

  test('what could not be restored is tried again at the next use, and nothing stays taken by the first', async () => {
    const { heap, device } = await newHeap();
    let tries = 0;
    const restored = (): void => {
      if (++tries === 1) throw new Error('no pixels yet');
    };
    const texture = await heap.createTexture(SQUARE, { restored });
    device.destroy();
    await heap.lost;
    heap.attach(await newDevice(), { keep: gpu });
    expect(() => texture.value).toThrow('no pixels yet');
    expect((texture.value as GPUTexture).width).toBe(512);
    expect([tries, heap.stats().live]).toEqual([2, MiB]);
    texture.dispose();
    await heap.disposeAsync();
    expect(heap.budget.stats().used).toBe(0);
  });
});
