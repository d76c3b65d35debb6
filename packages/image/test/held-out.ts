/** Forty images that no estimate was fitted on: of other photographs, sizes and settings than those of the benchmark. */
import sharp, { type Sharp } from 'sharp';
import { pathOf, type Photograph } from './photographs.ts';

type Make = (width: number, height: number) => Promise<Uint8Array>;
export interface HeldOut {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly make: Make;
  readonly options?: object;
}

const limitInputPixels = false;

/** A photograph, drawn out or repeated to a size. */
async function picture(of: Photograph, width: number, height: number, { repeated = false, alpha = false } = {}): Promise<Sharp> {
  const photograph = sharp(pathOf(of), { limitInputPixels }).removeAlpha();
  let pixels: Sharp;
  if (repeated) {
    const tile = await photograph.resize(Math.min(width, 613), Math.min(height, 411), { fit: 'fill' }).png({ compressionLevel: 1 }).toBuffer();
    const empty = sharp({ create: { width, height, channels: 3, background: '#000' }, limitInputPixels });
    pixels = empty.composite([{ input: tile, tile: true, gravity: 'northwest' }]);
  } else pixels = photograph.resize(width, height, { fit: 'fill' });
  const data = await pixels.removeAlpha().raw().toBuffer();
  const made = sharp(data, { raw: { width, height, channels: 3 }, limitInputPixels });
  if (!alpha) return made;
  const plane = Buffer.alloc(width * height);
  for (let index = 0; index < plane.length; index++) plane[index] = (index >> 4) ^ (index % width);
  return made.joinChannel(plane, { raw: { width, height, channels: 1 } });
}

/** Frames or pages, each a part of one photograph. */
async function pages(of: Photograph, width: number, height: number, count: number): Promise<Sharp> {
  const data = await (await picture(of, width, height * count, { repeated: true })).raw().toBuffer();
  return sharp(data, { raw: { width, height: height * count, channels: 3, pageHeight: height }, limitInputPixels });
}

