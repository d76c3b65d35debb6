/** Encoding by sharp. */
import type { Pixels } from '../pixels/pixels.ts';
import { bytesOfSample, refused, show } from '../pixels/shape.ts';
import type { Resize } from '../plan.ts';
import { resized } from './decode.ts';
import { engine, firstLine, type Pipeline } from './sharp.ts';
import { refusedInput } from './source.ts';

/** What can be written. */
export type EncodeFormat = 'jpeg' | 'png' | 'webp' | 'avif' | 'tiff' | 'gif';

const FORMATS: readonly EncodeFormat[] = ['jpeg', 'png', 'webp', 'avif', 'tiff', 'gif'];

/** Of these alone: told of a quality, sharp's PNG is of a palette of 256 colours. */
const LOSSY: ReadonlySet<EncodeFormat> = new Set(['jpeg', 'webp', 'avif', 'tiff']);

/** The longest side that a format, or its library, can write. A TIFF is written as strips of JPEG. */
const LONGEST: Partial<Record<EncodeFormat, number>> = { jpeg: 65_500, webp: 16_383, avif: 16_384, tiff: 65_500, gif: 65_535 };

/** How an image is written. */
export interface EncodeShape {
  /** Default `jpeg` without alpha, `png` with it. */
  format?: EncodeFormat | undefined;
  /** 1 to 100, for formats that lose some; default: the format's own in sharp (jpeg, webp, tiff 80; avif 50). */
  quality?: number | undefined;
}

export function requireEncoding({ format, quality }: EncodeShape, hasAlpha: boolean): { format: EncodeFormat; quality: number | undefined } {
  const chosen = format ?? (hasAlpha ? 'png' : 'jpeg');
  if (!FORMATS.includes(chosen)) throw refused(`expected \`format\` to be one of ${FORMATS.join(', ')}, got ${show(chosen)}`, undefined);
  if (quality !== undefined && !(Number.isInteger(quality) && quality >= 1 && quality <= 100))
    throw refused(`expected \`quality\` to be a whole number from 1 to 100, got ${show(quality)}`, undefined);
  return { format: chosen, quality };
}

/** Throws ImageShapeError for what the format cannot hold. `resized`: libvips may round a side down that is rounded up here. */
export function requireWritable(format: EncodeFormat, { width, height }: { width: number; height: number }, resized: boolean, name: string | undefined): void {
  const longest = LONGEST[format] ?? Number.POSITIVE_INFINITY;
  if (Math.max(width, height) - (resized ? 1 : 0) > longest)
    throw refused(`${width} × ${height} pixels are more than a file of format '${format}' can have, ${longest} a side; choose png, or \`resize\` it`, name);
}

/** Bytes of the copy that `encodePixels` makes of what has gaps between its rows. */
export function copiedBytes({ width, height, channels, depth, stride }: Pixels, part: Part | undefined): number {
  const row = width * channels * bytesOfSample(depth);
  return stride === row ? 0 : row * (part?.height ?? height);
}

/** A part of an image, by its place in it. */
export interface Part {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** What is written of an image, and how. */
export interface Writing {
  readonly part: Part | undefined;
  readonly resize: Resize | undefined;
  readonly format: EncodeFormat;
  readonly quality: number | undefined;
  readonly name: string | undefined;
}

/** Encodes pixels, or a part of them. */
export async function encodePixels(pixels: Pixels, { part, resize, format, quality, name }: Writing): Promise<Uint8Array<ArrayBuffer>> {
  const sharp = await engine();
  const { data, width, channels, depth } = pixels;
  const isPacked = copiedBytes(pixels, part) === 0;
  const first = part === undefined || isPacked ? 0 : part.y;
  const height = part === undefined || isPacked ? pixels.height : part.height;
  const raw = { width, height, channels, premultiplied: false };
  let pipeline = sharp(isPacked ? data : withoutGaps(pixels, first, height), { raw, limitInputPixels: false });
  if (part !== undefined) pipeline = pipeline.extract({ left: part.x, top: part.y - first, width: part.width, height: part.height });
  if (resize !== undefined) pipeline = resized(pipeline, resize);
  // What sharp is told nothing about becomes 8 bits.
  if (depth === 16) pipeline = pipeline.toColourspace(channels < 3 ? 'grey16' : 'rgb16');
  return written(pipeline, format, quality, name);
}

/** Writes what a pipeline makes. */
export async function written(
  pipeline: Pipeline,
  format: EncodeFormat,
  quality: number | undefined,
  name: string | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await pipeline.toFormat(format, quality === undefined || !LOSSY.has(format) ? {} : { quality }).toBuffer();
  } catch (cause) {
    throw refusedInput(firstLine(cause), name, cause);
  }
}

function withoutGaps({ data, width, channels, depth, stride }: Pixels, first: number, height: number): Pixels['data'] {
  const step = stride / bytesOfSample(depth);
  const row = width * channels;
  const packed = new (data.constructor as new (length: number) => Pixels['data'])(row * height);
  for (let y = 0; y < height; y++) packed.set(data.subarray((first + y) * step, (first + y) * step + row) as never, y * row);
  return packed;
}
