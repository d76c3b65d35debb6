// Decoding under a budget: the pixels that sharp has, waited for, counted, given back; and whatever goes wrong leaves nothing behind.
import { once } from 'node:events';
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { deflateSync } from 'node:zlib';
import { AcquireTimeoutError, Budget, BudgetExceededError, DisposedError } from '@handback/core';
import { decode, encode, estimateDecode, ImageBuffer, ImageInputError, ImageShapeError, ImageTooLargeError, thumbnail, type ImageInput } from '@handback/image';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { bytesOf, pathOf } from './photographs.ts';

const MiB = 2 ** 20;
const folder = mkdtempSync(join(tmpdir(), 'handback-image-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A square of one bit a pixel, all black: thirty kilobytes of nothing. */
function hugePng(side: number): Buffer {
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const ends = Buffer.alloc(8);
    ends.writeUInt32BE(data.length, 0);
    ends.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header.set([1, 0, 0, 0, 0], 8);
  const rows = deflateSync(Buffer.alloc(side * (side / 8 + 1)), { level: 9 });
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), chunk('IHDR', header), chunk('IDAT', rows), chunk('IEND', Buffer.alloc(0))]);
}

/** Of PNG's chunks; Node 20.15 has it in zlib, its types do not. */
function crc32(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

function bytesBudget(capacity = 256 * MiB): Budget {
  return new Budget({ name: 'images', capacity, unit: 'bytes' });
}

describe('decode', () => {
  test('answers the pixels that sharp has, RGBA by default, counted while they are held', async () => {
    using budget = bytesBudget();
    const expected = await sharp(pathOf('black-canyon')).ensureAlpha().raw().toBuffer();
    {
      using image = await decode(pathOf('black-canyon'), { budget });
      expect([image.width, image.height, image.channels, image.depth, image.stride]).toEqual([1024, 750, 4, 8, 4096]);
      expect(Buffer.compare(image.data, expected)).toBe(0);
      expect(budget.stats().used).toBe(expected.length);
      expect([image.kind, image.label]).toEqual(['image', 'image.jpg']);
    }
    expect(budget.stats().used).toBe(0);
  });

  test('takes paths, file URLs, bytes, buffers, and bytes as they come', async () => {
    const bytes = bytesOf('nagasaki-boats');
    const whole = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
    const path = pathOf('nagasaki-boats');
    async function* pieces(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < bytes.length; at += 10_000) yield bytes.subarray(at, at + 10_000);
    }
    const inputs: ImageInput[] = [path, pathToFileURL(path), bytes, whole, pieces(), createReadStream(path), new Blob([bytes]).stream() as never];
    const found: Buffer[] = [];
    for (const input of inputs) {
      using image = await decode(input, { resize: { width: 16 } });
      found.push(Buffer.from(image.data));
    }
    for (const each of found) expect(Buffer.compare(each, found[0] as Buffer)).toBe(0);
  });

  test('grey, RGB, RGBA, of 8 and of 16 bits', async () => {
    const png = await sharp(bytesOf('black-canyon')).resize(32).toColourspace('rgb16').png().toBuffer();
    for (const [channels, depth, bytes] of [
      [1, 8, 1],
      [3, 8, 3],
      [4, 16, 8],
      [1, 16, 2],
    ] as const) {
      using image = await decode(png, { channels, depth });
      expect([image.channels, image.depth, image.stride, image.data.constructor.name]).toEqual([
        channels,
        depth,
        32 * bytes,
        depth === 16 ? 'Uint16Array' : 'Uint8Array',
      ]);
    }
  });

  test('is turned as the EXIF orientation says, unless told to leave it', async () => {
    const sideways = await sharp(bytesOf('black-canyon')).resize(40, 20, { fit: 'fill' }).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    using turned = await decode(sideways);
    using stored = await decode(sideways, { orient: false });
    expect([turned.width, turned.height, stored.width, stored.height]).toEqual([20, 40, 40, 20]);
    expect(await estimateDecode(sideways)).toMatchObject({ width: 40, height: 20, outputBytes: 40 * 20 * 4 });
  });

  test('one page by default; more come below each other', async () => {
    const frames = await Promise.all(
      [10, 90, 200].map((level) =>
        sharp({ create: { width: 30, height: 20, channels: 3, background: { r: level, g: 0, b: 0 } } })
          .png()
          .toBuffer(),
      ),
    );
    const gif = await sharp(frames, { join: { animated: true } })
      .gif()
      .toBuffer();
    using first = await decode(gif);
    using two = await decode(gif, { pages: 2 });
    using all = await decode(gif, { pages: 'all' });
    using more = await decode(gif, { pages: 99 });
    expect([first.height, two.height, all.height, more.height]).toEqual([20, 40, 60, 60]);
    expect(await estimateDecode(gif, { pages: 'all' })).toMatchObject({ pages: 3, height: 20, outputBytes: 30 * 60 * 4 });
  });

  test.each([
    [{ width: 100 }, 100, 73],
    [{ height: 75 }, 103, 75],
    [{ width: 100, height: 100 }, 100, 73],
    [{ width: 100, height: 100, fit: 'cover' }, 100, 100],
    [{ width: 100, height: 100, fit: 'fill' }, 100, 100],
    [{ width: 5_000 }, 1_024, 750],
    [{ width: 2_048, enlarge: true }, 2_048, 1_500],
  ] as const)('resized by %j to %d × %d, as was estimated', async (resize, width, height) => {
    using image = await decode(bytesOf('black-canyon'), { resize });
    expect([image.width, image.height]).toEqual([width, height]);
    const { outputBytes } = await estimateDecode(bytesOf('black-canyon'), { resize });
    expect(outputBytes).toBeGreaterThanOrEqual(image.byteLength);
    expect(outputBytes).toBeLessThanOrEqual((image.width + 1) * (image.height + 1) * 4);
  });
});

