/** Uploads that the device would refuse, refused at the call: it tells only its `uncapturederror` event, and half an upload is done by then. */
import { blockOf } from '../size/formats.ts';
import { mipSize, sizeOf, type Size } from '../size/texture-bytes.ts';
import type { Described, TextureUpload } from './uploads.ts';

const TEXTURE_COPY_DST = 0x02;
const BUFFER_COPY_DST = 0x08;

/** Where an upload begins, and what it covers. */
export interface Place {
  readonly x: number;
  readonly y: number;
  readonly z: number;
  readonly size: Size;
}

/** Throws TypeError or RangeError for an upload that cannot be. */
export function requireTextureUpload(
  texture: Described,
  { mipLevel = 0, aspect = 'all', origin = [0, 0, 0], data, layout = {}, size: asked }: TextureUpload,
): Place {
  const { format, usage, dimension, mipLevelCount, sampleCount } = texture;
  if ((usage & TEXTURE_COPY_DST) === 0) throw new TypeError('The texture cannot be written to: create it with the usage COPY_DST');
  if (sampleCount !== 1) throw new TypeError('A multisampled texture cannot be written to');
  if (/^depth.*stencil/.test(format) && aspect === 'all') throw new TypeError(`'${format}' is written one aspect at a time: say \`aspect: 'stencil-only'\``);
  requireWhole('mipLevel', mipLevel, mipLevelCount - 1);
  const level = mipSize(texture, mipLevel, dimension);
  const [x = 0, y = 0, z = 0] = Array.isArray(origin)
    ? (origin as readonly number[])
    : [(origin as { x?: number }).x, (origin as { y?: number }).y, (origin as { z?: number }).z];
  const block = blockOf(format, aspect);
  // Levels of compressed formats go on in whole blocks.
  const width = Math.ceil(level.width / block.width) * block.width;
  const height = Math.ceil(level.height / block.height) * block.height;
  requireWhole('origin.x', x, width);
  requireWhole('origin.y', y, height);
  requireWhole('origin.z', z, level.depthOrArrayLayers);
  const size = asked === undefined ? level : sizeOf(asked);
  requireWhole('size.width', size.width, width - x);
  requireWhole('size.height', size.height, height - y);
  requireWhole('size.depthOrArrayLayers', size.depthOrArrayLayers, level.depthOrArrayLayers - z);
  const [row, rows] = [Math.ceil(size.width / block.width) * block.low, Math.ceil(size.height / block.height)];
  const { offset = 0, bytesPerRow = row, rowsPerImage = rows } = layout;
  if (bytesPerRow < row || rowsPerImage < rows)
    throw new RangeError(`A row has ${row} bytes and an image ${rows} rows: \`bytesPerRow\` is ${bytesPerRow}, \`rowsPerImage\` ${rowsPerImage}`);
  const isEmpty = row === 0 || rows === 0 || size.depthOrArrayLayers === 0;
  const last = isEmpty ? offset : offset + bytesPerRow * (rowsPerImage * (size.depthOrArrayLayers - 1) + rows - 1) + row;
  if (data.byteLength < last) throw new RangeError(`\`data\` has ${data.byteLength} bytes, the upload needs ${last}`);
  return { x, y, z, size };
}

/** Throws TypeError or RangeError for an upload that cannot be. */
export function requireBufferUpload({ usage, size }: { readonly usage: number; readonly size: number }, offset: number, bytes: number): void {
  if ((usage & BUFFER_COPY_DST) === 0) throw new TypeError('The buffer cannot be written to: create it with the usage COPY_DST');
  if (offset % 4 !== 0 || bytes % 4 !== 0)
    throw new RangeError(`Buffers are written in words of 4 bytes: \`offset\` is ${offset}, \`data\` has ${bytes} bytes`);
  requireWhole('offset', offset, size);
  if (offset + bytes > size) throw new RangeError(`\`data\` has ${bytes} bytes, and the buffer ${size - offset} from \`offset\` on`);
}

function requireWhole(name: string, value: unknown, most: number): void {
  if (!Number.isSafeInteger(value) || (value as number) < 0 || (value as number) > most)
    throw new RangeError(`Expected \`${name}\` to be a whole number from 0 to ${most}, got ${String(value)}`);
}
