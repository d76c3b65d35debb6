/**
 * The sized internal formats of WebGL2 and its extensions: what a block weighs, how it is uploaded, and what needs which extension.
 * Drivers pad three channels to four, may keep packed formats of 16 bits as 32, and choose how stencils lie: those are ranges.
 */
import type { Block } from '../size/formats.ts';

/** How texels are kept, which is how they are cleared. */
export type Store = 'float' | 'int' | 'uint' | 'depth' | 'stencil' | 'depth-stencil' | 'compressed';

export interface Format extends Block {
  readonly internalFormat: number;
  readonly name: string;
  readonly store: Store;
  /** Of uploads: the format and type of `texSubImage2D`, and the bytes of a block. */
  readonly format: number;
  readonly type: number;
  readonly upload: number;
  /** Needed to have it at all. */
  readonly extension: string | undefined;
  /** Whether a renderbuffer can be of it: always, with an extension, or never. */
  readonly renderable: boolean | string;
  /** False for what only renderbuffers can be of. */
  readonly texture: boolean;
}

export const FLOAT_32_UNSIGNED_INT_24_8_REV = 0x8dad;
const TYPES = { b: [0x1400, 1], ub: [0x1401, 1], s: [0x1402, 2], us: [0x1403, 2], i: [0x1404, 4], ui: [0x1405, 4], f: [0x1406, 4], hf: [0x140b, 2] } as const;
const CHANNELS = [
  [1, 'R', 0x1903, 0x8d94],
  [2, 'RG', 0x8227, 0x8228],
  [3, 'RGB', 0x1907, 0x8d98],
  [4, 'RGBA', 0x1908, 0x8d99],
] as const;

/** By component: the enums of one, two, three and four channels, the type, and whether a renderbuffer can be of it. */
const PLAIN: readonly (readonly [suffix: string, enums: readonly number[], type: keyof typeof TYPES, store: Store, renderable: boolean | string])[] = [
  ['8', [0x8229, 0x822b, 0x8051, 0x8058], 'ub', 'float', true],
  ['8_SNORM', [0x8f94, 0x8f95, 0x8f96, 0x8f97], 'b', 'float', false],
  ['16F', [0x822d, 0x822f, 0x881b, 0x881a], 'hf', 'float', 'EXT_color_buffer_float'],
  ['32F', [0x822e, 0x8230, 0x8815, 0x8814], 'f', 'float', 'EXT_color_buffer_float'],
  ['8UI', [0x8232, 0x8238, 0x8d7d, 0x8d7c], 'ub', 'uint', true],
  ['8I', [0x8231, 0x8237, 0x8d8f, 0x8d8e], 'b', 'int', true],
  ['16UI', [0x8234, 0x823a, 0x8d77, 0x8d76], 'us', 'uint', true],
  ['16I', [0x8233, 0x8239, 0x8d89, 0x8d88], 's', 'int', true],
  ['32UI', [0x8236, 0x823c, 0x8d71, 0x8d70], 'ui', 'uint', true],
  ['32I', [0x8235, 0x823b, 0x8d83, 0x8d82], 'i', 'int', true],
  ['16_EXT', [0x822a, 0x822c, 0x8054, 0x805b], 'us', 'float', true],
  ['16_SNORM_EXT', [0x8f98, 0x8f99, 0x8f9a, 0x8f9b], 's', 'float', false],
];

