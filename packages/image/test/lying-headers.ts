/** Files whose header says less than there is, or more: patched where each format keeps its size. */
import { crc32, deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import { pathOf } from './photographs.ts';

export interface Lie {
  readonly name: string;
  readonly make: () => Promise<Uint8Array>;
  readonly options?: object;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

const SMALL: Size = { width: 60, height: 40 };
const LARGE: Size = { width: 4_000, height: 3_000 };
/** Fits the budget, as it is said. */
const SAID: Size = { width: 2_000, height: 1_500 };

function picture({ width, height }: Size): Sharp {
  return sharp(pathOf('black-canyon')).resize(width, height, { fit: 'fill' });
}

function png(file: Buffer, { width, height }: Size): Buffer {
  file.writeUInt32BE(width, 16);
  file.writeUInt32BE(height, 20);
  file.writeUInt32BE(checksum(file.subarray(12, 29)), 29);
  return file;
}

function checksum(bytes: Buffer): number {
  // Node 20.14 and earlier have no crc32.
  if (crc32 !== undefined) return crc32(bytes);
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = (sum >>> 1) ^ (sum & 1 ? 0xedb88320 : 0);
  }
  return (sum ^ 0xffffffff) >>> 0;
}

function chunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), data]);
  const made = Buffer.alloc(body.length + 8);
  made.writeUInt32BE(data.length, 0);
  body.copy(made, 4);
  made.writeUInt32BE(checksum(body), body.length + 4);
  return made;
}

/** Black or white pixels, all black: a few bytes for each thousand rows. */
export function blackPng({ width, height }: Size, interlaced = false): Buffer {
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, interlaced ? 1 : 0]);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  const rows = deflateSync(Buffer.alloc((Math.ceil(width / 8) + 1) * height), { level: 9 });
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), chunk('IHDR', header), chunk('IDAT', rows), chunk('IEND', Buffer.alloc(0))]);
}

function jpeg(file: Buffer, { width, height }: Size): Buffer {
  for (let at = 2; at < file.length; at += 2 + file.readUInt16BE(at + 2)) {
    const marker = file[at + 1] as number;
    if (marker !== 0xc0 && marker !== 0xc2) continue;
    file.writeUInt16BE(height, at + 5);
    file.writeUInt16BE(width, at + 7);
    return file;
  }
  throw new Error('no frame');
}

function gif(file: Buffer, { width, height }: Size): Buffer {
  file.writeUInt16LE(width, 6);
  file.writeUInt16LE(height, 8);
  return file;
}

/** The canvas; its frames stay as they are. */
function webp(file: Buffer, { width, height }: Size): Buffer {
  if (file.toString('latin1', 12, 16) !== 'VP8X') throw new Error('no canvas');
  file.writeUIntLE(width - 1, 24, 3);
  file.writeUIntLE(height - 1, 27, 3);
  return file;
}

/** What the container says; the sequence header within the data stays as it is. */
function avif(file: Buffer, { width, height }: Size): Buffer {
  let at = -1;
  while ((at = file.indexOf('ispe', at + 1)) >= 0) {
    file.writeUInt32BE(width, at + 8);
    file.writeUInt32BE(height, at + 12);
  }
  return file;
}

const WIDTH = 256;
const HEIGHT = 257;
const TILE_WIDTH = 322;
const TILE_HEIGHT = 323;

function tiff(file: Buffer, values: Readonly<Record<number, number>>): Buffer {
  const start = file.readUInt32LE(4);
  for (let entry = 0; entry < file.readUInt16LE(start); entry++) {
    const at = start + 2 + entry * 12;
    const value = values[file.readUInt16LE(at)];
    if (value === undefined) continue;
    file.writeUInt16LE(4, at + 2);
    file.writeUInt32LE(value, at + 8);
  }
  return file;
}

const sides = ({ width, height }: Size): Record<number, number> => ({ [WIDTH]: width, [HEIGHT]: height });
const svg =
  (text: string): Lie['make'] =>
  () =>
    Promise.resolve(new TextEncoder().encode(text));
const SVG = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"';
const bomb = (encoding: BufferEncoding = 'base64'): string => blackPng({ width: 16_000, height: 16_000 }).toString(encoding);
const percent = (hex: string): string => hex.replace(/../g, '%$&');
const SIDES = 'width="1200" height="1200"';
const LEVELS = 40;
const levels = (make: (level: number) => string): string => Array.from({ length: LEVELS }, (_, level) => make(level)).join('');
const nested = (group: string): string => `${`${group}<rect ${SIDES}/>`.repeat(LEVELS)}${'</g>'.repeat(LEVELS)}`;

type Patch = (file: Buffer, said: Size) => Buffer;
type Write = (image: Sharp) => Sharp;

const patched = (name: string, write: Write, patch: Patch, options?: object): Lie[] => [
  { name: `${name} that says less`, make: async () => patch(await write(picture(LARGE)).toBuffer(), SMALL), ...(options && { options }) },
  { name: `${name} that says more`, make: async () => patch(await write(picture(SMALL)).toBuffer(), SAID), ...(options && { options }) },
];

