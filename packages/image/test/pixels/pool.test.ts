// A pool of pixel memory: reuse without stale views, kept within bounds, given back when others need it.
import { Budget, ClosedError, collectGarbage, nativeMemory } from '@handback/core';
import { decode, ImageBuffer, PixelPool } from '@handback/image';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { bytesOf } from '../photographs.ts';

const MiB = 2 ** 20;
const square = { width: 512, height: 512, channels: 4 } as const; // 1 MiB

function setUp(capacity = 16 * MiB, options: { maxIdle?: number; trimEvery?: number } = {}): { budget: Budget; pool: PixelPool } {
  const budget = new Budget({ name: 'images', capacity, unit: 'bytes' });
  return { budget, pool: new PixelPool({ budget, ...options }) };
}

describe('reuse', () => {
  test('the next image of about the size gets the memory of the one before, all zero', () => {
    const { budget, pool } = setUp();
    const first = ImageBuffer.allocateSync(square, { pool });
    first.data.fill(255);
    first.dispose();
    expect(pool.stats()).toEqual({ idleBytes: MiB, idle: 1, hits: 0, misses: 1 });
    expect(budget.stats().used).toBe(MiB);
    using second = ImageBuffer.allocateSync({ ...square, height: 470 }, { pool });
    expect(pool.stats()).toEqual({ idleBytes: 0, idle: 0, hits: 1, misses: 1 });
    expect(second.data.length).toBe(512 * 470 * 4);
    expect(new Uint8Array(second.data.buffer).every((byte) => byte === 0)).toBe(true);
    expect(budget.stats()).toMatchObject({ used: MiB, peak: MiB });
  });

  test('`clear: false` spares the clearing', async () => {
    const { pool } = setUp();
    using first = await ImageBuffer.allocate(square, { pool });
    first.data.fill(7);
    first.dispose();
    using second = await ImageBuffer.allocate({ ...square, clear: false }, { pool });
    expect(second.data[0]).toBe(7);
  });

  test('what is more than an eighth too large, or too small, is not used', () => {
    const { pool } = setUp();
    ImageBuffer.allocateSync(square, { pool }).dispose();
    using _smaller = ImageBuffer.allocateSync({ ...square, height: 400 }, { pool });
    using _larger = ImageBuffer.allocateSync({ ...square, height: 513 }, { pool });
    expect(pool.stats()).toMatchObject({ idle: 1, hits: 0, misses: 3 });
  });

  test('views that a former tenant kept are dead, and never see the next one’s pixels', () => {
    const { pool } = setUp();
    const first = ImageBuffer.allocateSync(square, { pool });
    const views = [first.data, first.data.subarray(4, 8), new DataView(first.data.buffer)];
    first.dispose();
    using second = ImageBuffer.allocateSync(square, { pool });
    second.data.fill(66);
    expect(views.map((view) => (view instanceof DataView ? view.buffer.byteLength : view.length))).toEqual([0, 0, 0]);
  });

  test('what is behind an image in its buffer is cleared, also where the image itself is overwritten', async () => {
    const { pool } = setUp();
    const first = ImageBuffer.allocateSync(square, { pool });
    first.data.fill(7);
    first.dispose();
    using image = ImageBuffer.allocateSync({ ...square, height: 490 });
    using copy = await image.clone({ pool });
    expect(pool.stats().hits).toBe(1);
    expect(copy.data.buffer.byteLength).toBe(MiB);
    expect(new Uint8Array(copy.data.buffer).every((byte) => byte === 0)).toBe(true);
    copy.data.fill(7);
    copy.dispose();
    using unclear = ImageBuffer.allocateSync({ ...square, height: 490, clear: false }, { pool });
    expect([unclear.data[0], new Uint8Array(unclear.data.buffer, unclear.byteLength).every((byte) => byte === 0)]).toEqual([7, true]);
  });

  test('of several that fit the smallest is used, and of those of one size the one that came back last', () => {
    const { budget, pool } = setUp(16 * MiB, { maxIdle: 16 * MiB });
    const images = [500, 490, 512, 490, 500].map((height, index) => {
      const image = ImageBuffer.allocateSync({ ...square, height }, { pool });
      image.data.fill(index);
      return image;
    });
    for (const image of images) image.dispose();
    const lent = [480, 490, 490, 500].map((height) => ImageBuffer.allocateSync({ ...square, height, clear: false }, { pool }));
    expect(lent.map(({ data }) => [data[0], data.buffer.byteLength / 2048])).toEqual([
      [3, 490],
      [1, 490],
      [4, 500],
      [0, 500],
    ]);
    expect(pool.trim()).toBe(MiB);
    for (const image of lent) image.dispose();
    expect(pool.trim(1_000 * 2048)).toBe(980 * 2048);
    expect(pool.stats()).toMatchObject({ idle: 2, idleBytes: 1_000 * 2048 });
    pool.dispose();
    expect(budget.stats().used).toBe(0);
  });

  test('among ten thousand of one size each is found as fast as new memory is allocated, about', () => {
    const { pool } = setUp(64 * MiB, { maxIdle: 64 * MiB });
    const many = { width: 8, height: 8, channels: 4 } as const;
    const take = (from: PixelPool | undefined): number => {
      const start = performance.now();
      const images = Array.from({ length: 10_000 }, () => ImageBuffer.allocateSync(many, { pool: from }));
      const took = performance.now() - start;
      for (const image of images) image.dispose();
      return took;
    };
    take(pool);
    const fresh = take(undefined);
    // To look at each of them would take some 15 times as long.
    expect(take(pool) / fresh).toBeLessThan(8);
    expect(pool.stats().hits).toBe(10_000);
    pool.dispose();
  });

  test('memory that was transferred under its image is not kept, and no longer counted once the image is disposed', () => {
    const { budget, pool } = setUp();
    const image = ImageBuffer.allocateSync(square, { pool });
    const { buffer } = image.data;
    structuredClone(buffer, { transfer: [buffer] });
    image.dispose();
    expect(budget.stats().used).toBe(0);
    expect(pool.stats()).toMatchObject({ idle: 0, idleBytes: 0 });
  });

  test('a clone of an image of the pool may come from it too', async () => {
    const { pool } = setUp();
    ImageBuffer.allocateSync(square, { pool }).dispose();
    using image = ImageBuffer.allocateSync(square);
    image.data[9] = 9;
    using copy = await image.clone({ pool });
    expect([copy.data[9], pool.stats().hits]).toEqual([9, 1]);
  });

  test('what was detached is the caller’s, whole, and can be owned anew', () => {
    const { budget, pool } = setUp();
    ImageBuffer.allocateSync(square, { pool }).dispose();
    const image = ImageBuffer.allocateSync({ ...square, height: 500 }, { pool });
    image.data.fill(3);
    const pixels = image.detach();
    expect([budget.stats().used, pool.stats().idle]).toEqual([0, 0]);
    using again = ImageBuffer.own(pixels, { budget });
    expect([again.data.length, again.data[512 * 500 * 4 - 1]]).toEqual([512 * 500 * 4, 3]);
  });

  test('a forgotten image of the pool comes back to it', async () => {
    const { budget, pool } = setUp();
    (() => void ImageBuffer.allocateSync(square, { pool, label: 'forgotten' }))();
    expect(await collectGarbage()).toBe(true);
    expect([budget.stats().used, pool.stats().idle]).toEqual([MiB, 1]);
  });

  test('decoded pixels come back to it as well', async () => {
    const { budget, pool } = setUp(100 * MiB);
    (await decode(bytesOf('black-canyon'), { pool })).dispose();
    expect(pool.stats()).toMatchObject({ idleBytes: 3_072_000, idle: 1 });
    using image = ImageBuffer.allocateSync({ width: 1_024, height: 750, channels: 4 }, { pool });
    expect([image.data.every((byte) => byte === 0), pool.stats().hits, budget.stats().used]).toEqual([true, 1, 3_072_000]);
  });
});

