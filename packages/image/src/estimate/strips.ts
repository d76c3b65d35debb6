/** Rows in flight: libvips works through an image in strips, and each step of a pipeline holds some rows of its own. */
import type { Reading } from './decoders.ts';
import type { Header } from './header.ts';
import type { OutputShape } from './peak.ts';

/** Rows that are held as read, and as they go out. */
const ROWS_IN = 620;
const ROWS_OUT = 200;
/** A resize gathers many rows for each that it makes; where there is alpha it is multiplied in and taken out again. */
const ROWS_RESIZED = 2_100;
const ALPHA = 1.25;
/** From here on an image is first made smaller by leaving out rows. */
const COARSE = 25;
/** Bytes for each column of a JPEG that is read at a smaller size. */
const JPEG_COLUMN = 64;

export function strips(header: Header, reading: Reading, output: OutputShape): number {
  // It is drawn where it goes to, whatever its size: what waits is rows that go out.
  if (header.format === 'svg') return outgoing(output);
  // WebP comes in the size that is wanted.
  const as = reading.shrink === 1 || header.format === 'webp' ? rowStrips(header, reading, output) : resizeStrips(header, reading, output);
  return as + (header.format === 'jpeg' ? header.width * JPEG_COLUMN : 0);
}

/** A low image fills the strips in part: each row is there a few times. JPEG and GIF are read many rows at once, however few there are. */
function rowStrips({ format, channels, bits, progressive }: Header, { width, height }: Reading, output: OutputShape): number {
  // What is held whole already is not gathered in strips as well.
  const incoming = format === 'png' && progressive ? 0 : ROWS_IN;
  const column = incoming * channels * (bits / 8) + ROWS_OUT * output.channels * output.bytesPerSample;
  const filled = format === 'jpeg' || format === 'gif' ? Math.min((height + 2) / 100, 0.25 + height / 550) : (height + 2) / 380;
  return width * column * Math.min(1, filled);
}

function resizeStrips({ channels, bits, cmyk }: Header, { width, height, shrink }: Reading, output: OutputShape): number {
  const rows = Math.min(ROWS_RESIZED, 14 * (height + 2), 280 + 2.2 * height) * Math.min(1, 0.6 + (0.4 * COARSE) / shrink);
  const alpha = channels % 2 === 0 && !cmyk ? ALPHA : 1;
  return Math.max(width, output.width) * rows * channels * (bits / 8) * alpha + outgoing(output);
}

function outgoing({ width, height, channels, bytesPerSample }: OutputShape): number {
  return Math.min(ROWS_OUT, height) * width * channels * bytesPerSample;
}
