/** Finds how a TIFF is cut: a strip or tile is held as it is packed, and two rows of tiles as they are unpacked. */
import type { Peek } from '../peek.ts';

const HEIGHT = 257;
const WIDTH = 256;
const COMPRESSION = 259;
const STRIP_BYTES = 279;
const TILE_WIDTH = 322;
const TILE_HEIGHT = 323;
const TILE_BYTES = 325;
const NOT_PACKED = 1;
const SHORT = 3;
/** Rows of two rows of tiles that are counted as strips already. */
const ROWS = 400;
/** Pages, tags of a page, and strips or tiles, that are looked through. */
const MOST_PAGES = 256;
const MOST_TAGS = 200;
const MOST_PIECES = 65_536;

interface Tag {
  readonly type: number;
  readonly count: number;
  /** The value, or where the values are. */
  readonly value: number;
}

interface Reader {
  readonly peek: Peek;
  u16(bytes: Buffer, at: number): number;
  u32(bytes: Buffer, at: number): number;
}

/** Bytes held for the page that takes the most; with the size of the file for what cannot be told (BigTIFF, and what is broken). */
export async function bufferedByTiff(peek: Peek, bytesPerPixel: number): Promise<number> {
  try {
    return (await mostOfPages(peek, bytesPerPixel)) ?? peek.size;
  } catch {
    return peek.size;
  }
}

async function mostOfPages(peek: Peek, bytesPerPixel: number): Promise<number | undefined> {
  const head = await peek.read(0, 8);
  const little = head[0] === 0x49;
  const reader: Reader = {
    peek,
    u16: (bytes, at) => (little ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at)),
    u32: (bytes, at) => (little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at)),
  };
  if (reader.u16(head, 2) !== 42) return undefined;
  let most = 0;
  let start = reader.u32(head, 4);
  for (let page = 0; start !== 0; page++) {
    const count = reader.u16(await peek.read(start, 2), 0);
    if (page === MOST_PAGES || count > MOST_TAGS) return undefined;
    const directory = await peek.read(start + 2, count * 12 + 4);
    most = Math.max(most, await heldForPage(reader, tagsOf(reader, directory, count), bytesPerPixel));
    start = reader.u32(directory, count * 12);
  }
  return most;
}

function tagsOf({ u16, u32 }: Reader, directory: Buffer, count: number): Map<number, Tag> {
  const tags = new Map<number, Tag>();
  for (let at = 0; at < count * 12; at += 12) {
    const type = u16(directory, at + 2);
    const many = u32(directory, at + 4);
    tags.set(u16(directory, at), { type, count: many, value: type === SHORT && many <= 1 ? u16(directory, at + 8) : u32(directory, at + 8) });
  }
  return tags;
}

async function heldForPage(reader: Reader, tags: Map<number, Tag>, bytesPerPixel: number): Promise<number> {
  const value = (tag: number): number => tags.get(tag)?.value ?? 0;
  const [across, down] = [value(TILE_WIDTH), value(TILE_HEIGHT)];
  const packed = value(COMPRESSION) === NOT_PACKED ? 0 : await largestPiece(reader, tags.get(STRIP_BYTES) ?? tags.get(TILE_BYTES));
  if (across === 0) return packed;
  const rows = Math.max(0, Math.min(2 * down, value(HEIGHT)) - ROWS);
  return packed + rows * Math.ceil(value(WIDTH) / across) * across * bytesPerPixel;
}

/** Bytes of the largest strip or tile, as it is packed. */
async function largestPiece({ peek, u16, u32 }: Reader, lengths: Tag | undefined): Promise<number> {
  if (lengths === undefined || lengths.count > MOST_PIECES) return peek.size;
  if (lengths.count === 1) return Math.min(lengths.value, peek.size);
  const wide = lengths.type === SHORT ? 2 : 4;
  const bytes = lengths.count * wide;
  // Two short ones stand where otherwise the place is: too small to matter.
  if (bytes <= 4) return 2 ** 16;
  const table = await peek.read(lengths.value, bytes);
  let most = table.length < bytes ? peek.size : 0;
  for (let at = 0; at + wide <= table.length; at += wide) most = Math.max(most, wide === 2 ? u16(table, at) : u32(table, at));
  return Math.min(most, peek.size);
}
