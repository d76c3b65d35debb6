// From values to places on paper, and the round numbers that an axis shows.

export interface Scale {
  (value: number): number;
  readonly ticks: number[];
  readonly end: number;
}

/** A scale from 0 to `end`, with a tick at every `step`. */
export function evenScale(end: number, from: number, to: number, step: number): Scale {
  const ticks = Array.from({ length: Math.round(end / step) + 1 }, (_, i) => i * step);
  return Object.assign((value: number) => from + (value / end) * (to - from), { ticks, end });
}

/** A scale that ends with its values at `end`, whatever that is, with ticks at the round numbers before. */
export function exactScale(end: number, from: number, to: number, wantedTicks: number): Scale {
  const step = roundStep(end / wantedTicks);
  const ticks = Array.from({ length: Math.floor(end / step + 1e-9) + 1 }, (_, i) => i * step);
  return Object.assign((value: number) => from + (value / (end || 1)) * (to - from), { ticks, end });
}

/** The least of 1, 2 and 5, times a power of ten, that is no smaller than `least`. */
function roundStep(least: number): number {
  if (!(least > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5].map((step) => step * power).find((step) => step >= least - 1e-9) ?? 10 * power;
}

/** Moves places apart until neighbours have at least `gap` between them, none leaves the stretch, and their order stays. */
export function spread(places: number[], gap: number, from: number, to: number): number[] {
  const order = places.map((_, i) => i).sort((a, b) => places[a]! - places[b]!);
  const moved = [...places];
  let least = from;
  for (const i of order) {
    moved[i] = Math.max(moved[i]!, least);
    least = moved[i]! + gap;
  }
  let most = to;
  for (const i of order.toReversed()) {
    moved[i] = Math.min(moved[i]!, most);
    most = moved[i]! - gap;
  }
  return moved;
}
