/**
 * The most memory that an operation on an image takes at any time above what was taken before, from the header alone. Measured as
 * growth of resident memory; `npm run bench -- "decode peaks"` holds these numbers against what it finds.
 */
import type { Plan } from '../plan.ts';
import { held, type Held, type Reading } from './decoders.ts';
import { encoderBytes } from './encoders.ts';
import type { Header } from './header.ts';
import { strips } from './strips.ts';

/** What is asked for. */
export interface OutputShape {
  readonly width: number;
  /** Of all pages together: they stand below each other. */
  readonly height: number;
  readonly channels: number;
  readonly bytesPerSample: number;
}

/** What an estimate needs to know of a plan. */
export type Planned = Pick<Plan, 'pages' | 'output' | 'orient' | 'resize'>;

const MIB = 2 ** 20;
/** Whatever the size: stacks, lists of chunks, and what JavaScript takes meanwhile. */
const FLAT = 2 * MIB;
/** Of Node 20, which copies: now and then a run takes some MiB more than the others (5.6 seen, of 60); the cause is not established. */
const SELDOM = 8 * MIB;
/** Tables that colours are mapped by, which only CMYK needs. */
const COLOUR_TABLES = 4 * MIB;

/**
 * Peak of decoding to raw pixels of a shape; what comes out is included. `copied`: the pixels are copied once when they are there.
 * What the decoder held is gone by then, but for what malloc kept: the peak is the higher of the two.
 */
export function decodePeak(header: Header, plan: Planned, copied: boolean): number {
  const out = outputBytes(plan.output);
  const { steady, early, strips, late, kept } = takes(header, plan);
  return Math.ceil(steady + Math.max(early, strips + kept + out + Math.max(late, copied ? out + Math.min(SELDOM, out / 6) : 0)));
}

/** Peak of decoding and resizing to an encoded file; what comes out is included. No image is held whole, but for what formats hold. */
export function thumbnailPeak(header: Header, plan: Planned, format: string): number {
  const { steady, early, strips, late, kept } = takes(header, plan);
  return Math.ceil(steady + encoderBytes(format, plan.output) + Math.max(early, strips + kept + late));
}

/** Peak of encoding raw pixels to a file; the pixels are not included, what comes out is. */
export function encodePeak(format: string, input: OutputShape): number {
  return Math.ceil(FLAT + encoderBytes(format, input));
}

export function outputBytes({ width, height, channels, bytesPerSample }: OutputShape): number {
  return width * height * channels * bytesPerSample;
}

function takes(header: Header, plan: Planned): Held & { steady: number; strips: number } {
  const reading = readingOf(header, plan);
  const parts = held(header, reading);
  const steady = FLAT + header.buffered + (header.cmyk ? COLOUR_TABLES : 0);
  return { ...parts, late: parts.late + turned(header, plan), steady, strips: strips(header, reading, plan.output) };
}

/** An image that is turned, or stood on its head, is first held whole: the rows that come out first are read last. */
function turned({ orientation, channels, bits }: Header, { orient, pages, output }: Planned): number {
  return orient && pages === 1 && orientation >= 3 ? output.width * output.height * channels * (bits / 8) : 0;
}

/** At what size the decoder reads: JPEG can leave out all but one of 2, 4 or 8 pixels, WebP and SVG come in any size. */
function readingOf({ format, width, height, orientation }: Header, { pages, output, orient, resize }: Planned): Reading {
  const sides = { width: output.width, height: output.height / pages };
  const target = orient && pages === 1 && orientation >= 5 ? { width: sides.height, height: sides.width } : sides;
  const shrink = resize === undefined ? 1 : Math.min(width / target.width, height / target.height);
  const factor = format === 'jpeg' ? jpegShrink(shrink) : format === 'svg' ? shrink : format === 'webp' ? Math.max(1, shrink) : 1;
  return { width: Math.ceil(width / factor), height: Math.ceil(height / factor), pages, shrink: shrink / factor };
}

/** As sharp chooses it: where the factor is all that is wanted it takes the next smaller one, since libjpeg rounds. */
function jpegShrink(shrink: number): number {
  const most = [8, 4, 2].find((factor) => shrink >= factor) ?? 1;
  return most > 1 && Math.floor(shrink) === most ? most / 2 : most;
}