describe('encode and thumbnail', () => {
  test('an image, or a part of one, comes back as it was, in every format', async () => {
    using image = await decode(bytesOf('black-canyon'), { resize: { width: 64 } });
    for (const format of ['jpeg', 'png', 'webp', 'avif', 'tiff', 'gif'] as const) {
      using again = await decode(await encode(image.region(8, 4, 32, 16), { format }));
      expect([format, again.width, again.height]).toEqual([format, 32, 16]);
    }
    using lossless = await decode(await encode(image));
    expect(Buffer.compare(lossless.data, image.data)).toBe(0);
  });

  test('rows may have gaps, of whole pixels or not', async () => {
    for (const stride of [12, 16, 13, 14]) {
      using image = ImageBuffer.allocateSync({ width: 4, height: 3, channels: 3, stride });
      for (let y = 0; y < 3; y++) image.region(0, y, 4, 1).data.set(Array.from({ length: 12 }, (_, index) => y * 12 + index));
      using again = await decode(await encode(image, { format: 'png' }), { channels: 3 });
      expect([...again.data]).toEqual(Array.from({ length: 36 }, (_, index) => index));
      using part = await decode(await encode(image.region(1, 1, 2, 2), { format: 'png' }), { channels: 3 });
      expect([...part.data]).toEqual([15, 16, 17, 18, 19, 20, 27, 28, 29, 30, 31, 32]);
    }
  });

  test('rows with gaps are copied without them, which is counted', async () => {
    using budget = bytesBudget();
    using plain = ImageBuffer.allocateSync({ width: 1001, height: 1000, channels: 3 });
    using gaps = ImageBuffer.allocateSync({ width: 1001, height: 1000, channels: 3, stride: 3004 });
    const peaks: number[] = [];
    for (const image of [plain, gaps.region(0, 500, 1001, 100), gaps]) {
      using own = budget.child({ name: 'own', capacity: 256 * MiB, unit: 'bytes' });
      await encode(image, { budget: own, format: 'png', resize: { width: 10, height: 10, fit: 'fill' } });
      peaks.push(own.stats().peak);
    }
    expect(peaks.map((peak) => peak - (peaks[0] as number))).toEqual([0, 1001 * 100 * 3, 1001 * 1000 * 3]);
  });

  test('a quality is for formats that lose some: a PNG keeps every pixel', async () => {
    using image = await decode(bytesOf('black-canyon'), { resize: { width: 64 } });
    using again = await decode(await encode(image, { format: 'png', quality: 50 }));
    expect(Buffer.compare(again.data, image.data)).toBe(0);
  });

  test('what a format cannot hold is refused before anything is taken', async () => {
    using budget = bytesBudget(1024 * MiB);
    for (const [format, longest] of [
      ['jpeg', 65_500],
      ['webp', 16_383],
      ['avif', 16_384],
      ['tiff', 65_500],
      ['gif', 65_535],
    ] as const) {
      using fits = ImageBuffer.allocateSync({ width: longest, height: 1, channels: 3 });
      const { width } = await sharp(await encode(fits, { format, budget })).metadata();
      expect([format, width]).toEqual([format, longest]);
      using _full = budget.reserve(1024 * MiB);
      using over = ImageBuffer.allocateSync({ width: longest + 1, height: 1, channels: 3, stride: (longest + 1) * 3 });
      const error: unknown = await encode(over, { format, budget, label: 'banner' }).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(ImageShapeError);
      expect((error as Error).message).toContain(
        `'banner' refused: ${longest + 1} × 1 pixels are more than a file of format '${format}' can have, ${longest} a side`,
      );
    }
    using floats = ImageBuffer.allocateSync({ width: 2, height: 2, channels: 3, depth: 'float32' });
    using _full = budget.reserve(1024 * MiB);
    await expect(encode(floats, { budget })).rejects.toBeInstanceOf(ImageShapeError);
    const wide = await sharp({ create: { width: 20_000, height: 2, channels: 4, background: '#1234' } })
      .png()
      .toBuffer();
    await expect(thumbnail(wide, { budget, width: 20_000 })).rejects.toBeInstanceOf(ImageShapeError);
    expect(budget.stats().waiting).toBe(0);
  });

  test('an image, or a part of one, is made smaller on its way', async () => {
    using image = await decode(bytesOf('black-canyon'));
    using small = await decode(await encode(image, { format: 'png', resize: { width: 64 } }));
    expect([small.width, small.height]).toEqual([64, 47]);
    using part = await decode(await encode(image.region(100, 100, 200, 100), { format: 'png', resize: { width: 50, height: 50, fit: 'cover' } }));
    expect([part.width, part.height]).toEqual([50, 50]);
    await expect(encode(image, { resize: { width: 0 } })).rejects.toBeInstanceOf(ImageShapeError);
  });

  test('16 bits stay 16 in a PNG', async () => {
    using image = ImageBuffer.own({ data: new Uint16Array([0, 1, 256, 65_535]), width: 4, height: 1, channels: 1, depth: 16 });
    using again = await decode(await encode(image, { format: 'png' }), { channels: 1, depth: 16 });
    expect([...again.data]).toEqual([0, 1, 256, 65_535]);
  });

  test('what is no image is refused', async () => {
    for (const wrong of [null, undefined, 'image', {}, new Uint8Array(4)]) await expect(encode(wrong as never)).rejects.toBeInstanceOf(ImageShapeError);
  });

  test('a disposed image cannot be encoded; one disposed meanwhile is encoded first', async () => {
    const image = await decode(bytesOf('black-canyon'));
    const encoding = encode(image, { format: 'webp' });
    image.dispose();
    expect(image.state).toBe('closing');
    expect((await estimateDecode(await encoding)).width).toBe(1024);
    expect(image.state).toBe('closed');
    await expect(encode(image)).rejects.toBeInstanceOf(DisposedError);
  });

  test('a thumbnail is 320 pixels at most, upright, a JPEG, or WebP where there is alpha', async () => {
    const opaque = await thumbnail(pathOf('black-canyon'));
    expect(await estimateDecode(opaque)).toMatchObject({ width: 320, height: 234, format: 'jpeg' });
    const clear = await sharp(bytesOf('black-canyon')).ensureAlpha(0.5).png().toBuffer();
    expect(await estimateDecode(await thumbnail(clear, { width: 50, height: 50, fit: 'cover' }))).toMatchObject({ width: 50, height: 50, format: 'webp' });
  });

  test.each([{ quality: 0 }, { quality: 101 }, { quality: 1.5 }, { format: 'bmp' }, { format: 'toString' }, { oversize: 'maybe' }])(
    '%j is refused',
    async (wrong) => {
      using image = ImageBuffer.allocateSync({ width: 1, height: 1, channels: 4 });
      await expect(encode(image, wrong as never)).rejects.toBeInstanceOf(ImageShapeError);
      await expect(thumbnail(bytesOf('black-canyon'), wrong as never)).rejects.toBeInstanceOf(ImageShapeError);
    },
  );
});

