// A world made up as it is looked at: mountains, plains and sea out of noise, shaded by a sun in the north-west. A tile comes out the
// same whenever, and by whomever, it is made; nothing is stored.
import { areaOf, WORLD, type Place } from './pyramid.ts';

const SEED = 11;
/** The widest hills, in units. */
const WIDEST = WORLD / 5;
const GAIN = 0.49;

/** Heights of sea, shore, grass, wood, rock and snow, with their colours. */
const TONES: readonly (readonly [height: number, red: number, green: number, blue: number])[] = [
  [-1, 11, 32, 66],
  [-0.35, 19, 62, 110],
  [-0.06, 45, 116, 158],
  [0, 108, 177, 188],
  [0.006, 222, 205, 158],
  [0.03, 158, 176, 108],
  [0.14, 92, 138, 82],
  [0.28, 62, 104, 72],
  [0.42, 122, 112, 96],
  [0.56, 150, 142, 136],
  [0.68, 236, 240, 244],
  [1.2, 255, 255, 255],
];

/** The texels of a tile: rgba, a byte each. */
export function paintTile(place: Place, side: number): Uint8ClampedArray<ArrayBuffer> {
  // A rim of one texel, for the slopes at the edges.
  const across = side + 2;
  const heights = new Float32Array(across * across);
  const { left, top } = areaOf(place, side);
  const unit = 2 ** place.level;
  fillHeights(heights, across, left - unit / 2, top - unit / 2, unit);
  const texels = new Uint8ClampedArray(side * side * 4);
  const tone = [0, 0, 0];
  const steepness = 5_200 / unit;
  for (let y = 0, at = 0; y < side; y++) {
    for (let x = 0; x < side; x++, at += 4) {
      const i = (y + 1) * across + x + 1;
      const height = heights[i]!;
      toneAt(height, tone);
      const light = height < 0 ? 1 : shade((heights[i + 1]! - heights[i - 1]!) * steepness, (heights[i + across]! - heights[i - across]!) * steepness);
      texels[at] = tone[0]! * light;
      texels[at + 1] = tone[1]! * light;
      texels[at + 2] = tone[2]! * light;
      texels[at + 3] = 255;
    }
  }
  return texels;
}

/** How bright a slope is. */
function shade(acrossSlope: number, downSlope: number): number {
  const light = (0.55 * acrossSlope + 0.55 * downSlope + 1) / Math.sqrt(1 + acrossSlope * acrossSlope + downSlope * downSlope);
  return Math.min(1.18, Math.max(0.32, 0.3 + 0.7 * light));
}

function toneAt(height: number, tone: number[]): void {
  let i = 1;
  while (i < TONES.length - 1 && TONES[i]![0] < height) i++;
  const [from, to] = [TONES[i - 1]!, TONES[i]!];
  const part = Math.min(1, Math.max(0, (height - from[0]) / (to[0] - from[0])));
  for (let channel = 0; channel < 3; channel++) tone[channel] = from[channel + 1]! + (to[channel + 1]! - from[channel + 1]!) * part;
}

/** Sums octaves of noise, down to those that a texel could still show; rough where it is high, smooth where it is low. */
function fillHeights(heights: Float32Array, across: number, left: number, top: number, unit: number): void {
  heights.fill(0.04);
  let amplitude = 0.62;
  for (let octave = 0, width = WIDEST; width >= unit * 1.5; octave++, width /= 2, amplitude *= GAIN) {
    addOctave(heights, across, left / width, top / width, unit / width, amplitude, octave);
  }
}

function addOctave(heights: Float32Array, across: number, left: number, top: number, step: number, amplitude: number, octave: number): void {
  const seed = SEED + octave * 101;
  for (let row = 0, i = 0; row < across; row++) {
    const y = top + row * step;
    const cellY = Math.floor(y);
    const dy = y - cellY;
    const fadeY = dy * dy * dy * (dy * (dy * 6 - 15) + 10);
    let cell = Number.NaN;
    let [a, b, c, d] = [0, 0, 0, 0];
    for (let column = 0; column < across; column++, i++) {
      const x = left + column * step;
      const cellX = Math.floor(x);
      if (cellX !== cell) {
        cell = cellX;
        a = hash(cellX, cellY, seed);
        b = hash(cellX + 1, cellY, seed);
        c = hash(cellX, cellY + 1, seed);
        d = hash(cellX + 1, cellY + 1, seed);
      }
      const dx = x - cellX;
      const fadeX = dx * dx * dx * (dx * (dx * 6 - 15) + 10);
      const above = gradient(a, dx, dy) + (gradient(b, dx - 1, dy) - gradient(a, dx, dy)) * fadeX;
      const below = gradient(c, dx, dy - 1) + (gradient(d, dx - 1, dy - 1) - gradient(c, dx, dy - 1)) * fadeX;
      const noise = above + (below - above) * fadeY;
      const height = heights[i]!;
      if (octave < 2) heights[i] = height + noise * amplitude;
      else {
        // Ridges on high ground, gentle hills on low ground, a calm sea.
        const rough = Math.min(1, Math.max(0.06, height * 3));
        heights[i] = height + (noise * (1 - rough * 0.5) + (0.32 - Math.abs(noise)) * rough * 0.9) * amplitude * (0.25 + rough);
      }
    }
  }
}

function gradient(hash: number, x: number, y: number): number {
  const first = (hash & 1) === 0 ? x : -x;
  const second = (hash & 2) === 0 ? y : -y;
  return (hash & 4) === 0 ? first + second * 0.5 : first * 0.5 + second;
}

function hash(x: number, y: number, seed: number): number {
  let mixed = Math.imul(x, 374_761_393) + Math.imul(y, 668_265_263) + Math.imul(seed, 1_274_126_177);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 1_274_126_177);
  return (mixed ^ (mixed >>> 16)) >>> 8;
}
