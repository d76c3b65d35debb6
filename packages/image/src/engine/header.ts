/**
 * Headers, by the library that will decode: another reader of headers could be told another size than the decoder is. It takes well
 * under a millisecond, and no pixels are allocated.
 */
import type { Header } from '../estimate/header.ts';
import { ImageTooLargeError } from '../errors.ts';
import { engine, firstLine, type Pipeline, type Sharp } from './sharp.ts';
import { refusedInput, type Source } from './source.ts';
import { traitsOf } from './traits.ts';

const BITS: Record<string, number> = { uchar: 8, char: 8, ushort: 16, short: 16, uint: 32, int: 32, float: 32, complex: 64, double: 64, dpcomplex: 128 };

/** How a source is opened, here and to decode it. The byte budget is the limit, so sharp's own limit of pixels is not used. */
export function open(sharp: Sharp, source: Source, options: { pages?: number; limitInputPixels?: number | false; autoOrient?: boolean } = {}): Pipeline {
  return sharp(source.input, { limitInputPixels: false, sequentialRead: true, ...options });
}

/** The header of a source, or ImageInputError. */
export async function readHeader(source: Source): Promise<Header> {
  const sharp = await engine();
  try {
    const found = await open(sharp, source).metadata();
    const header = {
      format: found.format,
      width: found.width,
      height: found.pageHeight ?? found.height,
      pages: found.pages ?? 1,
      channels: found.channels,
      bits: BITS[found.depth] ?? 64,
      progressive: found.isProgressive === true,
      orientation: found.orientation ?? 1,
      cmyk: found.space === 'cmyk',
      subsampled: found.chromaSubsampling === '4:2:0',
    };
    return { ...header, ...(await traitsOf(sharp, source, header)) };
  } catch (cause) {
    if (cause instanceof ImageTooLargeError) throw cause;
    throw refusedInput(firstLine(cause), source.name, cause);
  }
}
