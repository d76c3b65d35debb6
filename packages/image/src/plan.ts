/** What comes out of a decode, and what it takes: planned from the header, before anything is allocated. */
import { about, ImageTooLargeError } from './errors.ts';
import type { OutputShape } from './estimate/peak.ts';
import type { Header } from './estimate/header.ts';
import { bytesOfSample, refused, requireShape, show, type Depth, type Shape } from './pixels/shape.ts';

/** How an image is fitted into a size. */
export interface Resize {
  /** In pixels. With one side alone the other follows. */
  width?: number | undefined;
  height?: number | undefined;
  /** `inside` (default): the whole image, as large as fits; `cover`: it fills the size, and what is too much is cut off (of an image that is smaller, only with `enlarge`); `fill`: it is stretched. */
  fit?: 'inside' | 'cover' | 'fill' | undefined;
  /** True makes a small image larger. Default false. */
  enlarge?: boolean | undefined;
}

/** What is decoded, and to what. */
export interface DecodeShape<D extends Depth = Depth> {
  /** The most pixels that the file may have, all decoded pages together: more is refused with ImageTooLargeError. Default: no limit but the budget. */
  maxPixels?: number | undefined;
  /** 1 (grey), 3 (RGB) or 4 (RGBA, the default). */
  channels?: 1 | 3 | 4 | undefined;
  /** Default 8. */
  depth?: D | undefined;
  /** How many pages or frames, from the first on; they come below each other. Default 1; 'all' for all of them. */
  pages?: number | 'all' | undefined;
  resize?: Resize | undefined;
  /** False leaves the pixels as they are stored; by default they are turned as the EXIF orientation says. */
  orient?: boolean | undefined;
}

/** A decode, planned. */
export interface Plan {
  readonly pages: number;
  readonly shape: Shape;
  readonly output: OutputShape;
  readonly orient: boolean;
  readonly resize: Resize | undefined;
  /** Pixels in the file, of the pages that are decoded: the decoder is held to them. */
  readonly pixels: number;
}

/** Plans a decode, or throws ImageShapeError or ImageTooLargeError. */
export function planDecode(header: Header, options: DecodeShape, name: string | undefined): Plan {
  const { maxPixels = Number.POSITIVE_INFINITY, channels = 4, depth = 8, orient = true, resize } = options;
  // Sharp drops the alpha of grey pixels.
  if ((channels as number) === 2) throw refused('expected `channels` to be 1 (grey), 3 (RGB) or 4 (RGBA), got 2', name);
  if (depth !== 8 && depth !== 16) throw refused(`expected \`depth\` to be 8 or 16, got ${show(depth)}`, name);
  if (typeof maxPixels !== 'number' || !(maxPixels > 0)) throw refused(`expected \`maxPixels\` to be a number above 0, got ${show(maxPixels)}`, name);
  const pages = requirePages(options.pages ?? 1, header.pages, name);
  const pixels = header.width * header.height * pages;
  if (pixels > maxPixels)
    throw new ImageTooLargeError(
      `${name === undefined ? 'The image' : `'${name}'`} has ${header.width} × ${header.height} pixels${pages === 1 ? '' : ` × ${pages} pages`}, more than \`maxPixels\`, ${maxPixels}. Nothing was decoded.`,
      about(name),
    );
  const turned = orient && header.orientation >= 5;
  const whole = turned ? { width: header.height, height: header.width } : { width: header.width, height: header.height };
  const { width, height } = resize === undefined ? whole : fitted(whole, requireResize(resize, name));
  const shape = requireShape({ width, height: height * pages, channels, depth }, name);
  const output = { width, height: height * pages, channels, bytesPerSample: bytesOfSample(depth) };
  return { pages, shape, output, orient, resize, pixels };
}

function requirePages(asked: unknown, has: number, name: string | undefined): number {
  if (asked === 'all') return has;
  if (Number.isSafeInteger(asked) && (asked as number) >= 1) return Math.min(asked as number, has);
  throw refused(`expected \`pages\` to be a whole number from 1 up, or 'all', got ${show(asked)}`, name);
}

export function requireResize(resize: Resize, name: string | undefined): Resize {
  const { width, height, fit = 'inside' } = resize ?? {};
  for (const [side, pixels] of Object.entries({ width, height })) {
    if (pixels !== undefined && (!Number.isSafeInteger(pixels) || pixels < 1))
      throw refused(`expected \`resize.${side}\` to be a whole number of pixels from 1 up, got ${show(pixels)}`, name);
  }
  if (width === undefined && height === undefined) throw refused('expected `resize` to have a `width`, a `height`, or both', name);
  if (fit !== 'inside' && fit !== 'cover' && fit !== 'fill') throw refused(`expected \`resize.fit\` to be 'inside', 'cover' or 'fill', got ${show(fit)}`, name);
  return resize;
}

/** The size that comes out. libvips rounds it up or down by how it gets there, so it is up here. */
export function fitted(
  whole: { width: number; height: number },
  { width, height, fit = 'inside', enlarge = false }: Resize,
): { width: number; height: number } {
  const across = width === undefined ? Number.POSITIVE_INFINITY : width / whole.width;
  const down = height === undefined ? Number.POSITIVE_INFINITY : height / whole.height;
  const most = enlarge ? Number.POSITIVE_INFINITY : 1;
  const scaled = (scale: number): { width: number; height: number } => ({
    width: Math.ceil(whole.width * scale),
    height: Math.ceil(whole.height * scale),
  });
  if (width === undefined || height === undefined || fit === 'inside') return scaled(Math.min(across, down, most));
  if (fit === 'fill') return { width: Math.min(width, enlarge ? width : whole.width), height: Math.min(height, enlarge ? height : whole.height) };
  const cover = scaled(Math.min(Math.max(across, down), most));
  return { width: Math.min(width, cover.width), height: Math.min(height, cover.height) };
}
