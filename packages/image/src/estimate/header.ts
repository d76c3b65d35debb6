/** What the header of an image file says: all that an estimate is made from. */

/** An image file, by its header. */
export interface Header {
  /** As sharp names it: `jpeg`, `png`, `webp`, `gif`, `tiff`, `heif` (AVIF too), `svg` …. */
  readonly format: string;
  /** Of one page, in pixels, as stored: before EXIF orientation turns it. */
  readonly width: number;
  readonly height: number;
  /** Pages or frames in the file. */
  readonly pages: number;
  /** Channels as stored, alpha included. */
  readonly channels: number;
  /** Bits of a sample, as the decoder has it: 8, 16, 32 or 64. */
  readonly bits: number;
  /** A progressive JPEG or interlaced PNG: held whole while it is decoded. */
  readonly progressive: boolean;
  /** EXIF orientation, 1 to 8: from 5 up the sides change places. */
  readonly orientation: number;
  /** Colours as inks. */
  readonly cmyk: boolean;
  /** JPEG: colours at half the resolution, both ways. */
  readonly subsampled: boolean;
  /** WebP: without loss, or it is not known. */
  readonly lossless: boolean;
  /** SVG: surfaces of the whole size that it may need at once. */
  readonly layers: number;
  /** Bytes that reading it takes whatever comes out: the file, where it is mapped or held whole; strips or tiles of a TIFF. */
  readonly buffered: number;
}
