// Who waits for memory of the GPU is served in order, by room or by what comes back, and loses nothing when it goes.
import { AcquireTimeoutError, Budget, BudgetExceededError, ClosedError } from '@handback/core';
import { GpuHeap, GpuOutOfMemoryError, type TextureHandle } from '@handback/gpu';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { gpu, missing, newDevice } from './device.ts';

const MiB = 2 ** 20;
const SQUARE = { size: [512, 512], format: 'rgba8unorm', usage: 0x1 | 0x2 | 0x4 | 0x10 } as const;
/** Of the same weight, and another key. */
const OTHER = { ...SQUARE, size: [1_024, 256] } as const;
const LARGE = { ...SQUARE, size: [1_024, 512] } as const;

describe.skipIf(missing !== undefined)('waiting', async () => {
  const device = missing === undefined ? await newDevice() : (undefined as never);
  const errors: string[] = [];
  if (missing === undefined) device.addEventListener('uncapturederror', (event) => errors.push(event.error.message));
  afterAll(() => expect(errors).toEqual([]));
  afterEach(() => vi.useRealTimers());

  /** A heap with room for so many squares. */
  function heapFor(squares: number, options: object = {}): GpuHeap {
    return new GpuHeap(device, { capacity: (squares + 1) * MiB, staging: 1 / (squares + 1), keep: gpu, ...options });
  }

  async function full(heap: GpuHeap, squares: number): Promise<TextureHandle[]> {
    return Promise.all(Array.from({ length: squares }, () => heap.createTexture(SQUARE)));
  }

  test('those of different keys are served in the order in which they came', async () => {
    await using heap = heapFor(2);
    const held = await full(heap, 2);
    const order: string[] = [];
    const ask = async (name: string, descriptor: typeof SQUARE | typeof OTHER | typeof LARGE): Promise<TextureHandle> => {
      const texture = await heap.createTexture(descriptor, { label: name });
      order.push(name);
      setImmediate(() => texture.dispose());
      return texture;
    };
    const all = [ask('other', OTHER), ask('large', LARGE), ask('same', SQUARE), ask('other again', OTHER)];
    for (const each of held) each.dispose();
    await Promise.all(all);
    expect(order).toEqual(['other', 'large', 'same', 'other again']);
  });

  test('what comes back is given to the first in line if it is of its key, all zero; else it makes room', async () => {
    await using heap = heapFor(2);
    const [a, b] = (await full(heap, 2)) as [TextureHandle, TextureHandle];
    await heap.writeTexture({ texture: a, data: new Uint8Array(MiB).fill(9) });
    const raws = [a.value, b.value];
    // Each lent: they go when the queue is done with the submit.
    const same = heap.createTexture(SQUARE, { label: 'same' });
    const other = heap.createTexture(OTHER);
    const last = heap.createTexture(SQUARE);
    a.dispose();
    heap.submit([]);
    const first = await same;
    expect([first.value === raws[0], first.value.label]).toEqual([true, 'same']);
    expect(new Set(await texels(first.value))).toEqual(new Set([0]));
    b.dispose();
    heap.submit([]);
    expect((await other).value.width).toBe(1_024);
    first.dispose();
    heap.submit([]);
    expect((await last).value).toBe(raws[0]);
    for (const each of [await other, await last]) each.dispose();
  });

  test('a higher priority is given what comes back before those that came earlier', async () => {
    await using heap = heapFor(1);
    const [held] = (await full(heap, 1)) as [TextureHandle];
    const order: number[] = [];
    const all = [0, 1].map(async (priority) => {
      using _texture = await heap.createTexture(SQUARE, { priority });
      order.push(priority);
    });
    held.dispose();
    await Promise.all(all);
    expect(order).toEqual([1, 0]);
  });

  test('one that is aborted, or timed out, leaves its turn to the next', async () => {
    await using heap = heapFor(1);
    const [held] = (await full(heap, 1)) as [TextureHandle];
    const controller = new AbortController();
    const aborted = heap.createTexture(SQUARE, { signal: controller.signal });
    const late = heap.createTexture(OTHER, { timeout: 5 });
    const served = heap.createTexture(SQUARE);
    controller.abort(new Error('gone'));
    await expect(aborted).rejects.toThrow('gone');
    await expect(late).rejects.toBeInstanceOf(AcquireTimeoutError);
    held.dispose();
    (await served).dispose();
    expect(heap.budget.stats().waiting).toBe(0);
  });

  test.each([
    ['before it is given something', true],
    ['after it was given something', false],
  ])('an abort in the same job, %s, loses no memory', async (_, isBefore) => {
    await using heap = heapFor(1);
    const [held] = (await full(heap, 1)) as [TextureHandle];
    const controller = new AbortController();
    const waiting = heap.createTexture(SQUARE, { signal: controller.signal });
    const next = heap.createTexture(SQUARE);
    if (isBefore) controller.abort(new Error('gone'));
    // Not lent: whoever waits has it within the call.
    held.dispose();
    if (!isBefore) controller.abort(new Error('gone'));
    await waiting.then(
      (texture) => texture.dispose(),
      () => {},
    );
    (await next).dispose();
    await heap.settled();
    heap.trim();
    expect(heap.budget.stats()).toMatchObject({ used: 0, waiting: 0 });
  });

  test('what is opened when its caller has gone is released, and its bytes come back', async () => {
    await using heap = heapFor(1);
    const controller = new AbortController();
    const opening = heap.createTexture(SQUARE, { signal: controller.signal });
    controller.abort(new Error('gone'));
    await expect(opening).rejects.toThrow('gone');
    await vi.waitFor(() => expect(heap.budget.stats().used).toBe(0));
    (await heap.createTexture(SQUARE)).dispose();
  });

  test('what is in commands that are not submitted when room runs out is nobody else’s: the device refuses the submit, by its label', async () => {
    const alone = await newDevice();
    const refused: string[] = [];
    alone.addEventListener('uncapturederror', ({ error }) => refused.push(error.message));
    await using heap = new GpuHeap(alone, { capacity: 2 * MiB, staging: 1 / 2, keep: gpu });
    const texture = await heap.createTexture(SQUARE, { label: 'scratch' });
    const encoder = alone.createCommandEncoder();
    clear(encoder, texture.value);
    texture.dispose();
    const next = await heap.createTexture(SQUARE);
    heap.submit([encoder.finish()]);
    expect(refused.join()).toMatch(/Destroyed texture \[Texture "scratch"\] used in a submit/);
    expect(new Set(await texels(next.value, alone))).toEqual(new Set([0]));
    next.dispose();
  });

  test('the bytes of one heap serve those who wait in another, where both have one parent', async () => {
    using parent = new Budget({ name: 'all heaps', capacity: 3 * MiB, unit: 'bytes' });
    await using first = heapFor(2, { parent, name: 'first' });
    await using second = heapFor(2, { parent, name: 'second' });
    const textures = await full(first, 2);
    for (const each of textures) void each.value;
    const waiting = full(second, 2);
    for (const each of textures) each.dispose();
    for (const each of await waiting) each.dispose();
    expect(parent.stats().peak).toBeLessThanOrEqual(3 * MiB);
  });

  test('forgotten textures are used again within the call, as long as the app had none of them in its hands', async () => {
    await using heap = heapFor(8);
    for (let index = 0; index < 100; index++) heap.createTextureSync(SQUARE);
    expect(heap.budget.stats().peak).toBeLessThanOrEqual(8 * MiB);
    await heap.settled();
    // Those that it had may be in commands that are not submitted yet, and the queue cannot be waited for within a call.
    const lend = (): void => void heap.createTextureSync(SQUARE).value;
    expect(() => {
      for (let index = 0; index < 100; index++) lend();
    }).toThrow(BudgetExceededError);
  });

  test('what the device has no memory for: idle memory goes, and then the budget’s error, with the device’s as its cause; nothing stays taken', async () => {
    await using heap = new GpuHeap(device, { capacity: 64 * 1_024 * MiB, keep: gpu });
    (await heap.createTexture(SQUARE)).dispose();
    await heap.settled();
    expect(heap.stats().idle).toBe(MiB);
    const huge = { ...SQUARE, size: [8_192, 8_192, 16], format: 'rgba32float' } as const;
    const error: unknown = await heap.createTexture(huge, { label: 'huge' }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(BudgetExceededError);
    expect((error as Error).cause).toBeInstanceOf(GpuOutOfMemoryError);
    expect((error as Error).message).toMatch(/huge/);
    expect(heap.budget.stats()).toMatchObject({ used: 0, waiting: 0 });
    // Within the call it cannot be known; the next use tells, and nobody gets it after that.
    const late = heap.createTextureSync(huge);
    await vi.waitFor(() => expect(() => late.value).toThrow(GpuOutOfMemoryError));
    await expect(heap.writeTexture({ texture: late, data: new Uint8Array(16), size: [1, 1] })).rejects.toBeInstanceOf(GpuOutOfMemoryError);
    late.dispose();
    await heap.settled();
    expect(heap.budget.stats().used).toBe(0);
  });

  test('more than the heap can ever hold is refused at once', async () => {
    await using heap = heapFor(1);
    await expect(heap.createTexture(LARGE)).rejects.toBeInstanceOf(BudgetExceededError);
    expect(() => heap.createTextureSync(LARGE)).toThrow(/2(\.0)? MiB is more than the whole budget.*1(\.0)? MiB/);
  });

  test('idle memory is bounded by bytes, the least recently used go first; what nobody asks for goes after its time', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    await using heap = heapFor(8, { maxIdle: 2 * MiB, idleTimeout: 1_000 });
    const [a, b, c] = [await heap.createTexture(SQUARE), await heap.createTexture(OTHER), await heap.createTexture(LARGE)];
    c.dispose();
    await heap.settled();
    expect(heap.stats().idle).toBe(2 * MiB);
    a.dispose();
    await heap.settled();
    expect(heap.stats().idle).toBe(MiB);
    vi.advanceTimersByTime(600);
    b.dispose();
    await heap.settled();
    expect(heap.stats().idle).toBe(2 * MiB);
    vi.advanceTimersByTime(399);
    expect(heap.stats().idle).toBe(2 * MiB);
    vi.advanceTimersByTime(2);
    expect(heap.stats().idle).toBe(MiB);
    vi.advanceTimersByTime(600);
    expect(heap.stats().idle).toBe(0);
  });

  test('500 sizes, one after the other: what is idle stays within its bound', async () => {
    await using heap = heapFor(8, { maxIdle: 2 * MiB });
    for (let size = 1; size <= 500; size++) {
      using texture = await heap.createTexture({ ...SQUARE, size: [size, size] });
      void texture.value;
      texture.dispose();
      heap.submitted();
      const { idle, retired, live, staging, capacity } = heap.stats();
      expect(idle).toBeLessThanOrEqual(2 * MiB);
      expect(idle + retired + live + staging).toBeLessThanOrEqual(capacity);
    }
    await heap.settled();
    expect(heap.stats().idle).toBeLessThanOrEqual(2 * MiB);
  });

  test('what comes back in the job in which the budget is closed is lost neither', async () => {
    const heap = heapFor(1);
    const [held] = (await full(heap, 1)) as [TextureHandle];
    const waiting = heap.createTexture(SQUARE);
    heap.budget.dispose();
    held.dispose();
    await expect(waiting).rejects.toBeInstanceOf(ClosedError);
    await heap.disposeAsync();
    expect(heap.budget.stats().used).toBe(0);
  });

  test('a heap that is disposed rejects those who wait', async () => {
    const heap = heapFor(1);
    const [held] = (await full(heap, 1)) as [TextureHandle];
    const waiting = heap.createTexture(SQUARE);
    const done = heap.disposeAsync();
    expect(heap[Symbol.asyncDispose]()).toBe(done);
    await expect(waiting).rejects.toBeInstanceOf(ClosedError);
    await done;
    held.dispose();
    expect(heap.budget.stats().used).toBe(0);
  });

  test('a handle that cannot be made keeps nothing', async () => {
    await using heap = heapFor(1);
    (await heap.createTexture(SQUARE)).dispose();
    await heap.settled();
    expect(() => heap.createTextureSync(SQUARE, { label: 1 as never })).toThrow(TypeError);
    await heap.settled();
    expect(heap.stats()).toMatchObject({ live: 0, retired: 0, idle: MiB });
  });

  function clear(encoder: GPUCommandEncoder, texture: unknown): void {
    const view = (texture as GPUTexture).createView();
    encoder.beginRenderPass({ colorAttachments: [{ view, loadOp: 'clear', storeOp: 'store', clearValue: [1, 0, 0, 1] }] }).end();
  }

  async function texels(texture: GPUTexture, on = device): Promise<Uint8Array> {
    const buffer = on.createBuffer({ size: MiB, usage: 0x1 | 0x8 });
    const encoder = on.createCommandEncoder();
    encoder.copyTextureToBuffer({ texture }, { buffer, bytesPerRow: 2_048 }, [512, 512]);
    on.queue.submit([encoder.finish()]);
    await buffer.mapAsync(1);
    const copy = new Uint8Array(buffer.getMappedRange().slice(0));
    buffer.destroy();
    return copy;
  }
});