const profile = (image: Sharp): Sharp => image.withIccProfile('p3');

export const lies: readonly Lie[] = [
  ...patched('PNG', (image) => image.png({ compressionLevel: 1 }), png),
  ...patched('interlaced PNG', (image) => image.png({ compressionLevel: 1, progressive: true }), png),
  ...patched('JPEG', (image) => image.jpeg(), jpeg),
  ...patched('progressive JPEG', (image) => image.jpeg({ progressive: true }), jpeg),
  ...patched('GIF', (image) => image.gif({ effort: 1 }), gif),
  ...patched('WebP', (image) => profile(image).webp({ effort: 0 }), webp),
  ...patched('lossless WebP', (image) => profile(image).webp({ effort: 0, lossless: true }), webp),
  ...patched(
    'TIFF',
    (image) => image.tiff({ compression: 'lzw' }),
    (file, said) => tiff(file, sides(said)),
  ),
  ...patched(
    'tiled TIFF',
    (image) => image.tiff({ compression: 'lzw', tile: true, tileWidth: 16, tileHeight: 16 }),
    (file, said) => tiff(file, sides(said)),
  ),
  ...patched('AVIF', (image) => image.avif({ effort: 0 }), avif),
  {
    name: 'TIFF with tiles much larger than it',
    make: async () =>
      tiff(await picture(SMALL).tiff({ compression: 'lzw', tile: true, tileWidth: 16, tileHeight: 16 }).toBuffer(), {
        [TILE_WIDTH]: 16_384,
        [TILE_HEIGHT]: 16_384,
      }),
  },
  { name: 'PNG of 16,000 × 16,000 in 31 KB', make: () => Promise.resolve(blackPng({ width: 16_000, height: 16_000 })) },
  {
    name: 'PNG of 16,000 × 16,000, interlaced, made small',
    make: () => Promise.resolve(blackPng({ width: 16_000, height: 16_000 }, true)),
    options: { resize: { width: 100 } },
  },
  { name: 'SVG of 50,000 × 50,000', make: svg(`<svg ${SVG} width="50000" height="50000"><rect width="9" height="9"/></svg>`) },
  {
    name: 'SVG with a PNG of 16,000 × 16,000 within',
    make: () => svg(`<svg ${SVG} width="90" height="90"><image width="90" height="90" href="data:image/png;base64,${bomb()}"/></svg>`)(),
  },
  {
    name: 'SVG with a PNG within, its reference written by entities',
    make: () => svg(`<svg ${SVG} width="90" height="90"><image width="90" height="90" xlink:href="d&#97;ta:image/png;base64,${bomb()}"/></svg>`)(),
  },
  {
    name: 'SVG with a PNG within, its reference in an entity of its own',
    make: () =>
      svg(
        `<!DOCTYPE svg [<!ENTITY p "data:image/png;base64,${bomb()}">]><svg ${SVG} width="90" height="90"><image width="90" height="90" href="&p;"/></svg>`,
      )(),
  },
  {
    name: 'SVG with a PNG within, percent by percent',
    make: () => svg(`<svg ${SVG} width="90" height="90"><image width="90" height="90" href="data:image/png,${percent(bomb('hex'))}"/></svg>`)(),
  },
  { name: 'SVG with groups within groups', make: svg(`<svg ${SVG} ${SIDES}>${nested('<g opacity=".9">')}</svg>`) },
  {
    name: 'SVG with a filter of many steps',
    make: svg(
      `<svg ${SVG} ${SIDES}><filter id="f">${levels((level) => `<feFlood result="r${level}"/>`)}<feMerge>${levels((level) => `<feMergeNode in="r${level}"/>`)}</feMerge></filter><rect ${SIDES} filter="url(#f)"/></svg>`,
    ),
  },
  { name: 'SVG with effects by a style sheet', make: svg(`<svg ${SVG} ${SIDES}><style>g{opacity:.9}</style>${nested('<g>')}</svg>`) },
  { name: 'SVG with effects by a style sheet, in escapes', make: svg(`<svg ${SVG} ${SIDES}><style>g{o\\70 acity:.9}</style>${nested('<g>')}</svg>`) },
  { name: 'SVG with effects by styles, in entities', make: svg(`<svg ${SVG} ${SIDES}>${nested('<g style="&#111;pacity:.9">')}</svg>`) },
  {
    name: 'SVG with groups used within groups',
    make: svg(
      `<svg ${SVG} ${SIDES}><defs><g id="g0"/>${levels((level) => `<g id="g${level + 1}" opacity=".9"><rect ${SIDES}/><use xlink:href="#g${level}"/></g>`)}</defs><use xlink:href="#g${LEVELS}"/></svg>`,
    ),
  },
];

/** Small ones of each format that say what is true. */
export const honest: readonly Lie['make'][] = [
  ...(['png', 'jpeg', 'gif', 'webp', 'tiff', 'avif'] as const).map((format) => () => picture(SMALL).toFormat(format).toBuffer()),
  svg(`<svg ${SVG} width="60" height="40"><rect width="30" height="20" opacity=".5"/></svg>`),
];
