// Handles of the GPU fail at the call, keep what depends on them, and follow the device when it is lost.
import { Budget, BudgetExceededError, collectGarbage, DisposedError, leaks, type LeakEvent } from '@handback/core';
import { BufferHandle, DeviceLostError, GpuDescriptorError, GpuHeap, TextureHandle } from '@handback/gpu';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { gpu, missing, newDevice } from './device.ts';

const MiB = 2 ** 20;
const RENDER = { size: [512, 512], format: 'rgba8unorm', usage: 0x1 | 0x2 | 0x4 | 0x10 } as const;

describe.skipIf(missing !== undefined)('handles of the GPU', async () => {
  const device = missing === undefined ? await newDevice() : (undefined as never);
  const errors: string[] = [];
  if (missing === undefined) device.addEventListener('uncapturederror', (event) => errors.push(event.error.message));
  afterAll(() => expect(errors).toEqual([]));

  function newHeap(capacity = 16 * MiB): GpuHeap {
    return new GpuHeap(device, { capacity, keep: gpu });
  }

  test('a disposed texture throws at the call, with its label', async () => {
    await using heap = newHeap();
    const texture = await heap.createTexture(RENDER, { label: 'tile 3/4' });
    texture.dispose();
    for (const use of [() => texture.value, () => texture.createView(), () => texture.byteLength, () => texture.use(() => 0)]) {
      expect(use).toThrow(DisposedError);
      expect(use).toThrow(/tile 3\/4/);
    }
    await expect(heap.writeTexture({ texture, data: new Uint8Array(MiB) })).rejects.toBeInstanceOf(DisposedError);
  });

  test('a dispose between encode and submit lets the submit work; the texture goes when the queue is done', async () => {
    await using heap = newHeap();
    const texture = await heap.createTexture(RENDER);
    const encoder = device.createCommandEncoder();
    clear(encoder, texture.value);
    texture.dispose();
    expect(heap.stats()).toMatchObject({ live: 0, retired: MiB });
    heap.submit([encoder.finish()]);
    expect(heap.stats().retired).toBe(MiB);
    await heap.settled();
    expect(heap.stats()).toMatchObject({ retired: 0, idle: MiB });
  });

  test('the same where the app submits by itself, and says so', async () => {
    await using heap = newHeap();
    const texture = await heap.createTexture(RENDER);
    const encoder = device.createCommandEncoder();
    clear(encoder, texture.value);
    texture.dispose();
    device.queue.submit([encoder.finish()]);
    heap.submitted();
    while (heap.stats().retired > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(heap.stats().idle).toBe(MiB);
  });

  test('a view keeps its texture; a bind group keeps what it binds', async () => {
    await using heap = newHeap();
    const texture = await heap.createTexture(RENDER);
    const view = texture.createView();
    const buffer = await heap.createBuffer({ size: 256, usage: 0x40 | 0x8 });
    const layout = device.createBindGroupLayout({
      entries: [
        { binding: 0, visibility: 2, texture: {} },
        { binding: 1, visibility: 2, buffer: {} },
        { binding: 2, visibility: 2, texture: {} },
      ],
    });
    const group = heap.createBindGroup({
      layout,
      entries: [
        { binding: 0, resource: view },
        { binding: 1, resource: { buffer, offset: 0, size: 16 } },
        { binding: 2, resource: texture },
      ],
    });
    texture.dispose();
    expect([texture.state, heap.stats().live]).toEqual(['closing', MiB + 256]);
    view.dispose();
    buffer.dispose();
    expect(() => view.value).toThrow(DisposedError);
    expect([heap.stats().live, group.value === group.value]).toEqual([MiB + 256, true]);
    group.dispose();
    expect([texture.state, heap.stats()]).toEqual(['closed', expect.objectContaining({ live: 0, retired: MiB + 256 })]);
    expect(() => group.value).toThrow(DisposedError);
  });

  test('a bind group that cannot be made keeps nothing', async () => {
    await using heap = newHeap();
    using texture = await heap.createTexture(RENDER);
    const view = texture.createView();
    view.dispose();
    expect(() =>
      heap.createBindGroup({
        layout: {},
        entries: [
          { binding: 0, resource: texture },
          { binding: 1, resource: view },
        ],
      }),
    ).toThrow(DisposedError);
    expect(() => texture.detach().destroy()).not.toThrow();
    expect(heap.stats().live).toBe(0);
  });

  test('a buffer that is mapped, or being mapped, can be disposed', async () => {
    await using heap = newHeap();
    const buffer = await heap.createBuffer({ size: 1_024, usage: 0x1 | 0x8 });
    const mapping = buffer.mapAsync(1);
    buffer.dispose();
    expect(buffer.state).toBe('closing');
    await mapping;
    expect(buffer.state).toBe('closed');
    const mapped = heap.createBufferSync({ size: 1_024, usage: 0x4 | 0x8, mappedAtCreation: true });
    const range = mapped.getMappedRange();
    expect(range.byteLength).toBe(1_024);
    mapped.dispose();
    expect(range.byteLength).toBe(0);
    await heap.settled();
  });

  test('buffers are rounded up, used again, and zero then', async () => {
    await using heap = newHeap();
    const first = await heap.createBuffer({ size: 1_000, usage: 0x4 | 0x8 });
    expect(first.byteLength).toBe(1_024);
    await heap.writeBuffer({ buffer: first, data: new Uint8Array(1_000).fill(9) });
    first.dispose();
    await heap.settled();
    using second = await heap.createBuffer({ size: 1_020, usage: 0x4 | 0x8 });
    expect(heap.stats()).toMatchObject({ live: 1_024, idle: 0 });
    const reader = device.createBuffer({ size: 1_024, usage: 0x1 | 0x8 });
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(second.value as GPUBuffer, 0, reader, 0, 1_024);
    heap.submit([encoder.finish()]);
    await reader.mapAsync(1);
    expect(new Uint8Array(reader.getMappedRange()).every((byte) => byte === 0)).toBe(true);
    reader.destroy();
  });

  test('a forgotten texture is found, released, and named by its line', async () => {
    await using heap = newHeap();
    leaks.configure({ level: 'trace' });
    const events: LeakEvent[] = [];
    using _listening = leaks.subscribe((event) => events.push(event));
    (() => void heap.createTextureSync(RENDER, { label: 'forgotten' }))();
    expect(await collectGarbage()).toBe(true);
    await heap.settled();
    expect(heap.stats()).toMatchObject({ live: 0, idle: MiB });
    expect(events.map(({ kind, label }) => [kind, label])).toEqual([['texture', 'forgotten']]);
    expect(JSON.stringify(events[0])).toContain('handles.test.ts');
  });

  test('within the call a full heap throws, and names who holds it', async () => {
    await using heap = newHeap(2 * MiB);
    using _held = heap.createTextureSync(RENDER, { label: 'background' });
    expect(() => heap.createTextureSync(RENDER)).toThrow(BudgetExceededError);
    expect(() => heap.createTextureSync(RENDER)).toThrow(/background/);
  });

  test('a full heap in which all was disposed has room in a later turn, though nothing was submitted', async () => {
    await using heap = newHeap(3 * MiB);
    const make = (format: string): TextureHandle => heap.createTextureSync({ ...RENDER, format });
    for (const texture of [make('rgba8unorm'), make('rgba8unorm')]) {
      void texture.value;
      texture.dispose();
    }
    expect(() => make('bgra8unorm')).toThrow(BudgetExceededError);
    while (heap.stats().retired > 0) await new Promise((resolve) => setImmediate(resolve));
    make('bgra8unorm').dispose();
  });

  test('what cannot be cleared is not kept, unless it is wanted as it is', async () => {
    await using heap = newHeap();
    for (const clear of [true, false]) {
      const texture = await heap.createTexture({ ...RENDER, usage: 0x4 | 0x8 }, { clear });
      texture.dispose();
      await heap.settled();
      expect(heap.stats().idle).toBe(clear ? 0 : MiB);
    }
  });

  test('a heap pays its parent too', async () => {
    using parent = new Budget({ name: 'all heaps', capacity: 100 * MiB, unit: 'bytes' });
    await using heap = new GpuHeap(device, { capacity: 16 * MiB, parent, keep: gpu });
    using _texture = await heap.createTexture(RENDER);
    expect(parent.stats().used).toBe(MiB);
  });

  const bad: [string, object, RegExp][] = [
    ['a width beyond the limit', { size: [100_000, 4] }, /width is 100000, more than the device's limit, maxTextureDimension2D: \d+/],
    ['too many layers', { size: [4, 4, 100_000] }, /layers is 100000.*maxTextureArrayLayers/],
    ['no width', { size: [0, 4] }, /width.*from 1 up, got 0/],
    ['half a texel', { size: { width: 1.5 } }, /got 1.5/],
    ['an unknown format', { format: 'rgb8unorm' }, /no format 'rgb8unorm'/],
    ['no usage', { usage: 0 }, /usage/],
    ['too many mips', { mipLevelCount: 11 }, /1 to 10, got 11/],
    ['three samples', { sampleCount: 3 }, /1 or 4/],
    ['samples with mips', { sampleCount: 4, mipLevelCount: 2 }, /multisampled/],
    ['no whole blocks', { format: 'bc1-rgba-unorm', size: [510, 512], usage: 0x2 }, /whole blocks of 4 × 4/],
    ['an unknown dimension', { dimension: '4d' }, /dimension/],
    ['samples that are not rendered to', { sampleCount: 4, usage: 0x4 }, /RENDER_ATTACHMENT/],
    ['a line to render to', { size: [512], dimension: '1d' }, /RENDER_ATTACHMENT.*'1d'/],
    ['depth in a volume', { format: 'depth16unorm', dimension: '3d' }, /'2d'/],
    ['a format of a feature', { format: 'rg16snorm', usage: 0x2 }, /needs the feature 'texture-formats-tier1'/],
    ['no size', { size: undefined }, /size/],
  ];
  test.each(bad)('%s is refused before anything is taken, with the limit', async (_, wrong, message) => {
    await using heap = newHeap();
    const descriptor = { ...RENDER, ...wrong, label: 'wrong' } as never;
    await expect(heap.createTexture(descriptor)).rejects.toBeInstanceOf(GpuDescriptorError);
    await expect(heap.createTexture(descriptor)).rejects.toThrow(message);
    expect(() => heap.createTextureSync(descriptor)).toThrow(GpuDescriptorError);
    expect(heap.budget.stats().peak).toBe(0);
  });

  test('what the device alone finds wrong is told by the first use at the latest, and is nobody’s after that', async () => {
    await using heap = newHeap();
    const wrong = { ...RENDER, format: 'rgb9e5ufloat' };
    await expect(heap.createTexture(wrong)).rejects.toThrow(GpuDescriptorError);
    const texture = heap.createTextureSync(wrong);
    await vi.waitFor(() => expect(() => texture.value).toThrow(/refused.*non-renderable/s));
    texture.dispose();
    await heap.settled();
    expect(heap.budget.stats().used).toBe(0);
  });

  test.each([{ usage: 0x1 | 0x40 }, { usage: 0x3 }, { size: 0 }, { size: 2 ** 45 }, { size: 1.5 }, { usage: 0 }, { size: 6, mappedAtCreation: true }])(
    'a buffer of %j is refused',
    async (wrong) => {
      await using heap = newHeap();
      await expect(heap.createBuffer({ size: 16, usage: 0x8, ...wrong })).rejects.toBeInstanceOf(GpuDescriptorError);
      expect(heap.budget.stats().peak).toBe(0);
    },
  );

  test('a lost device: handles say so, waiters are rejected, the account is zero; on another device all is made anew', async () => {
    const first = await newDevice();
    const heap = new GpuHeap(first, { capacity: 4 * MiB, keep: gpu });
    const restored: string[] = [];
    const texture = await heap.createTexture(RENDER, { label: 'map', restored: () => restored.push('map') });
    const view = texture.createView();
    const buffer = await heap.createBuffer({ size: 64, usage: 0x40 | 0x8 });
    const held = await Promise.all([heap.createTexture(RENDER), heap.createTexture(RENDER)]);
    const waiting = heap.createTexture(RENDER);
    first.destroy();
    expect(await heap.lost).toMatchObject({ reason: 'destroyed' });
    await expect(waiting).rejects.toBeInstanceOf(DeviceLostError);
    expect(heap.budget.stats()).toMatchObject({ used: 0, waiting: 0 });
    for (const use of [() => texture.value, () => view.value, () => buffer.value, () => heap.submit([]), () => heap.createTextureSync(RENDER)]) {
      expect(use).toThrow(DeviceLostError);
    }
    expect(() => texture.value).toThrow(/'map'.*destroyed.*heap\.attach/);
    held[0]?.dispose();

    heap.attach(await newDevice(), { keep: gpu });
    expect(heap.budget.stats().used).toBe(0);
    expect([(texture.value as GPUTexture).width, restored]).toEqual([512, ['map']]);
    expect(view.value).toBe(view.value);
    expect(heap.stats().live).toBe(MiB);
    void buffer.value;
    expect(heap.stats().live).toBe(MiB + 64);
    for (const handle of [view, texture, buffer, held[1] as TextureHandle]) handle.dispose();
    await heap.settled();
    expect(heap.stats()).toMatchObject({ live: 0, retired: 0 });
    expect(() => heap.attach(device)).toThrow(TypeError);
    await heap.disposeAsync();
  });

  test('what is no device, and options that make no heap, are refused', () => {
    expect(() => new GpuHeap({} as never, { capacity: 1 })).toThrow(TypeError);
    for (const wrong of [
      { capacity: -1 },
      { capacity: 0 },
      { capacity: undefined },
      { capacity: Infinity },
      { capacity: Number.NaN },
      { parent: {} },
      { staging: 0 },
      { staging: 1 },
      { maxIdle: -1 },
      { idleTimeout: Number.NaN },
    ]) {
      expect(() => new GpuHeap(device, { capacity: MiB, ...(wrong as object) })).toThrow(new RegExp(`Expected .${Object.keys(wrong)[0]}`));
    }
  });

  test('after its dispose a heap creates nothing, and what it still holds goes by its own dispose', async () => {
    const heap = newHeap();
    (await heap.createTexture(RENDER)).dispose();
    // Used again, and not cleared yet.
    const texture = await heap.createTexture(RENDER);
    await heap.disposeAsync();
    await expect(heap.createTexture(RENDER)).rejects.toThrow(/disposed/);
    expect((texture.value as GPUTexture).width).toBe(512);
    texture.dispose();
    expect(heap.budget.stats().used).toBe(0);
    expect(texture).toBeInstanceOf(TextureHandle);
    expect(BufferHandle.name).toBe('BufferHandle');
  });

  function clear(encoder: GPUCommandEncoder, texture: unknown): void {
    const view = (texture as GPUTexture).createView();
    encoder.beginRenderPass({ colorAttachments: [{ view, loadOp: 'clear', storeOp: 'store', clearValue: [1, 0, 0, 1] }] }).end();
  }
});