describe('admission', () => {
  test('however many are asked for at once, the budget is never exceeded, and all are served', async () => {
    using budget = bytesBudget(64 * MiB);
    const bytes = bytesOf('black-canyon');
    const made = await Promise.all(Array.from({ length: 24 }, () => thumbnail(bytes, { budget, width: 64 })));
    for (const each of made) expect(Buffer.compare(each, made[0] as Uint8Array)).toBe(0);
    const widths = await Promise.all(
      Array.from({ length: 24 }, async (_, index) => {
        using image = await decode(bytes, { budget, label: `image ${index}` });
        return image.width;
      }),
    );
    expect(new Set(widths)).toEqual(new Set([1024]));
    expect(budget.stats().peak).toBeLessThanOrEqual(64 * MiB);
    expect(budget.stats()).toMatchObject({ used: 0, waiting: 0 });
  });

  test('images that are held, and are to be encoded, are encoded before more are decoded: they never wait for each other for ever', async () => {
    using budget = bytesBudget(64 * MiB);
    const bytes = bytesOf('black-canyon');
    const sizes = await Promise.all(
      Array.from({ length: 24 }, async (_, index) => {
        using image = await decode(bytes, { budget, label: `image ${index}` });
        return (await encode(image, { budget, format: 'jpeg' })).length;
      }),
    );
    expect(new Set(sizes).size).toBe(1);
    expect(budget.stats()).toMatchObject({ used: 0, waiting: 0 });
  });

  test('a budget full of images that are held lets one be encoded at a time, on top', async () => {
    using budget = bytesBudget(12 * MiB);
    const images = Array.from({ length: 3 }, () => ImageBuffer.allocateSync({ width: 1_024, height: 1_024, channels: 4 }, { budget }));
    const waiting = ImageBuffer.allocate({ width: 1, height: 1, channels: 4 }, { budget });
    const encoded = await Promise.all(images.map((image) => encode(image, { budget, format: 'jpeg', oversize: 'alone' })));
    expect(encoded.map((bytes) => bytes.length > 0)).toEqual([true, true, true]);
    for (const image of images) image.dispose();
    (await waiting).dispose();
    expect(budget.stats()).toMatchObject({ used: 0, waiting: 0 });
    expect(budget.stats().peak).toBeLessThanOrEqual(24 * MiB);
  });

  test('so does a full budget of several children: one at a time of all of them', async () => {
    using parent = bytesBudget(64 * MiB);
    using image = ImageBuffer.allocateSync({ width: 500, height: 500, channels: 3 });
    const children = ['a', 'b', 'c'].map((name) => parent.child({ name, capacity: 64 * MiB, unit: 'bytes' }));
    await encode(image, { budget: parent });
    const one = parent.stats().peak;
    const full = parent.reserve(64 * MiB);
    await Promise.all(children.map((budget) => encode(image, { budget })));
    expect(parent.stats()).toMatchObject({ used: 64 * MiB, peak: 64 * MiB + one });
    full.dispose();
  });

  test('larger than the whole budget: refused at once, with the numbers', async () => {
    using budget = bytesBudget(2 * MiB);
    const refusal = decode(pathOf('black-canyon'), { budget });
    await expect(refusal).rejects.toBeInstanceOf(BudgetExceededError);
    await expect(refusal).rejects.toThrow(/image 'image.jpg'[^]*2.0 MiB/);
    expect(budget.stats()).toMatchObject({ used: 0, peak: 0 });
  });

  test('or it runs alone, by `oversize`', async () => {
    using budget = bytesBudget(5 * MiB);
    const held = ImageBuffer.allocateSync({ width: 8, height: 8, channels: 4 }, { budget });
    const decoding = decode(pathOf('black-canyon'), { budget, oversize: 'alone' });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(budget.stats()).toMatchObject({ waiting: 1, used: 256 });
    held.dispose();
    using image = await decoding;
    expect([image.width, budget.stats().used]).toEqual([1024, image.byteLength]);
  });

  test('so it does where a budget above is smaller, or the budget is made smaller meanwhile', async () => {
    for (const read of [
      async (budget: Budget) => (await decode(bytesOf('black-canyon'), { budget, oversize: 'alone' })).dispose(),
      async (budget: Budget) => thumbnail(bytesOf('black-canyon'), { budget, oversize: 'alone' }),
      async (budget: Budget) => {
        using image = ImageBuffer.allocateSync({ width: 1000, height: 750, channels: 4 });
        await encode(image, { budget, oversize: 'alone' });
      },
    ]) {
      using parent = bytesBudget(MiB);
      using child = parent.child({ name: 'child', capacity: 256 * MiB, unit: 'bytes' });
      await read(child);
      expect(parent.stats().used).toBe(0);
      using shrinks = bytesBudget(256 * MiB);
      const full = shrinks.reserve(256 * MiB);
      const waiting = read(shrinks);
      await vi.waitFor(() => expect(shrinks.stats().waiting).toBe(1));
      shrinks.resize(MiB);
      full.dispose();
      await waiting;
      expect(shrinks.stats().used).toBe(0);
    }
  });

  test('who waits too long is told who holds the budget; nothing is taken', async () => {
    using budget = bytesBudget(64 * MiB);
    using _held = ImageBuffer.allocateSync({ width: 4_096, height: 4_000, channels: 4 }, { budget, label: 'poster' });
    const refusal = decode(pathOf('black-canyon'), { budget, timeout: 20 });
    await expect(refusal).rejects.toBeInstanceOf(AcquireTimeoutError);
    await expect(refusal).rejects.toThrow(/poster/);
    expect(budget.stats()).toMatchObject({ waiting: 0 });
  });

  test('an abort is answered at once; what is being decoded is given back when it comes', async () => {
    using budget = bytesBudget(1_024 * MiB);
    const large = await sharp(bytesOf('black-canyon')).resize(4_000, 3_000, { fit: 'fill' }).jpeg().toBuffer();
    for (const operation of [decode, thumbnail] as const) {
      const controller = new AbortController();
      const running = operation(large, { budget, signal: controller.signal });
      while (budget.stats().used === 0) await new Promise((resolve) => setImmediate(resolve));
      controller.abort(new Error('not wanted any more'));
      await expect(running).rejects.toThrow('not wanted any more');
      while (budget.stats().used > 0) await new Promise((resolve) => setImmediate(resolve));
    }
    const before = new AbortController();
    before.abort(new Error('never wanted'));
    await expect(decode(large, { budget, signal: before.signal })).rejects.toThrow('never wanted');
  });

  test('one signal may end a thousand operations: it gets a listener or two, and none is left behind', async () => {
    using budget = bytesBudget(64 * MiB);
    using image = ImageBuffer.allocateSync({ width: 2, height: 2, channels: 3 });
    const png = await encode(image, { format: 'png' });
    const controller = new AbortController();
    const { signal } = controller;
    let listeners = 0;
    let most = 0;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      most = Math.max(most, ++listeners);
      addEventListener.apply(signal, args);
    };
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      listeners--;
      removeEventListener.apply(signal, args);
    };
    const operations = (): Promise<unknown>[] =>
      Array.from({ length: 100 }, () => [
        encode(image, { budget, signal }),
        thumbnail(png, { budget, signal }),
        decode(png, { budget, signal }).then((decoded) => decoded.dispose()),
      ]).flat();
    await Promise.all(operations());
    expect([most <= 10, listeners]).toEqual([true, 0]);
    const full = budget.reserve(64 * MiB);
    const aborted = Promise.allSettled(operations());
    await vi.waitFor(() => expect(budget.stats().waiting).toBeGreaterThanOrEqual(200));
    controller.abort();
    // But for the encodes that went on top until then.
    const rejected = (await aborted).filter((result) => result.status === 'rejected');
    expect(rejected.length).toBeGreaterThanOrEqual(200);
    expect(rejected.every(({ reason }) => reason === signal.reason)).toBe(true);
    full.dispose();
    await vi.waitFor(() => expect(budget.stats().used).toBe(0));
    expect(listeners).toBe(0);
  });

  test('`maxPixels` is looked at before anything is decoded', async () => {
    using budget = bytesBudget();
    await expect(decode(pathOf('black-canyon'), { budget, maxPixels: 500_000 })).rejects.toBeInstanceOf(ImageTooLargeError);
    await expect(thumbnail(pathOf('black-canyon'), { budget, maxPixels: 500_000 })).rejects.toThrow(/1024 × 750 pixels, more than `maxPixels`, 500000/);
    expect(budget.stats().peak).toBe(0);
  });
});

