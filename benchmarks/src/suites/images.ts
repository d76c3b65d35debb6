/** What the budget, the guard and the pool cost beside sharp alone. */
import { decode, estimateDecode, PixelPool } from '@handback/image';
import { enlarged, loadSharp } from '../photographs.ts';
import type { Suite } from '../suite.ts';

const place: { held: unknown } = { held: undefined };

export const decodes: Suite = {
  name: 'images: 4096 × 2048 JPEG to RGBA',
  unit: 'decode',
  operations: 3,
  variants: [
    {
      name: 'sharp(bytes).ensureAlpha().raw().toBuffer()',
      make: async () => {
        const sharp = await loadSharp();
        sharp.cache(false);
        const bytes = await enlarged(4_096, 2_048);
        return async () => {
          for (let i = 0; i < 3; i++) place.held = await sharp(bytes).ensureAlpha().raw().toBuffer();
        };
      },
    },
    {
      name: 'decode(bytes, { pool })',
      make: async () => {
        const bytes = await enlarged(4_096, 2_048);
        const pool = new PixelPool();
        return async () => {
          for (let i = 0; i < 3; i++) {
            using image = await decode(bytes, { pool });
            place.held = image.data;
          }
        };
      },
    },
    {
      name: 'decode(bytes)',
      make: async () => {
        const bytes = await enlarged(4_096, 2_048);
        return async () => {
          for (let i = 0; i < 3; i++) {
            using image = await decode(bytes);
            place.held = image.data;
          }
        };
      },
    },
  ],
  targets: [{ variant: 'decode(bytes, { pool })', most: 1.05 }],
};

const ESTIMATES = 200;

export const estimates: Suite = {
  name: 'images: headers of a JPEG of 24 megapixels',
  unit: 'header',
  operations: ESTIMATES,
  variants: [
    {
      name: 'sharp(bytes).metadata()',
      make: async () => {
        const sharp = await loadSharp();
        const bytes = await enlarged(6_000, 4_000);
        return async () => {
          for (let i = 0; i < ESTIMATES; i++) place.held = await sharp(bytes).metadata();
        };
      },
    },
    {
      name: 'estimateDecode(bytes)',
      make: async () => {
        const bytes = await enlarged(6_000, 4_000);
        return async () => {
          for (let i = 0; i < ESTIMATES; i++) place.held = await estimateDecode(bytes);
        };
      },
    },
  ],
  targets: [{ variant: 'estimateDecode(bytes)', most: 1.1 }],
};
