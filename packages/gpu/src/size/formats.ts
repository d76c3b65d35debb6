/** The formats of WebGPU (specification of August 2026): bytes and texels of a block. */

/** A block of a format. */
export interface Block {
  readonly width: number;
  readonly height: number;
  /** Bytes of a block: at least, and at most where the driver chooses. */
  readonly low: number;
  readonly high: number;
}

const UNCOMPRESSED: readonly (readonly [low: number, high: number, names: string])[] = [
  [1, 1, 'r8unorm r8snorm r8uint r8sint'],
  [1, 4, 'stencil8'],
  [2, 2, 'r16unorm r16snorm r16uint r16sint r16float rg8unorm rg8snorm rg8uint rg8sint depth16unorm'],
  [
    4,
    4,
    'r32uint r32sint r32float rg16unorm rg16snorm rg16uint rg16sint rg16float rgba8unorm rgba8unorm-srgb rgba8snorm rgba8uint rgba8sint ' +
      'bgra8unorm bgra8unorm-srgb rgb9e5ufloat rgb10a2uint rgb10a2unorm rg11b10ufloat depth24plus depth32float',
  ],
  [4, 8, 'depth24plus-stencil8'],
  [5, 8, 'depth32float-stencil8'],
  [8, 8, 'rg32uint rg32sint rg32float rgba16unorm rgba16snorm rgba16uint rgba16sint rgba16float'],
  [16, 16, 'rgba32uint rgba32sint rgba32float'],
];

const FOUR_BY_FOUR: readonly (readonly [bytes: number, names: string])[] = [
  [
    8,
    'bc1-rgba-unorm bc1-rgba-unorm-srgb bc4-r-unorm bc4-r-snorm etc2-rgb8unorm etc2-rgb8unorm-srgb etc2-rgb8a1unorm etc2-rgb8a1unorm-srgb eac-r11unorm eac-r11snorm',
  ],
  [
    16,
    'bc2-rgba-unorm bc2-rgba-unorm-srgb bc3-rgba-unorm bc3-rgba-unorm-srgb bc5-rg-unorm bc5-rg-snorm bc6h-rgb-ufloat bc6h-rgb-float bc7-rgba-unorm bc7-rgba-unorm-srgb ' +
      'etc2-rgba8unorm etc2-rgba8unorm-srgb eac-rg11unorm eac-rg11snorm',
  ],
];

const ASTC = '4x4 5x4 5x5 6x5 6x6 8x5 8x6 8x8 10x5 10x6 10x8 10x10 12x10 12x12';

/** All formats by name. */
export const FORMATS: ReadonlyMap<string, Block> = new Map(all());

function* all(): Generator<[string, Block]> {
  for (const [low, high, names] of UNCOMPRESSED) for (const name of names.split(' ')) yield [name, { width: 1, height: 1, low, high }];
  for (const [bytes, names] of FOUR_BY_FOUR) for (const name of names.split(' ')) yield [name, { width: 4, height: 4, low: bytes, high: bytes }];
  for (const size of ASTC.split(' ')) {
    const [width, height] = size.split('x').map(Number) as [number, number];
    for (const name of [`astc-${size}-unorm`, `astc-${size}-unorm-srgb`]) yield [name, { width, height, low: 16, high: 16 }];
  }
}

/** The block of a format, or of one aspect of it. Of formats that have two, only one is copied at a time. */
export function blockOf(format: string, aspect: 'all' | 'depth-only' | 'stencil-only'): Block {
  const block = FORMATS.get(format) as Block;
  const bytes = aspect === 'stencil-only' ? 1 : format.startsWith('depth16') ? 2 : 4;
  return aspect === 'all' ? block : { ...block, low: bytes, high: bytes };
}