/** Name, enum, bytes at least and at most, format, type, bytes of an upload, how it is kept, whether a renderbuffer can be of it. */
const PACKED: readonly (readonly [string, number, number, number, number, number, number, Store, boolean | string])[] = [
  ['SRGB8', 0x8c41, 3, 4, 0x1907, 0x1401, 3, 'float', false],
  ['SRGB8_ALPHA8', 0x8c43, 4, 4, 0x1908, 0x1401, 4, 'float', true],
  ['RGB565', 0x8d62, 2, 4, 0x1907, 0x8363, 2, 'float', true],
  ['RGB5_A1', 0x8057, 2, 4, 0x1908, 0x8034, 2, 'float', true],
  ['RGBA4', 0x8056, 2, 4, 0x1908, 0x8033, 2, 'float', true],
  ['R11F_G11F_B10F', 0x8c3a, 4, 4, 0x1907, 0x8c3b, 4, 'float', 'EXT_color_buffer_float'],
  ['RGB9_E5', 0x8c3d, 4, 4, 0x1907, 0x8c3e, 4, 'float', false],
  ['RGB10_A2', 0x8059, 4, 4, 0x1908, 0x8368, 4, 'float', true],
  ['RGB10_A2UI', 0x906f, 4, 4, 0x8d99, 0x8368, 4, 'uint', true],
  ['DEPTH_COMPONENT16', 0x81a5, 2, 2, 0x1902, 0x1403, 2, 'depth', true],
  ['DEPTH_COMPONENT24', 0x81a6, 4, 4, 0x1902, 0x1405, 4, 'depth', true],
  ['DEPTH_COMPONENT32F', 0x8cac, 4, 4, 0x1902, 0x1406, 4, 'depth', true],
  ['DEPTH24_STENCIL8', 0x88f0, 4, 8, 0x84f9, 0x84fa, 4, 'depth-stencil', true],
  ['DEPTH32F_STENCIL8', 0x8cad, 5, 8, 0x84f9, FLOAT_32_UNSIGNED_INT_24_8_REV, 8, 'depth-stencil', true],
  ['STENCIL_INDEX8', 0x8d48, 1, 4, 0, 0, 1, 'stencil', true],
];

/** By extension: the first enum, and the bytes of the 4 × 4 blocks from there on. */
const FOUR_BY_FOUR: readonly (readonly [extension: string, first: number, bytes: readonly number[]])[] = [
  ['WEBGL_compressed_texture_s3tc', 0x83f0, [8, 8, 16, 16]],
  ['WEBGL_compressed_texture_s3tc_srgb', 0x8c4c, [8, 8, 16, 16]],
  ['EXT_texture_compression_rgtc', 0x8dbb, [8, 8, 16, 16]],
  ['EXT_texture_compression_bptc', 0x8e8c, [16, 16, 16, 16]],
  ['WEBGL_compressed_texture_etc', 0x9270, [8, 8, 16, 16, 8, 8, 8, 8, 16, 16]],
];
const ASTC = '4x4 5x4 5x5 6x5 6x6 8x5 8x6 8x8 10x5 10x6 10x8 10x10 12x10 12x12';

/** All formats by their enum. */
export const FORMATS: ReadonlyMap<number, Format> = new Map([...plain(), ...packed(), ...compressed()].map((format) => [format.internalFormat, format]));

function* plain(): Generator<Format> {
  for (const [suffix, enums, type, store, renderable] of PLAIN) {
    const [typeEnum, bytes] = TYPES[type];
    const isNorm16 = suffix.endsWith('_EXT');
    for (const [index, [count, channels, float, integer]] of CHANNELS.entries()) {
      yield {
        ...{ internalFormat: enums[index] as number, name: `${channels}${suffix}`, store, width: 1, height: 1 },
        ...{ low: bytes * count, high: bytes * (count === 3 ? 4 : count), upload: bytes * count },
        ...{ format: store === 'float' ? float : integer, type: typeEnum, texture: true },
        extension: isNorm16 ? 'EXT_texture_norm16' : undefined,
        // Of three channels, only RGB8 is.
        renderable: count !== 3 || suffix === '8' ? renderable : false,
      };
    }
  }
}

function* packed(): Generator<Format> {
  for (const [name, internalFormat, low, high, format, type, upload, store, renderable] of PACKED) {
    const common = { name, internalFormat, low, high, format, type, upload, store, renderable, width: 1, height: 1, extension: undefined };
    yield { ...common, texture: store !== 'stencil' };
  }
}

function* compressed(): Generator<Format> {
  const common = { store: 'compressed', type: 0, renderable: false, texture: true } as const;
  for (const [extension, first, all] of FOUR_BY_FOUR) {
    for (const [index, bytes] of all.entries()) {
      const internalFormat = first + index;
      const name = `0x${internalFormat.toString(16)} of ${extension}`;
      yield { ...common, name, internalFormat, format: internalFormat, extension, low: bytes, high: bytes, upload: bytes, width: 4, height: 4 };
    }
  }
  for (const [index, sides] of ASTC.split(' ').entries()) {
    const [width, height] = sides.split('x').map(Number) as [number, number];
    for (const internalFormat of [0x93b0 + index, 0x93d0 + index]) {
      const named = { name: `ASTC ${sides}`, internalFormat, format: internalFormat, extension: 'WEBGL_compressed_texture_astc' };
      yield { ...common, ...named, low: 16, high: 16, upload: 16, width, height };
    }
  }
}
