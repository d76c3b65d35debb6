/** What the decoder of each format holds besides its strips: the table that estimates are made from. */
import type { Header } from './header.ts';

/** The size at which a page is read, and how many are. */
export interface Reading {
  readonly width: number;
  readonly height: number;
  readonly pages: number;
  /** How many times smaller it is made after that; below 1: larger. */
  readonly shrink: number;
}

/** Bytes that a decoder holds. */
export interface Held {
  /** Before there are pixels that go out: given back when they come. */
  readonly early: number;
  /** While pixels go out. */
  readonly late: number;
  /** Given back to malloc meanwhile, which keeps it. */
  readonly kept: number;
}

const MIB = 2 ** 20;
/** Malloc (glibc) gives larger blocks back to the system at once; what is smaller may stay on its heap. */
const KEPT_BELOW = 32 * MIB;
/** A byte a pixel, and what it is unpacked with. */
const ALPHA_PLANE = 1.4;
/** libjpeg stores 16 bits a coefficient, in blocks that cover 16 × 16 pixels where colours are at half the resolution. */
const COEFFICIENT = 2;
const BLOCK = 16;
/** libvips draws an SVG in tiles of 2,000 × 2,000, and has two rows of them. */
const SVG_ROWS = 4_000;
/** The AV1 decoder: its reference frames and the planes that they become, a byte or two a sample; each frame has a border. */
const AV1 = { flat: 2 * MIB, bytes: 21, deepBytes: 28, border: 80 };
/** Formats that are not in the table: as if AV1, 16 bits. */
const UNKNOWN_BYTES = 32;

export function held(header: Header, reading: Reading): Held {
  const { channels, bits, progressive } = header;
  const pixels = header.width * header.height;
  const stored = pixels * channels * (bits / 8);
  switch (header.format) {
    case 'jpeg': {
      // Progressive: all coefficients, before the first pixel is known, at the full size whatever it is shrunk to.
      const samples = channels === 3 && header.subsampled ? 1.5 : channels;
      const covered = (header.width + BLOCK) * (header.height + BLOCK);
      return late(progressive ? covered * samples * COEFFICIENT : 0);
    }
    case 'png':
      // Interlaced: the last of seven passes completes the first row.
      return late(progressive ? stored : 0);
    case 'gif':
      // One frame as RGBA, drawn over by the next.
      return late(pixels * 4);
    case 'tiff':
      return late(0);
    case 'svg':
      return late(reading.width * 4 * (header.layers > 1 ? reading.height * header.layers : Math.min(reading.height, SVG_ROWS)));
    case 'webp':
      return webp(header, reading);
    case 'heif': {
      const padded = (header.width + AV1.border) * (header.height + AV1.border);
      return { early: AV1.flat + padded * (bits > 8 ? AV1.deepBytes : AV1.bytes), late: AV1.flat + stored, kept: 0 };
    }
    default:
      return { early: 0, late: pixels * reading.pages * UNKNOWN_BYTES, kept: 0 };
  }
}

function late(bytes: number): Held {
  return { early: 0, late: bytes, kept: 0 };
}

/**
 * A frame as it is decoded (RGB or RGBA), the canvas that it is drawn on (all pages below each other), and what is behind them: the
 * planes of a lossy one, the plane of alpha, the pixels of a lossless one. Before a smaller one is made those are there at full size,
 * and a canvas for nothing, which malloc clears if it is small enough for its heap.
 */
function webp({ width, height, channels, lossless }: Header, reading: Reading): Held {
  const whole = width * height;
  const read = reading.width * reading.height;
  const alpha = channels === 4;
  const unused = read < whole && whole * 4 < KEPT_BELOW ? whole * 4 : 0;
  const transparency = read < whole && alpha && !lossless ? whole * ALPHA_PLANE : 0;
  const unshrunk = read < whole && lossless ? whole * 4 : transparency;
  const blocks = alpha ? [read * 4, read * 4, read * 4] : [read * 4, read * 4];
  const kept = blocks.reduce((sum, block) => (block < KEPT_BELOW ? sum + block : sum), 0);
  return { early: unused + unshrunk + read * (alpha ? 12 : 8), late: transparency + read * 4 * reading.pages + read * (alpha ? 4 : 3), kept };
}