const home: Photograph = 'dust-bowl-home';
const alps: Photograph = 'french-alpine-landscape';
const cat: Photograph = 'locomotion-house-cat';
const boats: Photograph = 'nagasaki-boats';
const repeated = { repeated: true };
const clear = { repeated: true, alpha: true };
const grey = (image: Sharp): Sharp => image.greyscale().toColourspace('b-w');
const svg = (body: string): Make => {
  return (width, height) =>
    Promise.resolve(new TextEncoder().encode(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${body}</svg>`));
};

export const heldOut: readonly HeldOut[] = [
  { name: 'JPEG', width: 6_000, height: 4_000, make: async (w, h) => (await picture(boats, w, h)).jpeg({ quality: 90 }).toBuffer() },
  { name: 'JPEG, small', width: 261, height: 191, make: async (w, h) => (await picture(alps, w, h)).jpeg({ quality: 60 }).toBuffer() },
  {
    name: 'JPEG 4:4:4',
    width: 3_100,
    height: 2_300,
    make: async (w, h) => (await picture(cat, w, h, repeated)).jpeg({ chromaSubsampling: '4:4:4' }).toBuffer(),
  },
  {
    name: 'JPEG progressive',
    width: 4_900,
    height: 3_100,
    make: async (w, h) => (await picture(home, w, h)).jpeg({ progressive: true, quality: 70 }).toBuffer(),
  },
  {
    name: 'JPEG progressive 4:4:4',
    width: 2_000,
    height: 1_500,
    make: async (w, h) => (await picture(boats, w, h, repeated)).jpeg({ mozjpeg: true, chromaSubsampling: '4:4:4' }).toBuffer(),
  },
  {
    name: 'JPEG grey',
    width: 3_500,
    height: 2_500,
    make: async (w, h) =>
      grey(await picture(alps, w, h))
        .jpeg()
        .toBuffer(),
  },
  { name: 'JPEG CMYK', width: 2_700, height: 1_900, make: async (w, h) => (await picture(cat, w, h)).toColourspace('cmyk').jpeg({ quality: 75 }).toBuffer() },
  { name: 'JPEG, profile', width: 3_300, height: 1_700, make: async (w, h) => (await picture(home, w, h)).withIccProfile('p3').jpeg().toBuffer() },
  {
    name: 'JPEG, turned (EXIF 6)',
    width: 4_100,
    height: 2_700,
    make: async (w, h) => (await picture(boats, w, h)).withMetadata({ orientation: 6 }).jpeg().toBuffer(),
  },
  {
    name: 'JPEG, upside down (EXIF 3)',
    width: 1_700,
    height: 2_100,
    make: async (w, h) => (await picture(alps, w, h)).withMetadata({ orientation: 3 }).jpeg().toBuffer(),
  },
  { name: 'JPEG, one high', width: 20_000, height: 1, make: async (w, h) => (await picture(home, w, h)).jpeg().toBuffer() },
  { name: 'PNG', width: 4_400, height: 3_300, make: async (w, h) => (await picture(cat, w, h)).png({ compressionLevel: 3 }).toBuffer() },
  { name: 'PNG, one wide', width: 1, height: 20_000, make: async (w, h) => (await picture(home, w, h)).png().toBuffer() },
  { name: 'PNG RGBA', width: 2_900, height: 2_050, make: async (w, h) => (await picture(boats, w, h, clear)).png({ compressionLevel: 2 }).toBuffer() },
  {
    name: 'PNG interlaced',
    width: 3_700,
    height: 2_600,
    make: async (w, h) => (await picture(alps, w, h)).png({ progressive: true, compressionLevel: 2 }).toBuffer(),
  },
  {
    name: 'PNG 16 bit',
    width: 2_600,
    height: 2_200,
    make: async (w, h) => (await picture(home, w, h)).toColourspace('rgb16').png({ compressionLevel: 2 }).toBuffer(),
  },
  {
    name: 'PNG 16 bit, kept',
    width: 1_900,
    height: 1_300,
    options: { depth: 16 },
    make: async (w, h) => (await picture(cat, w, h)).toColourspace('rgb16').png({ compressionLevel: 2 }).toBuffer(),
  },
  {
    name: 'PNG palette',
    width: 2_300,
    height: 1_800,
    make: async (w, h) => (await picture(boats, w, h)).png({ palette: true, effort: 2, colours: 64 }).toBuffer(),
  },
  {
    name: 'PNG grey, to grey',
    width: 3_200,
    height: 2_000,
    options: { channels: 1 },
    make: async (w, h) =>
      grey(await picture(alps, w, h))
        .png({ compressionLevel: 2 })
        .toBuffer(),
  },
  { name: 'WebP', width: 3_400, height: 2_500, make: async (w, h) => (await picture(home, w, h)).webp({ quality: 70, effort: 1 }).toBuffer() },
  { name: 'WebP, large', width: 4_800, height: 3_600, make: async (w, h) => (await picture(cat, w, h)).webp({ quality: 85, effort: 0 }).toBuffer() },
  { name: 'WebP RGBA', width: 1_500, height: 1_100, make: async (w, h) => (await picture(boats, w, h, clear)).webp({ effort: 1 }).toBuffer() },
  { name: 'WebP lossless', width: 2_100, height: 1_600, make: async (w, h) => (await picture(alps, w, h)).webp({ lossless: true, effort: 1 }).toBuffer() },
  {
    name: 'WebP animated',
    width: 500,
    height: 420,
    options: { pages: 'all' },
    make: async (w, h) => (await pages(home, w, h, 9)).webp({ effort: 0, quality: 50 }).toBuffer(),
  },
  { name: 'GIF', width: 1_800, height: 1_300, make: async (w, h) => (await picture(cat, w, h)).gif({ effort: 2 }).toBuffer() },
  {
    name: 'GIF animated',
    width: 640,
    height: 400,
    options: { pages: 'all' },
    make: async (w, h) => (await pages(boats, w, h, 15)).gif({ effort: 1 }).toBuffer(),
  },
  { name: 'TIFF', width: 5_300, height: 3_900, make: async (w, h) => (await picture(alps, w, h)).tiff({ compression: 'deflate' }).toBuffer() },
  {
    name: 'TIFF tiled',
    width: 3_900,
    height: 2_800,
    make: async (w, h) =>
      (await picture(home, w, h)).tiff({ compression: 'lzw', tile: true, tileWidth: w < 512 ? 16 : 512, tileHeight: h < 512 ? 16 : 512 }).toBuffer(),
  },
  {
    name: 'TIFF, one strip',
    width: 2_500,
    height: 1_700,
    make: async (w, h) => (await picture(cat, w, h, repeated)).tiff({ compression: 'deflate', tileHeight: 16 * Math.ceil(h / 16) }).toBuffer(),
  },
  {
    name: 'TIFF 16 bit',
    width: 2_200,
    height: 1_900,
    make: async (w, h) => (await picture(boats, w, h)).toColourspace('rgb16').tiff({ compression: 'lzw' }).toBuffer(),
  },
  {
    name: 'TIFF CMYK',
    width: 2_000,
    height: 1_400,
    make: async (w, h) => (await picture(alps, w, h)).toColourspace('cmyk').tiff({ compression: 'deflate' }).toBuffer(),
  },
  {
    name: 'TIFF, four pages',
    width: 1_100,
    height: 900,
    options: { pages: 'all' },
    make: async (w, h) => (await pages(cat, w, h, 4)).tiff({ compression: 'deflate' }).toBuffer(),
  },
  { name: 'AVIF', width: 2_800, height: 1_900, make: async (w, h) => (await picture(home, w, h)).avif({ effort: 1, quality: 45 }).toBuffer() },
  {
    name: 'AVIF 10 bit',
    width: 1_500,
    height: 1_000,
    make: async (w, h) => (await picture(boats, w, h)).avif({ effort: 0, bitdepth: 10, quality: 60 }).toBuffer(),
  },
  {
    name: 'AVIF RGBA',
    width: 900,
    height: 700,
    make: async (w, h) => (await picture(alps, w, h, { alpha: true })).avif({ effort: 0, quality: 70 }).toBuffer(),
  },
  {
    name: 'SVG',
    width: 4_500,
    height: 3_000,
    make: svg('<rect width="100%" height="80%" fill="#246"/><ellipse cx="900" cy="700" rx="700" ry="400" fill="#fc3"/>'),
  },
  {
    name: 'SVG with a filter',
    width: 1_600,
    height: 1_200,
    make: svg('<filter id="f"><feGaussianBlur stdDeviation="9"/></filter><g opacity=".7"><rect width="90%" height="90%" filter="url(#f)"/></g>'),
  },
  {
    name: 'PNG, made smaller',
    width: 4_200,
    height: 3_400,
    options: { resize: { width: 700 } },
    make: async (w, h) => (await picture(cat, w, h)).png({ compressionLevel: 2 }).toBuffer(),
  },
  {
    name: 'JPEG, made smaller',
    width: 5_600,
    height: 3_700,
    options: { resize: { width: 1_500 } },
    make: async (w, h) => (await picture(home, w, h)).jpeg().toBuffer(),
  },
  {
    name: 'GIF, made smaller',
    width: 2_400,
    height: 1_500,
    options: { resize: { height: 300 } },
    make: async (w, h) => (await picture(boats, w, h)).gif({ effort: 1 }).toBuffer(),
  },
];
