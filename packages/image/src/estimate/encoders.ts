/** What writing a file takes besides its pixels, what comes out included. How well pixels pack is not known before: as if they did not. */
import type { OutputShape } from './peak.ts';

interface Encoder {
  /** Bytes a pixel, without alpha and with it. */
  readonly bytes: number;
  readonly alphaBytes: number;
  /** More bytes a pixel, up to a limit: tables that grow with the number of colours. */
  readonly tables?: { readonly bytes: number; readonly most: number };
}

const MIB = 2 ** 20;
const ENCODERS: Record<string, Encoder> = {
  // All coefficients, for the sake of the best Huffman tables.
  jpeg: { bytes: 8, alphaBytes: 8 },
  // Frames, planes, and for noise as many again of symbols; alpha is packed without loss.
  webp: { bytes: 22, alphaBytes: 45 },
  // A JPEG in strips.
  tiff: { bytes: 2, alphaBytes: 2 },
  // A copy as RGBA, the indices, and the histogram of colours.
  gif: { bytes: 13, alphaBytes: 13, tables: { bytes: 64, most: 64 * MIB } },
  // Frames of the encoder's, with references and statistics of each block.
  avif: { bytes: 48, alphaBytes: 76, tables: { bytes: 16, most: 16 * MIB } },
};
/** Of rows that wait to be written, for each byte of a row. */
const ROWS = 300;

export function encoderBytes(format: string, { width, height, channels, bytesPerSample }: OutputShape): number {
  const pixels = width * height;
  const row = width * channels * bytesPerSample;
  const strips = row * Math.min(ROWS, height);
  const encoder = ENCODERS[format];
  // PNG goes out as it is packed.
  if (encoder === undefined) return row * height * 1.01 + strips;
  const { bytes, alphaBytes, tables = { bytes: 0, most: 0 } } = encoder;
  return pixels * (channels % 2 === 0 ? alphaBytes : bytes) + Math.min(pixels * tables.bytes, tables.most) + strips;
}
