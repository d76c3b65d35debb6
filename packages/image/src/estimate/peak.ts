/** The most memory that an operation on an image takes at any time above what was taken before, from the header alone. */
import type { Header } from './header.ts';

/** What is asked for. */
export interface OutputShape {
  readonly width: number;
  /** Of all pages together: they stand below each other. */
  readonly height: number;
  readonly channels: number;
  readonly bytesPerSample: number;
}

/** Peak of decoding `pages` pages of a file to raw pixels of a shape; what comes out is included. */
export function decodePeak(header: Header, pages: number, output: OutputShape): number {
  return outputBytes(output) + 20 * 2 ** 20 + header.width * header.height * pages * 17;
}

/** Peak of decoding and resizing to an encoded file; what comes out is included. */
export function thumbnailPeak(header: Header, pages: number, output: OutputShape): number {
  return outputBytes(output) + 40 * 2 ** 20 + header.width * header.height * pages * 17;
}

/** Peak of encoding raw pixels to a file; the pixels are not included, what comes out is. */
export function encodePeak(format: string, input: OutputShape): number {
  return outputBytes(input) * (format === 'avif' ? 5 : 2) + 20 * 2 ** 20;
}

export function outputBytes({ width, height, channels, bytesPerSample }: OutputShape): number {
  return width * height * channels * bytesPerSample;
}
