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
export async function encodePixels(pixels: Pixels, { part, resize, format, quality, name }: Writing): Promise<Uint8Array> {
  const sharp = await engine();
  const { data, width, height, channels, depth, stride } = pixels;
  const pixel = channels * bytesOfSample(depth);
  // A gap between rows of whole pixels is a wider image, of which the left part is taken; any other gap has to be copied away.
  const wide = stride % pixel === 0 && (data.byteLength === stride * height || stride === width * pixel);
  const raw = { width: wide ? stride / pixel : width, height, channels, premultiplied: false };
  if (depth === 'float32') throw refused('no format here keeps float32 samples; convert them to 8 or 16 bits', name);
  let pipeline = sharp(wide ? data : withoutGaps(pixels), { raw, limitInputPixels: false });
  if (part !== undefined) pipeline = pipeline.extract({ left: part.x, top: part.y, width: part.width, height: part.height });
  else if (raw.width !== width) pipeline = pipeline.extract({ left: 0, top: 0, width, height });
  if (resize !== undefined) pipeline = resized(pipeline, resize);
  // What sharp is told nothing about becomes 8 bits.
  if (depth === 16) pipeline = pipeline.toColourspace(channels < 3 ? 'grey16' : 'rgb16');
  return written(pipeline, format, quality, name);
}

/** Writes what a pipeline makes. */
export async function written(pipeline: Pipeline, format: EncodeFormat, quality: number | undefined, name: string | undefined): Promise<Uint8Array> {
  try {
    return await pipeline.toFormat(format, quality === undefined ? {} : { quality }).toBuffer();
  } catch (cause) {
    throw refusedInput(firstLine(cause), name, cause);
  }
}

function withoutGaps({ data, width, height, channels, depth, stride }: Pixels): Pixels['data'] {
  const sample = bytesOfSample(depth);
  const row = width * channels;
  const packed = new (data.constructor as new (length: number) => Pixels['data'])(row * height);
  for (let y = 0; y < height; y++) packed.set(data.subarray((y * stride) / sample, (y * stride) / sample + row) as never, y * row);
  return packed;
}
