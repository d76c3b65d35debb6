/** The shape of pixels: their sides, channels and samples, and how far apart rows are. */
import { about, ImageShapeError } from '../errors.ts';

/** What a sample is: 8 or 16 bits, whole numbers from 0 up, or a `float32`. */
export type Depth = 8 | 16 | 'float32';

/** Grey, grey with alpha, RGB, RGBA. */
export type Channels = 1 | 2 | 3 | 4;

/** The array that samples of a depth stand in. */
export type Samples<D extends Depth = Depth> = D extends 8 ? Uint8Array<ArrayBuffer> : D extends 16 ? Uint16Array<ArrayBuffer> : Float32Array<ArrayBuffer>;

/** The shape of an image, as it is asked for. */
export interface ImageShape<D extends Depth = Depth> {
  /** In pixels. */
  width: number;
  height: number;
  channels: Channels;
  /** Default 8. */
  depth?: D | undefined;
  /** Bytes from the start of a row to the start of the next; default: rows without gaps. */
  stride?: number | undefined;
}

/** The same, complete and checked. */
export interface Shape {
  readonly width: number;
  readonly height: number;
  readonly channels: Channels;
  readonly depth: Depth;
  readonly stride: number;
  /** From the first sample to the last one: the last row needs no gap after it. */
  readonly byteLength: number;
}

const SAMPLES = { 8: Uint8Array, 16: Uint16Array, float32: Float32Array } as const;

export function bytesOfSample(depth: Depth): number {
  return SAMPLES[depth].BYTES_PER_ELEMENT;
}

/** The array over some bytes of a buffer. */
export function samplesOver(buffer: ArrayBuffer, depth: Depth, byteOffset: number, byteLength: number): Samples {
  return new SAMPLES[depth](buffer, byteOffset, byteLength / bytesOfSample(depth)) as Samples;
}

/** A shape that can be, or ImageShapeError. */
export function requireShape(asked: ImageShape, label: string | undefined): Shape {
  const { width, height, channels, depth = 8 } = asked ?? {};
  requireCount('width', width, label);
  requireCount('height', height, label);
  if (channels !== 1 && channels !== 2 && channels !== 3 && channels !== 4)
    throw refused(`expected \`channels\` to be 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGBA), got ${show(channels)}`, label);
  if (depth !== 8 && depth !== 16 && depth !== 'float32') throw refused(`expected \`depth\` to be 8, 16 or 'float32', got ${show(depth)}`, label);
  const sample = bytesOfSample(depth);
  const row = width * channels * sample;
  const { stride = row } = asked;
  if (!Number.isSafeInteger(stride) || stride < row || stride % sample !== 0) {
    const step = sample === 1 ? '' : ` and a multiple of ${sample}`;
    throw refused(`expected \`stride\` to be a whole number of bytes from ${row} up (${width} × ${channels} samples)${step}, got ${show(stride)}`, label);
  }
  const byteLength = stride * (height - 1) + row;
  if (!Number.isSafeInteger(byteLength)) throw refused(`${width} × ${height} pixels are more bytes than can be counted`, label);
  return { width, height, channels, depth, stride, byteLength };
}

function requireCount(name: string, value: unknown, label: string | undefined): void {
  if (!Number.isSafeInteger(value) || (value as number) < 1)
    throw refused(`expected \`${name}\` to be a whole number of pixels from 1 up, got ${show(value)}`, label);
}

export function refused(why: string, label: string | undefined): ImageShapeError {
  return new ImageShapeError(`${label === undefined ? 'Image' : `Image '${label}'`} refused: ${why}.`, about(label));
}

/** A value as messages show it: never at any length, whatever it is. */
export function show(value: unknown): string {
  if (typeof value === 'string') return value.length > 100 ? `'${value.slice(0, 100)}…'` : `'${value}'`;
  if (typeof value !== 'object' || value === null) return typeof value === 'function' ? 'a function' : String(value);
  const { constructor } = value as { readonly constructor?: unknown };
  return typeof constructor === 'function' && constructor.name !== '' && constructor !== Object ? `an object of class ${constructor.name}` : 'an object';
}
