/** Finds how a TIFF is cut: a strip is held whole as it is packed, and two rows of tiles as they are unpacked. */
import type { Peek } from '../peek.ts';

const WIDTH = 256;
const HEIGHT = 257;
const COMPRESSION = 259;
const STRIP_BYTES = 279;
const TILE_WIDTH = 322;
const TILE_HEIGHT = 323;
const NOT_PACKED = 1;
/** Rows of two rows of tiles that are counted as strips already. */
const ROWS = 400;
/** Tags of a directory, and strips, that are looked through. */
const MOST_TAGS = 200;
const MOST_STRIPS = 65_536;

interface Tag {
  readonly type: number;
  readonly count: number;
  /** The value, or where the values are. */
  readonly value: number;
}

/** Bytes held for one page, whose pixels are of some bytes; the size of the file for what cannot be told (BigTIFF, and what is broken). */
export async function bufferedByTiff(peek: Peek, bytesPerPixel: number): Promise<number> {
  try {
    return (await cut(peek, bytesPerPixel)) ?? peek.size;
  } catch {
    return peek.size;
  }
}

async function cut(peek: Peek, bytesPerPixel: number): Promise<number | undefined> {
  const head = await peek.read(0, 8);
  const little = head[0] === 0x49;
  const u16 = (bytes: Buffer, at: number): number => (little ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at));
  const u32 = (bytes: Buffer, at: number): number => (little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));
  if (u16(head, 2) !== 42) return undefined;
  const start = u32(head, 4);
  const count = u16(await peek.read(start, 2), 0);
  if (count > MOST_TAGS) return undefined;
  const directory = await peek.read(start + 2, count * 12);
  const tags = new Map<number, Tag>();
  for (let at = 0; at < count * 12; at += 12) {
    const type = u16(directory, at + 2);
    const many = u32(directory, at + 4);
    tags.set(u16(directory, at), { type, count: many, value: type === 3 && many <= 1 ? u16(directory, at + 8) : u32(directory, at + 8) });
  }
  const tileWidth = tags.get(TILE_WIDTH)?.value;
  const tileHeight = tags.get(TILE_HEIGHT)?.value;
  if (tileWidth !== undefined && tileHeight !== undefined) {
    const across = Math.ceil((tags.get(WIDTH)?.value ?? 0) / tileWidth) * tileWidth;
    return Math.max(0, Math.min(2 * tileHeight, tags.get(HEIGHT)?.value ?? Number.POSITIVE_INFINITY) - ROWS) * across * bytesPerPixel;
  }
  if (tags.get(COMPRESSION)?.value === NOT_PACKED) return 0;
  const strips = tags.get(STRIP_BYTES);
  if (strips === undefined || strips.count > MOST_STRIPS) return undefined;
  if (strips.count === 1) return Math.min(strips.value, peek.size);
  const wide = strips.type === 3 ? 2 : 4;
  const lengths = strips.count * wide <= 4 ? directory.subarray(0, 0) : await peek.read(strips.value, strips.count * wide);
  let most = 0;
  for (let at = 0; at < lengths.length; at += wide) most = Math.max(most, wide === 2 ? u16(lengths, at) : u32(lengths, at));
  return lengths.length === strips.count * wide ? Math.min(most, peek.size) : undefined;
}
