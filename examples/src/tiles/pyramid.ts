// The map as a pyramid of square tiles: at level 0 a texel is a unit of the map, at each further level it is twice as wide.

/** Of one side of the map, in units. */
export const WORLD = 65_536;

/** A tile's place. */
export interface Place {
  readonly level: number;
  readonly x: number;
  readonly y: number;
}

/** What is looked at: the unit of the map in the middle, and pixels a unit. */
export interface View {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
  /** In pixels of the screen. */
  readonly width: number;
  readonly height: number;
}

/** A rectangle of the map. */
export interface Area {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export const keyOf = ({ level, x, y }: Place): string => `${level}/${x}/${y}`;

/** The level that is one tile. */
export const topLevel = (side: number): number => Math.log2(WORLD / side);

export function areaOf({ level, x, y }: Place, side: number): Area {
  const units = side * 2 ** level;
  return { left: x * units, top: y * units, right: (x + 1) * units, bottom: (y + 1) * units };
}

export function areaSeen({ x, y, scale, width, height }: View): Area {
  const [across, down] = [width / scale / 2, height / scale / 2];
  return { left: x - across, top: y - down, right: x + across, bottom: y + down };
}

export function overlap(a: Area, b: Area): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

/** The tiles of a level that are in view, the middle first. */
export function tilesSeen(view: View, level: number, side: number): Place[] {
  const units = side * 2 ** level;
  const last = WORLD / units - 1;
  const clamped = (unit: number): number => Math.min(last, Math.max(0, Math.floor(unit / units)));
  const { left, top, right, bottom } = areaSeen(view);
  const places: Place[] = [];
  for (let y = clamped(top); y <= clamped(bottom - 1e-6); y++) {
    for (let x = clamped(left); x <= clamped(right - 1e-6); x++) places.push({ level, x, y });
  }
  const distance = (place: Place): number => Math.hypot((place.x + 0.5) * units - view.x, (place.y + 0.5) * units - view.y);
  return places.sort((a, b) => distance(a) - distance(b));
}

/**
 * What a view wants, in the order in which it should come: a coarse picture of all of it first, then the tiles as fine as the screen
 * shows them. Never more than `most`: where the budget is small for the screen, tiles are coarser.
 */
export function tilesWanted(view: View, side: number, most: number): Place[] {
  const top = topLevel(side);
  let level = Math.min(top, Math.max(0, Math.round(-Math.log2(view.scale))));
  for (; level <= top; level++) {
    const coarse = level + 2 < top ? tilesSeen(view, level + 2, side) : [];
    const wanted = [...(level < top ? tilesSeen(view, top, side) : []), ...coarse, ...tilesSeen(view, level, side)];
    if (wanted.length <= most || level === top) return wanted;
  }
  return [];
}
