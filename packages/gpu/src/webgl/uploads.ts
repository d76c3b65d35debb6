/** Uploads as pieces that fit the share of staging. The unpack parameters of the context do not apply to arrays, and are kept. */
import type { Piece } from '../heap/staging.ts';
import { cutsOf, type Cut, type DataLayout } from '../size/cuts.ts';
import { sizeOf, type Size } from '../size/extent.ts';
import type { Extent } from '../types.ts';
import { levelSize } from './bytes.ts';
import { GL } from './enums.ts';
import { FLOAT_32_UNSIGNED_INT_24_8_REV } from './formats.ts';
import type { WebGLBufferHandle, WebGLTextureHandle } from './handles.ts';
import type { GlObject, GlTextureObject } from './objects.ts';
import { withCopyBuffer, withoutUnpackBuffer, withTexture, withUnpack } from './state.ts';
import { viewOf } from './views.ts';

/** An upload to a texture. */
export interface TextureUpload {
  readonly texture: WebGLTextureHandle;
  /** Default 0. */
  readonly level?: number | undefined;
  /** Of the texel where it begins: x, y, and layer, face or depth. */
  readonly origin?: readonly number[] | undefined;
  /** In texels. Default: the whole level; of a picture, one layer of it. */
  readonly size?: Extent | undefined;
  /**
   * The bytes, in the format's own layout, whatever array they come in; or a picture (ImageBitmap, canvas, video …), which the browser
   * turns into the format, by UNPACK_FLIP_Y_WEBGL and the like as the app has set them.
   */
  readonly data: ArrayBufferView | ArrayBuffer | object;
  /** Of bytes. Default: rows without gaps. */
  readonly layout?: DataLayout | undefined;
}

/** An upload to a buffer, in bytes. */
export interface BufferUpload {
  readonly buffer: WebGLBufferHandle;
  /** Where in the buffer it begins. */
  readonly offset?: number | undefined;
  readonly data: ArrayBufferView | ArrayBuffer;
}

/** Throws where the object is of a context that was lost. */
type RequireAlive = (object: GlObject) => void;

/** Throws RangeError or TypeError for what WebGL would refuse, before anything is written. */
export function texturePieces(object: GlTextureObject, upload: TextureUpload, alive: RequireAlive, most: number): Iterator<Piece> {
  const { format, size: whole, levels, target } = object.known;
  const { level = 0, origin = [], data, layout = {} } = upload;
  if (!(Number.isInteger(level) && level >= 0 && level < levels)) throw new RangeError(`Expected \`level\` to be a whole number below ${levels}, got ${level}`);
  const isBytes = ArrayBuffer.isView(data) || data instanceof ArrayBuffer;
  const room = levelSize(whole, level, target);
  const size = upload.size === undefined ? (isBytes ? room : { ...room, depthOrArrayLayers: 1 }) : sizeOf(upload.size);
  const [x = 0, y = 0, z = 0] = origin;
  requireWithin([x, y, z], size, room);
  const place = { object, level, x, y, z };
  if (!isBytes) {
    if (format.store === 'compressed') throw new TypeError(`A picture cannot be uploaded to a texture of ${format.name}`);
    const bytes = Math.min(most, size.width * size.height * size.depthOrArrayLayers * format.upload);
    return [{ bytes, write: () => writePicture(place, size, data, alive) }].values();
  }
  if (format.type === FLOAT_32_UNSIGNED_INT_24_8_REV) throw new TypeError(`WebGL has no uploads of arrays to textures of ${format.name}`);
  requireBlocks([x, y], size, room, format);
  const block = { width: format.width, height: format.height, low: format.upload, high: format.upload };
  const last = lastByte(size, block, layout);
  if (last > data.byteLength) throw new RangeError(`\`data\` has ${data.byteLength} bytes, the upload needs ${last}`);
  const { bytesPerRow = 0 } = layout;
  if (bytesPerRow % format.upload !== 0) throw new RangeError(`Expected \`bytesPerRow\` to be a multiple of ${format.upload}, got ${bytesPerRow}`);
  if (format.store === 'compressed' && bytesPerRow !== 0) throw new RangeError('Rows of compressed textures have no gaps in WebGL: leave `bytesPerRow` out');
  return piecesOf(place, cutsOf(size, block, layout, most, false), data, alive);
}

function* piecesOf(place: Place, cuts: Iterable<Cut>, data: ArrayBufferView | ArrayBuffer, alive: RequireAlive): Generator<Piece> {
  for (const cut of cuts) yield { bytes: cut.bytes, write: () => writeCut(place, cut, data, alive) };
}

