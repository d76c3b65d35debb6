// As much of PNG as a browser's screenshots have: 8 bits a channel, rgb or rgba, not interlaced.
import { inflateSync } from 'node:zlib';

export interface Texels {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly data: Uint8Array;
}

/** Decodes a screenshot. */
export function texelsOf(png: Buffer): Texels {
  const pieces: Buffer[] = [];
  for (let at = 8; at < png.length;) {
    const length = png.readUInt32BE(at);
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') pieces.push(png.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  const [width, height, depth, type] = [png.readUInt32BE(16), png.readUInt32BE(20), png[24], png[25]];
  if (depth !== 8 || (type !== 2 && type !== 6)) throw new Error(`cannot read a PNG of depth ${depth} and type ${type}`);
  const channels = type === 2 ? 3 : 4;
  return { width, height, channels, data: unfiltered(inflateSync(Buffer.concat(pieces)), width * channels, height, channels) };
}

function unfiltered(raw: Uint8Array, across: number, height: number, channels: number): Uint8Array {
  const data = new Uint8Array(across * height);
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (across + 1)]!;
    for (let x = 0; x < across; x++) {
      const at = y * across + x;
      const left = x < channels ? 0 : data[at - channels]!;
      const up = y === 0 ? 0 : data[at - across]!;
      const corner = x < channels || y === 0 ? 0 : data[at - across - channels]!;
      const guess = [0, left, up, (left + up) >> 1, nearest(left, up, corner)][filter]!;
      data[at] = raw[y * (across + 1) + 1 + x]! + guess;
    }
  }
  return data;
}

function nearest(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const [byLeft, byUp, byCorner] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  if (byLeft <= byUp && byLeft <= byCorner) return left;
  return byUp <= byCorner ? up : corner;
}

/** How many colours there are in the left half, where no panel is, looking at one texel in 49. */
export function variety({ width, height, channels, data }: Texels): number {
  const colours = new Set<number>();
  for (let y = 3; y < height; y += 7) {
    for (let x = 3; x < width / 2; x += 7) {
      const at = (y * width + x) * channels;
      colours.add((data[at]! << 16) | (data[at + 1]! << 8) | data[at + 2]!);
    }
  }
  return colours.size;
}