describe('what cannot be read', () => {
  let formats: [string, Buffer][];
  beforeAll(async () => {
    const small = sharp(bytesOf('black-canyon')).resize(200, 150);
    formats = await Promise.all(
      (['jpeg', 'png', 'webp', 'avif', 'tiff', 'gif'] as const).map(async (format): Promise<[string, Buffer]> => [
        format,
        await small.clone().toFormat(format).toBuffer(),
      ]),
    );
    formats.push(['svg', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="200" height="150"><rect width="100" height="100" fill="red"/></svg>')]);
  });

  test('cut short at any byte: an error with a code or an image, and nothing held', async () => {
    using budget = bytesBudget();
    for (const [format, bytes] of formats) {
      for (let part = 0; part < 12; part++) {
        const cut = bytes.subarray(0, Math.floor((bytes.length * part) / 12));
        await requireCode(format, () => decode(cut, { budget }));
        await requireCode(format, () => thumbnail(cut, { budget }));
        expect([format, part, budget.stats().used]).toEqual([format, part, 0]);
      }
    }
  });

  test('with bytes changed at random: the same', { timeout: 60_000 }, async () => {
    using budget = bytesBudget();
    let seed = 11;
    const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
    for (const [format, bytes] of formats) {
      for (let round = 0; round < 60; round++) {
        const wrong = Buffer.from(bytes);
        // Half of them in the header, where sizes and counts are.
        for (let changes = 0; changes < 1 + (round % 8); changes++) wrong[random(round % 2 === 0 ? Math.min(200, wrong.length) : wrong.length)] = random(256);
        await requireCode(format, () => decode(wrong, { budget, pages: 'all' }));
        expect([format, round, budget.stats().used]).toEqual([format, round, 0]);
      }
    }
  });

  async function requireCode(format: string, operation: () => Promise<ImageBuffer | Uint8Array>): Promise<void> {
    try {
      const result = await operation();
      if (result instanceof ImageBuffer) result.dispose();
    } catch (error) {
      expect([format, (error as { code?: string }).code]).toEqual([format, expect.stringMatching(/^ERR_(IMAGE|BUDGET)/)]);
    }
  }

  const bad: [string, () => unknown, RegExp][] = [
    ['no bytes', () => new Uint8Array(0), /no bytes/],
    ['a text file', () => Buffer.from('hello, this is no image'), /unsupported image format/],
    ['a path where nothing is', () => '/nowhere/poster.png', /'poster.png'.*missing/],
    ['a folder', () => folder, /./],
    ['a URL of another protocol', () => new URL('https://example.org/a.png'), /fetch it/],
    ['nothing', () => undefined, /undefined/],
    ['a number', () => 5, /5/],
    ['a stream of texts', () => createReadStream(pathOf('black-canyon'), 'latin1'), /bring bytes/],
    ['a stream that brings nothing', async function* () {}, /no bytes/],
  ];
  test.each(bad)('%s', async (_, make, message) => {
    using budget = bytesBudget();
    for (const operation of [decode, thumbnail, estimateDecode] as const) {
      const running = (operation as typeof decode)(make() as never, { budget });
      await expect(running).rejects.toBeInstanceOf(ImageInputError);
      await expect(running).rejects.toThrow(message);
    }
    expect(budget.stats()).toMatchObject({ used: 0, waiting: 0 });
  });

  test('the label is said, also where the bytes are no image', async () => {
    for (const operation of [decode, thumbnail, estimateDecode] as const) {
      await expect((operation as typeof decode)(Buffer.from('hello'), { label: 'upload 7' })).rejects.toThrow(/'upload 7'/);
      await expect((operation as typeof decode)(bytesOf('black-canyon'), { label: 'upload 7', maxInputBytes: 9 })).rejects.toThrow(/'upload 7' has more than/);
    }
  });

  test('a stream is closed, too, where the signal has fired before', async () => {
    for (let round = 0; round < 3; round++) {
      const stream = createReadStream(pathOf('black-canyon'));
      await expect(thumbnail(stream, { signal: AbortSignal.abort(new Error('gone')) })).rejects.toThrow('gone');
      await once(stream, 'close');
    }
  });

  test('a Blob is read; a text that is a URL, a Response, or pixels that are none are told from it', async () => {
    using image = await decode(new Blob([bytesOf('black-canyon')]), { resize: { width: 8 } });
    expect(image.width).toBe(8);
    await expect(decode('https://example.org/a.png')).rejects.toThrow(/text of a URL/);
    await expect(decode(new Response('x') as never)).rejects.toThrow(/pass its body/);
    await expect(encode(bytesOf('black-canyon') as never)).rejects.toThrow(/`thumbnail` takes files/);
    await expect(encode(undefined as never)).rejects.toBeInstanceOf(ImageShapeError);
  });

  test('a stream that does not end is cut off, and closed', async () => {
    let closed = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield new Uint8Array(100_000);
      } finally {
        closed = true;
      }
    }
    await expect(decode(endless(), { maxInputBytes: MiB })).rejects.toThrow(ImageTooLargeError);
    expect(closed).toBe(true);
  });

  test('a stream that fails rejects with its own error', async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield new Uint8Array(10);
      throw new Error('connection reset');
    }
    await expect(decode(failing())).rejects.toThrow('connection reset');
  });

  test('an abort while a stream has stalled is answered at once, and closes it', async () => {
    const bytes = bytesOf('nagasaki-boats').subarray(0, 1_000);
    const closed: string[] = [];
    async function* pieces(): AsyncGenerator<Uint8Array> {
      yield bytes;
      await new Promise(() => {});
    }
    const node = new Readable({ read: () => {}, destroy: (error, done) => (closed.push('node'), done(error)) });
    node.push(bytes);
    const web = new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(bytes), cancel: () => void closed.push('web') }) as never;
    for (const stream of [pieces(), node, web]) {
      const controller = new AbortController();
      const reason = new Error('the client has gone');
      const answer = expect(decode(stream, { signal: controller.signal })).rejects.toBe(reason);
      await new Promise((resolve) => setImmediate(resolve));
      controller.abort(reason);
      await answer;
    }
    await vi.waitFor(() => expect(closed).toEqual(['node', 'web']));
  });

  test('the time that a stream takes is part of the time-out: one that has stalled is closed', async () => {
    for (const read of [decode, thumbnail]) {
      using budget = bytesBudget(16 * MiB);
      const stalled = new Readable({ read: () => {} });
      stalled.push(bytesOf('nagasaki-boats').subarray(0, 1_000));
      const error: unknown = await read(stalled, { budget, timeout: 20 } as object).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(AcquireTimeoutError);
      expect([(error as AcquireTimeoutError).phase, stalled.destroyed]).toEqual(['open', true]);
      const full = budget.reserve(16 * MiB);
      const whole = Readable.from([bytesOf('nagasaki-boats')]);
      await expect(read(whole, { budget, timeout: 50 } as object)).rejects.toBeInstanceOf(AcquireTimeoutError);
      full.dispose();
      expect(budget.stats()).toMatchObject({ used: 0, waiting: 0 });
    }
  });

  test('a stream that was read already has no bytes', async () => {
    const stream = new Blob([bytesOf('nagasaki-boats')]).stream() as never;
    (await decode(stream, { resize: { width: 16 } })).dispose();
    await expect(decode(stream)).rejects.toThrow('there are no bytes');
  });

  test('bytes that were transferred away while they waited are an error with a code, and nothing is held', async () => {
    for (const read of [decode, thumbnail]) {
      using budget = bytesBudget(16 * MiB);
      const full = budget.reserve(16 * MiB);
      const bytes = Uint8Array.from(bytesOf('nagasaki-boats'));
      const waiting = read(bytes, { budget, resize: { width: 16 } } as object);
      const refused = expect(waiting).rejects.toBeInstanceOf(ImageInputError);
      await vi.waitFor(() => expect(budget.stats().waiting).toBe(1));
      structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
      full.dispose();
      await refused;
      expect(budget.stats().used).toBe(0);
    }
  });

  test('what is no input is an error that says so, in a few words, whatever it is', async () => {
    for (const [input, words] of [
      [null, 'null'],
      [Symbol('x'), 'Symbol(x)'],
      [new Uint16Array(100_000), 'an object of class Uint16Array'],
      [Object.create(null), 'an object'],
      [['a'.repeat(1_000)], 'an object of class Array'],
    ] as const) {
      const error = await decode(input as never).catch((reason: unknown) => reason as Error);
      expect(error).toBeInstanceOf(ImageInputError);
      expect((error as Error).message).toBe(`Cannot read the image: expected a path, a file: URL, bytes, a Blob, or bytes as they come, got ${words}.`);
    }
  });

  test('options that make no sense are refused before anything is taken', async () => {
    using budget = bytesBudget();
    for (const wrong of [
      { channels: 7 },
      { channels: 2 },
      { depth: 'float32' },
      { pages: 0 },
      { pages: 1.5 },
      { maxPixels: 0 },
      { maxPixels: Number.NaN },
      { resize: {} },
      { resize: null },
      { resize: 'small' },
      { resize: { width: 0 } },
      { maxInputBytes: Number.NaN },
      { maxInputBytes: '1 MiB' },
      { resize: { width: 5, fit: 'contain' } },
      { oversize: 'x' },
    ]) {
      await expect(decode(bytesOf('black-canyon'), { budget, ...(wrong as object) }), JSON.stringify(wrong)).rejects.toBeInstanceOf(ImageShapeError);
    }
    expect(budget.stats().peak).toBe(0);
  });

  test('31 KB that claim 256 megapixels are refused by the budget; so is what claims 2,500', async () => {
    using budget = bytesBudget();
    const bomb = hugePng(16_000);
    expect(bomb.length).toBeLessThan(40_000);
    await expect(decode(bomb, { budget })).rejects.toBeInstanceOf(BudgetExceededError);
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="50000" height="50000"/>');
    await expect(decode(svg, { budget })).rejects.toMatchObject({ code: expect.stringMatching(/^ERR_/) as unknown });
    expect(budget.stats()).toMatchObject({ used: 0, peak: 0 });
    writeFileSync(join(folder, 'bomb.png'), bomb);
    await expect(decode(join(folder, 'bomb.png'), { budget })).rejects.toThrow(/'bomb.png'/);
  });
});
