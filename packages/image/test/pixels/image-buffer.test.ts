// An image in memory: whole, guarded, counted, and gone at once.
import { inspect } from 'node:util';
import { Worker } from 'node:worker_threads';
import { Budget, BudgetExceededError, collectGarbage, DisposedError, InUseError, leaks, MovedError, type LeakEvent } from '@handback/core';
import { ImageBuffer, imageMemory, ImageShapeError } from '@handback/image';
import { describe, expect, test, vi } from 'vitest';

const MiB = 2 ** 20;
const rgba = { width: 64, height: 32, channels: 4 } as const;

function bytesBudget(capacity = 100 * MiB): Budget {
  return new Budget({ name: 'images', capacity, unit: 'bytes' });
}

describe('allocate', () => {
  test('gives zeroed samples of every depth, rows without gaps', async () => {
    using bytes = await ImageBuffer.allocate(rgba);
    using words = await ImageBuffer.allocate({ ...rgba, depth: 16 });
    using floats = await ImageBuffer.allocate({ ...rgba, channels: 3, depth: 'float32' });
    const arrays: [Uint8Array, Uint16Array, Float32Array] = [bytes.data, words.data, floats.data];
    expect(arrays.map((array) => [array.constructor.name, array.length, array.every((sample) => sample === 0)])).toEqual([
      ['Uint8Array', 64 * 32 * 4, true],
      ['Uint16Array', 64 * 32 * 4, true],
      ['Float32Array', 64 * 32 * 3, true],
    ]);
    expect([bytes.stride, words.stride, floats.stride]).toEqual([256, 512, 768]);
    expect([bytes.byteLength, words.byteLength, floats.byteLength]).toEqual([8_192, 16_384, 24_576]);
  });

  test('owns its ArrayBuffer whole', () => {
    using image = ImageBuffer.allocateSync(rgba);
    expect([image.data.byteOffset, image.data.buffer.byteLength]).toEqual([0, image.byteLength]);
  });

  test('is counted in imageMemory, which is paid by nativeMemory, until it is disposed', () => {
    const before = imageMemory.stats().used;
    using image = ImageBuffer.allocateSync(rgba);
    expect(imageMemory.stats().used - before).toBe(8_192);
    image.dispose();
    expect(imageMemory.stats().used).toBe(before);
  });

  test('waits in line for room, and is served in order', async () => {
    using budget = bytesBudget(8_192);
    const first = ImageBuffer.allocateSync(rgba, { budget });
    const order: string[] = [];
    const second = ImageBuffer.allocate(rgba, { budget }).then((image) => (order.push('second'), image));
    const third = ImageBuffer.allocate({ ...rgba, height: 1 }, { budget }).then((image) => (order.push('third'), image));
    first.dispose();
    (await second).dispose();
    (await third).dispose();
    expect(order).toEqual(['second', 'third']);
    expect(budget.stats().peak).toBe(8_192);
  });

  test('within the call it throws where there is no room, with the holder and the numbers', () => {
    using budget = bytesBudget(10_000);
    using _held = ImageBuffer.allocateSync(rgba, { budget, label: 'the first' });
    expect(() => ImageBuffer.allocateSync(rgba, { budget, label: 'the second' })).toThrow(BudgetExceededError);
    expect(() => ImageBuffer.allocateSync(rgba, { budget, label: 'the second' })).toThrow(/image 'the second'[^]*the first/);
  });

  test('an abort in line takes nothing', async () => {
    using budget = bytesBudget(8_192);
    using _first = ImageBuffer.allocateSync(rgba, { budget });
    const controller = new AbortController();
    const waiting = ImageBuffer.allocate(rgba, { budget, signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    expect(budget.stats()).toMatchObject({ used: 8_192, waiting: 0 });
  });

  const bad: [string, object][] = [
    ['a width of zero', { width: 0 }],
    ['a negative height', { height: -1 }],
    ['half a pixel', { width: 1.5 }],
    ['NaN', { width: Number.NaN }],
    ['infinitely many rows', { height: Infinity }],
    ['a width that is a text', { width: '64' }],
    ['five channels', { channels: 5 }],
    ['no channels', { channels: 0 }],
    ['a depth of 12', { depth: 12 }],
    ['a depth that is a text', { depth: '16' }],
    ['a depth by the name of a method', { depth: 'toString' }],
    ['a stride shorter than a row', { stride: 255 }],
    ['a stride of half bytes', { stride: 256.5 }],
    ['an odd stride for 16 bits', { depth: 16, stride: 513 }],
    ['more bytes than can be counted', { width: 2 ** 30, height: 2 ** 30 }],
  ];
  test.each(bad)('%s is refused before anything is taken', async (_, wrong) => {
    using budget = bytesBudget();
    const request = { ...rgba, ...wrong } as never;
    await expect(ImageBuffer.allocate(request, { budget })).rejects.toBeInstanceOf(ImageShapeError);
    expect(() => ImageBuffer.allocateSync(request, { budget, label: 'poster' })).toThrow(ImageShapeError);
    expect(() => ImageBuffer.allocateSync(request, { budget, label: 'poster' })).toThrow(/poster.*got|poster.*counted/);
    expect(budget.stats()).toMatchObject({ used: 0, peak: 0 });
  });
});

describe('dispose', () => {
  test('kills every view within the call: none sees what becomes of the memory', () => {
    const image = ImageBuffer.allocateSync(rgba);
    const { data } = image;
    const part = data.subarray(8, 16);
    image.dispose();
    expect([data.length, part.length, data.buffer.byteLength, data[0]]).toEqual([0, 0, 0, undefined]);
  });

  test('every member throws after it, at the call', () => {
    const image = ImageBuffer.allocateSync(rgba, { label: 'poster' });
    const region = image.region(1, 1, 2, 2);
    image.dispose();
    const uses = [
      () => image.data,
      () => image.width,
      () => image.byteLength,
      () => image.stride,
      () => region.data,
      () => region.row(0),
      () => image.cloneSync(),
    ];
    for (const use of uses) expect(use).toThrow(DisposedError);
    expect(() => image.data).toThrow(/poster/);
  });

  test('a use in flight keeps the memory until it has ended', async () => {
    const image = ImageBuffer.allocateSync(rgba);
    let finish!: () => void;
    const reading = image.use(async ({ data }) => {
      await new Promise<void>((resolve) => (finish = resolve));
      return data.length;
    });
    image.dispose();
    expect(image.state).toBe('closing');
    finish();
    await expect(reading).resolves.toBe(8_192);
    expect(image.state).toBe('closed');
  });

  test('the last of those who share it releases it', () => {
    const image = ImageBuffer.allocateSync(rgba);
    const other = image.share();
    const { data } = image;
    image.dispose();
    expect([data.length, other.data.length]).toEqual([8_192, 8_192]);
    other.dispose();
    expect(data.length).toBe(0);
  });

  test('what was moved is as it was, in other hands', () => {
    const image = ImageBuffer.allocateSync(rgba);
    const region = image.region(0, 0, 1, 1);
    using next = image.move();
    next.data[0] = 7;
    expect(() => image.data).toThrow(MovedError);
    expect(() => region.data).toThrow(MovedError);
    expect(next.region(0, 0, 1, 1).data[0]).toBe(7);
  });
});

describe('a forgotten image', () => {
  test('is found, given back, and named by its line', async () => {
    using budget = bytesBudget();
    leaks.configure({ level: 'trace' });
    const events: LeakEvent[] = [];
    using _listening = leaks.subscribe((event) => events.push(event));
    (() => void ImageBuffer.allocateSync(rgba, { budget, label: 'forgotten' }))();
    expect(await collectGarbage()).toBe(true);
    expect(budget.stats().used).toBe(0);
    expect(events.map(({ kind, label }) => [kind, label])).toEqual([['image', 'forgotten']]);
    expect(JSON.stringify(events[0])).toContain('image-buffer.test.ts');
  });

  test('is not one while a region of it is held', async () => {
    using budget = bytesBudget();
    const region = (() => ImageBuffer.allocateSync(rgba, { budget }).region(0, 0, 4, 4))();
    await collectGarbage();
    expect(region.data.length).toBe(3 * 256 + 16);
    region.image.dispose();
  });
});

describe('own', () => {
  test('moves the memory in, without a copy: the array that it came in is empty', () => {
    const pixels = new Uint8Array(8_192).fill(9);
    using budget = bytesBudget();
    using image = ImageBuffer.own({ data: pixels, ...rgba }, { budget });
    expect([pixels.length, image.data.length, image.data[5], budget.stats().used]).toEqual([0, 8_192, 9, 8_192]);
  });

  test('knows the depth by the array', () => {
    using words = ImageBuffer.own({ data: new Uint16Array(12), width: 2, height: 2, channels: 3, depth: 16 });
    using floats = ImageBuffer.own({ data: new Float32Array(4), width: 2, height: 2, channels: 1, depth: 'float32' });
    using clamped = ImageBuffer.own({ data: new Uint8ClampedArray(4), width: 1, height: 1, channels: 4 });
    using bare = ImageBuffer.own({ data: new ArrayBuffer(4), width: 1, height: 1, channels: 4 });
    expect([words.depth, floats.depth, clamped.depth, bare.depth]).toEqual([16, 'float32', 8, 8]);
  });

  test('copies what cannot be moved, as the memory of a WebAssembly module', () => {
    const { WebAssembly } = globalThis as unknown as { WebAssembly: { Memory: new (size: { initial: number }) => { buffer: ArrayBuffer } } };
    const { buffer } = new WebAssembly.Memory({ initial: 1 });
    new Uint8Array(buffer)[7] = 7;
    using image = ImageBuffer.own({ data: buffer, width: 128, height: 128, channels: 4 });
    expect([image.data[7], buffer.byteLength]).toEqual([7, 65_536]);
  });

  const slab = Buffer.from('0123456789abcdef');
  const bad: [string, object, RegExp][] = [
    ['a part of a larger buffer', { data: new Uint8Array(new ArrayBuffer(100), 0, 16) }, /part of its buffer/],
    ["a small Buffer, which is a part of Node's slab", { data: slab }, /part of its buffer/],
    ['shared memory', { data: new Uint8Array(new SharedArrayBuffer(16)) }, /shared with other threads/],
    ['too few bytes', { data: new Uint8Array(15) }, /take 16 bytes, and the buffer has 15/],
    ['an array of doubles', { data: new Float64Array(16) }, /Float64Array/],
    ['a depth that is not that of the array', { data: new Uint8Array(32), depth: 16 }, /depth/],
    ['a list', { data: [1, 2, 3] }, /ArrayBuffer/],
    ['nothing', { data: undefined }, /undefined/],
    ['a stride that the bytes do not reach', { data: new Uint8Array(16), stride: 12 }, /take 20 bytes/],
  ];
  test.each(bad)('%s is refused, and stays as it is', (_, wrong, message) => {
    using budget = bytesBudget();
    const { data } = wrong as { data: Uint8Array | undefined };
    const length = data?.length;
    expect(() => ImageBuffer.own({ width: 2, height: 2, channels: 4, ...wrong } as never, { budget })).toThrow(ImageShapeError);
    expect(() => ImageBuffer.own({ width: 2, height: 2, channels: 4, ...wrong } as never, { budget })).toThrow(message);
    expect([data?.length, budget.stats().used]).toEqual([length, 0]);
    expect(Buffer.from('still here').toString()).toBe('still here');
  });

  test('where there is no memory for a copy nothing is counted, and the pixels are the caller’s as before', async () => {
    using budget = bytesBudget(1_048_576);
    const { WebAssembly } = globalThis as unknown as { WebAssembly: { Memory: new (size: { initial: number }) => { buffer: ArrayBuffer } } };
    const { buffer } = new WebAssembly.Memory({ initial: 1 });
    const data = new Uint8Array(buffer);
    data[0] = 7;
    const noMemory = (): never => {
      throw new RangeError('Array buffer allocation failed');
    };
    Object.defineProperty(buffer, 'slice', { value: noMemory });
    // Node 20 copies by it.
    const cloning = vi.spyOn(globalThis, 'structuredClone').mockImplementation(noMemory);
    expect(() => ImageBuffer.own({ data, width: 128, height: 128, channels: 4 }, { budget })).toThrow('allocation failed');
    cloning.mockRestore();
    expect(budget.stats().used).toBe(0);
    expect(data[0]).toBe(7);
  });

  test('what is nothing at all is refused as any other', () => {
    for (const nothing of [null, undefined, 5, 'pixels']) expect(() => ImageBuffer.own(nothing as never)).toThrow(ImageShapeError);
  });

  test('under a closed parent it is refused, and the pixels are the caller’s as before', () => {
    const parent = ImageBuffer.allocateSync(rgba);
    parent.dispose();
    const data = new Uint8Array(16).fill(3);
    expect(() => ImageBuffer.own({ data, width: 2, height: 2, channels: 4 }, { parent })).toThrow(DisposedError);
    expect([data.length, data[3]]).toEqual([16, 3]);
  });
});

describe('clone', () => {
  test('copies the samples, stride and all, and is counted by itself', async () => {
    using budget = bytesBudget();
    using image = ImageBuffer.allocateSync({ width: 3, height: 2, channels: 1, stride: 8 }, { budget });
    image.data.set([1, 2, 3], 8);
    using copy = await image.clone({ budget });
    image.data[8] = 99;
    expect([copy.stride, [...copy.data]]).toEqual([8, [0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3]]);
    expect(budget.stats().used).toBe(22);
  });

  test('waits for room while its image stays open, even if that is disposed meanwhile', async () => {
    using budget = bytesBudget(20_000);
    const image = ImageBuffer.allocateSync(rgba, { budget });
    image.data[0] = 5;
    const held = ImageBuffer.allocateSync(rgba, { budget });
    const copying = image.clone({ budget });
    image.dispose();
    held.dispose();
    using copy = await copying;
    expect([copy.data[0], image.state, budget.stats().used]).toEqual([5, 'closed', 8_192]);
  });
});

describe('a region', () => {
  test('is a view on the rows of its image', () => {
    using image = ImageBuffer.allocateSync({ width: 4, height: 3, channels: 1 });
    image.data.set(Array.from({ length: 12 }, (_, index) => index));
    const region = image.region(1, 1, 2, 2);
    expect([region.x, region.y, region.width, region.height, region.stride, region.channels, region.depth]).toEqual([1, 1, 2, 2, 4, 1, 8]);
    expect([[...region.row(0)], [...region.row(1)], [...region.data]]).toEqual([
      [5, 6],
      [9, 10],
      [5, 6, 7, 8, 9, 10],
    ]);
    region.row(1)[0] = 77;
    expect(image.data[9]).toBe(77);
    expect(() => region.row(2)).toThrow(RangeError);
  });

  test('is copied to an image of its own', async () => {
    using budget = bytesBudget();
    using image = ImageBuffer.own({ data: new Uint16Array(Array.from({ length: 12 }, (_, index) => index)), width: 4, height: 3, channels: 1 }, { budget });
    const samples: Uint16Array = image.data;
    using part = await image.region(1, 1, 2, 2).clone({ budget });
    using same = image.region(1, 1, 2, 2).cloneSync({ budget });
    expect([samples.length, part.width, part.stride, [...part.data], [...same.data], budget.stats().used]).toEqual([
      12,
      2,
      4,
      [5, 6, 9, 10],
      [5, 6, 9, 10],
      40,
    ]);
    expect(inspect(part)).toBe("ImageBuffer { width: 2, height: 2, channels: 1, depth: 16, state: 'open' }");
  });

  test.each([
    [-1, 0, 1, 1],
    [4, 0, 1, 1],
    [0, 0, 5, 1],
    [0, 2, 1, 2],
    [0, 0, 0, 1],
    [0.5, 0, 1, 1],
    [0, Number.NaN, 1, 1],
  ])('at %d, %d of %d × %d is refused: it is not within', (x, y, width, height) => {
    using image = ImageBuffer.allocateSync({ width: 4, height: 3, channels: 1 });
    expect(() => image.region(x, y, width, height)).toThrow(ImageShapeError);
  });
});

describe('memory that was transferred away behind the image’s back', () => {
  test('is told at the next use, and what was begun holds nothing', async () => {
    using budget = bytesBudget();
    const image = ImageBuffer.allocateSync(rgba, { budget, label: 'stolen' });
    structuredClone(image.data, { transfer: [image.data.buffer] });
    const uses = [() => image.data, () => image.cloneSync({ budget }), () => image.region(0, 0, 1, 1).data, () => image.detach()];
    for (const use of uses) {
      expect(use).toThrow(ImageShapeError);
      expect(use).toThrow(/'stolen'.*detach\(\)/);
    }
    await expect(image.clone({ budget })).rejects.toBeInstanceOf(ImageShapeError);
    image.dispose();
    expect(budget.stats().used).toBe(0);
  });
});

describe('detach', () => {
  test('leaves plain data that goes to a worker without a copy, and is owned and counted there', async () => {
    using budget = bytesBudget();
    const image = ImageBuffer.allocateSync(rgba, { budget });
    image.data[3] = 42;
    const worker = new Worker(
      `require('worker_threads').parentPort.once('message', ({ data, width }) => { data[0] = width; require('worker_threads').parentPort.postMessage({ data, sum: data[0] + data[3] }, [data.buffer]); })`,
      { eval: true },
    );
    const answered = new Promise<{ data: Uint8Array; sum: number }>((resolve, reject) => worker.once('message', resolve).once('error', reject));
    const pixels = image.detach();
    expect([image.state, budget.stats().used]).toEqual(['moved', 0]);
    worker.postMessage(pixels, [pixels.data.buffer]);
    expect(pixels.data.length).toBe(0);
    const { data, sum } = await answered;
    using back = ImageBuffer.own({ ...rgba, data }, { budget });
    expect([sum, back.data[0], budget.stats().used]).toEqual([106, 64, 8_192]);
    await worker.terminate();
  });

  test('is refused while a use is in flight, or others share it', async () => {
    using image = ImageBuffer.allocateSync(rgba);
    let finish!: () => void;
    const using_ = image.use(() => new Promise<void>((resolve) => (finish = resolve)));
    expect(() => image.detach()).toThrow(InUseError);
    finish();
    await using_;
    using _other = image.share();
    expect(() => image.detach()).toThrow(InUseError);
  });
});
