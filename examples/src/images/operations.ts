// What the server does with an image: a thumbnail, made in one go; and two that hold the pixels in between.
import { decode, encode, thumbnail, type ImageBuffer, type ImageInput } from '@handback/image';
import type { Budget } from '@handback/core';

/** What each operation is told. */
export interface Asked {
  budget: Budget;
  signal: AbortSignal;
  /** How long it may wait for its turn, in ms. */
  timeout: number;
  width: number | undefined;
}

export interface Answer {
  type: string;
  body: Uint8Array | string;
}

export type Operation = (input: ImageInput, asked: Asked) => Promise<Answer>;

/** Files with more pixels are refused, whatever the budget. */
const MOST_PIXELS = 100e6;

/** Few bytes, few pixels: never held as pixels here at all. */
const small: Operation = async (input, { width = 320, ...asked }) => ({
  type: 'image/webp',
  body: await thumbnail(input, { ...asked, width, format: 'webp', maxPixels: MOST_PIXELS }),
});

const COLUMNS = 4;
const ROWS = 3;

/** The average colour of each of twelve parts: what a page shows where a picture is still to come. */
const colours: Operation = async (input, { width, ...asked }) => {
  using image = await decode(input, { ...asked, channels: 3, maxPixels: MOST_PIXELS, ...(width === undefined ? {} : { resize: { width } }) });
  const columns = Math.min(COLUMNS, image.width);
  const rows = Math.min(ROWS, image.height);
  const parts: string[] = [];
  for (let at = 0; at < columns * rows; at++) parts.push(average(image, at % columns, Math.floor(at / columns), columns, rows));
  return { type: 'application/json', body: JSON.stringify({ width: image.width, height: image.height, columns, colours: parts }) };
};

function average(image: ImageBuffer<8>, column: number, row: number, columns: number, rows: number): string {
  const width = Math.floor(image.width / columns);
  const height = Math.floor(image.height / rows);
  const part = image.region(column * width, row * height, width, height);
  const sums = [0, 0, 0];
  const step = Math.max(1, Math.floor(height / 64)); // some rows tell enough
  let pixels = 0;
  for (let y = 0; y < height; y += step) {
    const samples = part.row(y);
    for (let i = 0; i < samples.length; i += 3) for (let channel = 0; channel < 3; channel++) sums[channel]! += samples[i + channel]!;
    pixels += width;
  }
  return `#${sums
    .map((sum) =>
      Math.round(sum / pixels)
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`;
}

/** The picture with its levels stretched, as large as it came: all of its pixels are held, changed in place, and encoded. */
const contrast: Operation = async (input, { width, ...asked }) => {
  using image = await decode(input, { ...asked, channels: 3, maxPixels: MOST_PIXELS, ...(width === undefined ? {} : { resize: { width } }) });
  stretch(image.data);
  return { type: 'image/jpeg', body: await encode(image, { format: 'jpeg', budget: asked.budget, signal: asked.signal }) };
};

/** Spreads what lies between the darkest and the brightest hundredth over the whole range. */
function stretch(samples: Uint8Array): void {
  const counts = new Uint32Array(256);
  let seen = 0;
  for (let i = 0; i < samples.length; i += 17, seen++) counts[samples[i]!]!++;
  const level = (part: number): number => {
    let below = 0;
    return counts.findIndex((n) => (below += n) >= part * seen);
  };
  const dark = level(0.01);
  const bright = Math.max(dark + 1, level(0.99));
  const table = Uint8ClampedArray.from({ length: 256 }, (_, value) => ((value - dark) / (bright - dark)) * 255);
  for (let i = 0; i < samples.length; i++) samples[i] = table[samples[i]!]!;
}

export const operations: Record<string, Operation> = { thumbnail: small, colours, contrast };
