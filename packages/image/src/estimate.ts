/** What a decode will take, from the header alone. */
import { decodeBytes } from './decode.ts';
import { readHeader } from './engine/header.ts';
import { sourceOf, type ImageInput, type InputOptions } from './engine/source.ts';
import { outputBytes } from './estimate/peak.ts';
import { planDecode, type DecodeShape } from './plan.ts';

/** What `estimateDecode` answers. */
export interface DecodeEstimate {
  /** Of one page, in pixels, as it is stored in the file. */
  readonly width: number;
  readonly height: number;
  /** Pages or frames in the file. */
  readonly pages: number;
  /** As sharp names it: `jpeg`, `png`, `webp`, `gif`, `tiff`, `heif` (AVIF too), `svg` …. */
  readonly format: string;
  /** The most bytes that `decode` takes at any time, with the same options; what comes out is included. */
  readonly peakBytes: number;
  /** Bytes of the pixels that come out. */
  readonly outputBytes: number;
}

/**
 * Reads the header and answers what `decode` with the same options would take; no pixels are allocated. Rejects with ImageInputError,
 * ImageTooLargeError (`maxPixels`), or EngineMissingError.
 */
export async function estimateDecode(input: ImageInput, options: DecodeShape & InputOptions = {}): Promise<DecodeEstimate> {
  const source = await sourceOf(input, options);
  const header = await readHeader(source);
  const plan = planDecode(header, options, source.name);
  const { width, height, pages, format } = header;
  return { width, height, pages, format, peakBytes: Math.ceil(decodeBytes(header, plan)), outputBytes: outputBytes(plan.output) };
}
