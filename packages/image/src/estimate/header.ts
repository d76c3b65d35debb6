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
  /** How it is packed inside (`av1`, `hevc`, `jpeg2000` …), where the format has several ways. */
  readonly compression: string | undefined;
  /** Bytes of the file. */
  readonly encodedBytes: number;
}
