import { Budget } from '@handback/core';
import { decode, encode, estimateDecode, thumbnail } from '@handback/image';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { bytesOf, pathOf } from './photographs.ts';

describe('decode', () => {
  it('answers the pixels that sharp has, counted while they are held', async () => {
    using budget = new Budget({ name: 'images', capacity: 100 * 2 ** 20, unit: 'bytes' });
    const expected = await sharp(pathOf('black-canyon')).ensureAlpha().raw().toBuffer();
    {
      using image = await decode(pathOf('black-canyon'), { budget });
      expect([image.width, image.height, image.channels, image.depth, image.stride]).toEqual([1024, 750, 4, 8, 4096]);
      expect(Buffer.compare(image.data, expected)).toBe(0);
      expect(budget.stats().used).toBe(1024 * 750 * 4);
      const jpeg = await encode(image.region(100, 100, 50, 40), { budget, format: 'jpeg' });
      expect(await estimateDecode(jpeg)).toMatchObject({ width: 50, height: 40, format: 'jpeg', pages: 1 });
    }
    expect(budget.stats().used).toBe(0);
    const small = await thumbnail(bytesOf('black-canyon'), { budget });
    expect(await estimateDecode(small)).toMatchObject({ width: 320, height: 234 });
    expect(budget.stats().used).toBe(0);
  });
});