describe('bounds', () => {
  afterEach(() => void vi.useRealTimers());

  test('keeps no more than `maxIdle` bytes, a quarter of the budget by default: the least recently used go', () => {
    const { budget, pool } = setUp();
    const images = Array.from({ length: 8 }, () => ImageBuffer.allocateSync(square, { pool }));
    for (const image of images) image.dispose();
    expect([pool.stats().idleBytes, budget.stats().used]).toEqual([4 * MiB, 4 * MiB]);
    const small = setUp(16 * MiB, { maxIdle: MiB - 1 });
    ImageBuffer.allocateSync(square, { pool: small.pool }).dispose();
    expect([small.pool.stats().idle, small.budget.stats().used]).toEqual([0, 0]);
  });

  test('a full budget takes back what is idle, no more than is needed, within the call too', async () => {
    const { budget, pool } = setUp(4 * MiB, { maxIdle: 4 * MiB });
    for (const image of Array.from({ length: 4 }, () => ImageBuffer.allocateSync(square, { pool }))) image.dispose();
    expect(pool.stats().idle).toBe(4);
    using _one = ImageBuffer.allocateSync(square, { budget });
    expect(pool.stats().idle).toBe(3);
    using _two = await ImageBuffer.allocate({ ...square, height: 1_024 }, { budget });
    expect(pool.stats().idle).toBe(1);
    expect(budget.stats().used).toBe(4 * MiB);
  });

  test('one who waits for another size is served by what comes back', async () => {
    const { budget, pool } = setUp(2 * MiB, { maxIdle: 2 * MiB });
    const images = [ImageBuffer.allocateSync(square, { pool }), ImageBuffer.allocateSync(square, { pool })];
    const waiting = ImageBuffer.allocate({ ...square, height: 1_024 }, { pool });
    for (const image of images) image.dispose();
    using large = await waiting;
    expect([large.height, pool.stats().idle, budget.stats().used]).toEqual([1_024, 0, 2 * MiB]);
  });

  test('half of what is idle goes each minute, without keeping the process', () => {
    vi.useFakeTimers();
    const { pool } = setUp(32 * MiB, { maxIdle: 32 * MiB });
    for (const image of Array.from({ length: 8 }, () => ImageBuffer.allocateSync(square, { pool }))) image.dispose();
    const left = [8, 4, 2, 1, 0, 0].map((_, index) => {
      if (index > 0) vi.advanceTimersByTime(60_000);
      return pool.stats().idle;
    });
    expect(left).toEqual([8, 4, 2, 1, 0, 0]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test.each([{ maxIdle: -1 }, { maxIdle: Number.NaN }, { trimEvery: -1 }, { trimEvery: '1' as never }])('%j makes no pool', (options) => {
    const { budget } = setUp();
    expect(() => new PixelPool({ budget, ...options })).toThrow(RangeError);
  });
});

describe('dispose', () => {
  test('a decode that was asked for before is served', async () => {
    const { budget, pool } = setUp();
    const full = budget.reserve(16 * MiB);
    const waiting = decode(bytesOf('black-canyon'), { pool, resize: { width: 64 } });
    await vi.waitFor(() => expect(budget.stats().waiting).toBe(1));
    pool.dispose();
    full.dispose();
    {
      using image = await waiting;
      expect(image.width).toBe(64);
    }
    expect(budget.stats().used).toBe(0);
  });

  test('gives back what is idle now, and what is lent when it comes', async () => {
    const { budget, pool } = setUp();
    const lent = ImageBuffer.allocateSync(square, { pool });
    ImageBuffer.allocateSync(square, { pool }).dispose();
    pool.dispose();
    expect([budget.stats().used, lent.data.length]).toEqual([MiB, MiB]);
    lent.dispose();
    expect(budget.stats().used).toBe(0);
    expect(() => ImageBuffer.allocateSync(square, { pool })).toThrow(ClosedError);
    await expect(ImageBuffer.allocate(square, { pool })).rejects.toBeInstanceOf(ClosedError);
    await expect(decode(bytesOf('black-canyon'), { pool })).rejects.toBeInstanceOf(ClosedError);
    pool.dispose();
  });

  test('nothing is left on the accounts above', () => {
    const before = nativeMemory.stats().used;
    {
      using pool = new PixelPool({ maxIdle: 8 * MiB });
      ImageBuffer.allocateSync(square, { pool }).dispose();
      expect(nativeMemory.stats().used - before).toBe(MiB);
    }
    expect(nativeMemory.stats().used).toBe(before);
  });
});
