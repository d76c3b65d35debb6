// From values to places on paper, and the round numbers that an axis shows.

export interface Scale {
  (value: number): number;
  readonly ticks: number[];
  readonly end: number;
}

/** A scale from 0 to a round number at or above `largest`, laid on the stretch from `from` to `to`. */
export function linearScale(largest: number, from: number, to: number, wantedTicks = 5): Scale {
  const step = roundStep(largest / wantedTicks);
  return evenScale(Math.max(1, Math.ceil(largest / step - 1e-9)) * step, from, to, Math.max(1, Math.ceil(largest / step - 1e-9)));
}

/** A scale from 0 to `end` exactly, divided in so many stretches. */
export function evenScale(end: number, from: number, to: number, stretches: number): Scale {
  const ticks = Array.from({ length: stretches + 1 }, (_, i) => (i * end) / stretches);
  return Object.assign((value: number) => from + (value / end) * (to - from), { ticks, end });
}

/** A scale that ends where the time ends, with a tick at each round number before. */
export function timeScale(end: number, from: number, to: number): Scale {
  const step = roundStep(end / 10);
  const ticks = Array.from({ length: Math.floor(end / step) + 1 }, (_, i) => i * step);
  return Object.assign((value: number) => from + (value / end) * (to - from), { ticks, end });
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
  for (const i of order.reverse()) {
    moved[i] = Math.min(moved[i]!, most);
    most = moved[i]! - gap;
  }
  return moved;
}