interface Place {
  readonly object: GlTextureObject;
  readonly level: number;
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

function writeCut({ object, level, x, y, z }: Place, { y: down, z: in_, size, layout }: Cut, data: ArrayBufferView | ArrayBuffer, alive: RequireAlive): void {
  alive(object);
  const { gl } = object.context;
  const { target, format } = object.known;
  const isCompressed = format.store === 'compressed';
  const { width, height, depthOrArrayLayers: layers } = size;
  const rowLength = isCompressed ? 0 : layout.bytesPerRow / format.upload;
  const isFlat = target === GL.TEXTURE_2D || target === GL.TEXTURE_CUBE_MAP;
  const rows = Math.ceil(height / format.height);
  const rowBytes = Math.ceil(width / format.width) * format.upload;
  const write = (layer: number, count: number): void => {
    const offset = layout.offset + layer * layout.rowsPerImage * layout.bytesPerRow;
    const view = viewOf(data, offset, ((count - 1) * layout.rowsPerImage + rows - 1) * layout.bytesPerRow + rowBytes, format.type);
    const face = target === GL.TEXTURE_CUBE_MAP ? GL.TEXTURE_CUBE_MAP_POSITIVE_X + z + in_ + layer : target;
    const at = [face, level, x, y + down] as const;
    if (isCompressed && isFlat) gl.compressedTexSubImage2D(...at, width, height, format.format, view);
    else if (isCompressed) gl.compressedTexSubImage3D(...at, z + in_ + layer, width, height, count, format.format, view);
    else if (isFlat) gl.texSubImage2D(...at, width, height, format.format, format.type, view, 0);
    else gl.texSubImage3D(...at, z + in_ + layer, width, height, count, format.format, format.type, view, 0);
  };
  withTexture(gl, target, object.raw, () =>
    withUnpack(gl, null, [rowLength, isFlat || isCompressed ? 0 : layout.rowsPerImage], () => {
      // Compressed layers have no gaps to tell WebGL of, so they go one by one.
      if (isFlat || isCompressed) for (let layer = 0; layer < layers; layer++) write(layer, 1);
      else write(0, layers);
    }),
  );
}

function writePicture({ object, level, x, y, z }: Place, { width, height, depthOrArrayLayers }: Size, picture: object, alive: RequireAlive): void {
  alive(object);
  const { gl } = object.context;
  const { target, format } = object.known;
  withTexture(gl, target, object.raw, () =>
    withoutUnpackBuffer(gl, () => {
      const [what, type] = [format.format, format.type];
      if (target === GL.TEXTURE_2D) gl.texSubImage2D(target, level, x, y, width, height, what, type, picture);
      else if (target === GL.TEXTURE_CUBE_MAP) gl.texSubImage2D(GL.TEXTURE_CUBE_MAP_POSITIVE_X + z, level, x, y, width, height, what, type, picture);
      else gl.texSubImage3D(target, level, x, y, z, width, height, depthOrArrayLayers, what, type, picture);
    }),
  );
}

/** Throws RangeError for what does not fit the buffer, which has `room` bytes. */
export function bufferPieces(object: GlObject, room: number, { offset = 0, data }: BufferUpload, alive: RequireAlive, most: number): Iterator<Piece> {
  const bytes = ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);
  if (!(Number.isInteger(offset) && offset >= 0 && offset + bytes.byteLength <= room))
    throw new RangeError(`${bytes.byteLength} bytes at ${offset} do not fit a buffer of ${room}`);
  return bufferParts(object, offset, bytes, alive, most);
}

function* bufferParts(object: GlObject, offset: number, bytes: Uint8Array, alive: RequireAlive, most: number): Generator<Piece> {
  const { gl } = object.context;
  for (let at = 0; at < bytes.byteLength; at += most) {
    const part = bytes.subarray(at, at + most);
    const write = (): void => {
      alive(object);
      withCopyBuffer(gl, object.raw, () => gl.bufferSubData(GL.COPY_WRITE_BUFFER, offset + at, part));
    };
    yield { bytes: part.byteLength, write };
  }
}

function requireWithin(origin: readonly [number, number, number], size: Size, room: Size): void {
  const sides = [size.width, size.height, size.depthOrArrayLayers] as const;
  const rooms = [room.width, room.height, room.depthOrArrayLayers] as const;
  for (const [axis, side] of sides.entries()) {
    const at = origin[axis] as number;
    if (!(Number.isInteger(at) && at >= 0 && Number.isInteger(side) && side >= 1 && at + side <= (rooms[axis] as number)))
      throw new RangeError(`An upload of ${sides.join(' × ')} texels at (${origin.join(', ')}) is not within the level's ${rooms.join(' × ')}`);
  }
}

/** A part of a compressed level begins and ends with blocks, or with the level. */
function requireBlocks(
  [x, y]: readonly [number, number],
  size: Size,
  room: Size,
  { width, height, name }: { width: number; height: number; name: string },
): void {
  const isWhole = (at: number, side: number, step: number, end: number): boolean => at % step === 0 && (side % step === 0 || at + side === end);
  if (!isWhole(x, size.width, width, room.width) || !isWhole(y, size.height, height, room.height))
    throw new RangeError(`An upload of ${size.width} × ${size.height} texels at (${x}, ${y}) is of no whole blocks of ${name}`);
}

function lastByte(size: Size, block: { width: number; height: number; low: number }, { offset = 0, ...layout }: DataLayout): number {
  const rows = Math.ceil(size.height / block.height);
  const rowBytes = Math.ceil(size.width / block.width) * block.low;
  const { bytesPerRow = rowBytes, rowsPerImage = rows } = layout;
  if (!(bytesPerRow >= rowBytes && rowsPerImage >= rows && Number.isInteger(offset) && offset >= 0))
    throw new RangeError(`Expected a layout with rows of ${rowBytes} bytes and images of ${rows} rows at least`);
  return offset + ((size.depthOrArrayLayers - 1) * rowsPerImage + rows - 1) * bytesPerRow + rowBytes;
}
