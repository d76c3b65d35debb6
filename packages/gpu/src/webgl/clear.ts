/**
 * Clears what a former owner left, to what browsers give as new: zero, and a depth of one. Textures are filled from a buffer of zeros,
 * which any colour format can be; depths and renderbuffers are drawn to.
 */
import { levelSize } from './bytes.ts';
import type { Context } from './context.ts';
import { GL } from './enums.ts';
import type { Store } from './formats.ts';
import type { GlBufferObject, GlRenderbufferObject, GlTextureObject } from './objects.ts';
import { withAllOfFramebuffer, withCopyBuffer, withTexture, withUnpack } from './state.ts';
import type { GlShape } from './types.ts';

/** At least the longest row that a texture has, which is 32,768 texels of 16 bytes. */
const ZEROS = 512 * 1_024;
/** Made once for a life of a context, on the GPU. */
const zeros = new WeakMap<Context, object>();
const NOTHING = new Uint8Array(64 * 1_024);

function zerosOf(context: Context): object {
  const { gl } = context;
  let buffer = zeros.get(context);
  if (buffer === undefined) {
    buffer = gl.createBuffer() as object;
    withCopyBuffer(gl, buffer, () => gl.bufferData(GL.COPY_WRITE_BUFFER, ZEROS, GL.STATIC_DRAW));
    zeros.set(context, buffer);
  }
  return buffer;
}

export function clearTexture(texture: GlTextureObject): void {
  if (texture.known.format.store.startsWith('depth')) clearDepthTexture(texture);
  else fillTexture(texture);
}

function fillTexture({ context, raw, known }: GlTextureObject): void {
  const { gl } = context;
  const { target, format } = known;
  const fill = (): void => {
    for (const { level, layer, width, height } of imagesOf(known)) {
      const rows = Math.ceil(height / format.height);
      const rowBytes = Math.ceil(width / format.width) * format.upload;
      const atOnce = Math.max(1, Math.min(rows, Math.floor(ZEROS / rowBytes)));
      for (let row = 0; row < rows; row += atOnce) {
        const y = row * format.height;
        const down = Math.min(atOnce * format.height, height - y);
        const bytes = rowBytes * Math.ceil(down / format.height);
        fillPart(gl, known, { level, y, layer, width, height: down, bytes });
      }
    }
  };
  withTexture(gl, target, raw, () => withUnpack(gl, zerosOf(context), [0, 0], fill));
}

/** Each level and layer. */
function* imagesOf({ levels, size, target }: GlTextureObject['known']): Generator<{ level: number; layer: number; width: number; height: number }> {
  for (let level = 0; level < levels; level++) {
    const { width, height, depthOrArrayLayers } = levelSize(size, level, target);
    for (let layer = 0; layer < depthOrArrayLayers; layer++) yield { level, layer, width, height };
  }
}

interface Part {
  readonly level: number;
  readonly y: number;
  readonly layer: number;
  readonly width: number;
  readonly height: number;
  readonly bytes: number;
}

function fillPart(gl: GlShape, { target, format }: GlTextureObject['known'], { level, y, layer, width, height, bytes }: Part): void {
  const isFlat = target === GL.TEXTURE_2D || target === GL.TEXTURE_CUBE_MAP;
  const face = target === GL.TEXTURE_CUBE_MAP ? GL.TEXTURE_CUBE_MAP_POSITIVE_X + layer : target;
  if (format.store === 'compressed') {
    if (isFlat) gl.compressedTexSubImage2D(face, level, 0, y, width, height, format.format, bytes, 0);
    else gl.compressedTexSubImage3D(face, level, 0, y, layer, width, height, 1, format.format, bytes, 0);
  } else if (isFlat) gl.texSubImage2D(face, level, 0, y, width, height, format.format, format.type, 0);
  else gl.texSubImage3D(face, level, 0, y, layer, width, height, 1, format.format, format.type, 0);
}

function clearDepthTexture({ context, raw, known }: GlTextureObject): void {
  const { gl } = context;
  const { target, format } = known;
  const attachment = format.store === 'depth' ? GL.DEPTH_ATTACHMENT : GL.DEPTH_STENCIL_ATTACHMENT;
  withNewFramebuffer(gl, () => {
    for (const { level, layer } of imagesOf(known)) {
      if (target === GL.TEXTURE_2D_ARRAY) gl.framebufferTextureLayer(GL.DRAW_FRAMEBUFFER, attachment, raw, level, layer);
      else gl.framebufferTexture2D(GL.DRAW_FRAMEBUFFER, attachment, target === GL.TEXTURE_2D ? target : GL.TEXTURE_CUBE_MAP_POSITIVE_X + layer, raw, level);
      clearAttached(gl, format.store);
    }
  });
}

export function clearRenderbuffer({ context, raw, known }: GlRenderbufferObject): void {
  const { gl } = context;
  const { store } = known.format;
  const { [store]: attachment = GL.COLOR_ATTACHMENT0 } = {
    depth: GL.DEPTH_ATTACHMENT,
    stencil: GL.STENCIL_ATTACHMENT,
    'depth-stencil': GL.DEPTH_STENCIL_ATTACHMENT,
  } as Partial<Record<Store, number>>;
  withNewFramebuffer(gl, () => {
    gl.framebufferRenderbuffer(GL.DRAW_FRAMEBUFFER, attachment, GL.RENDERBUFFER, raw);
    clearAttached(gl, store);
  });
}

function withNewFramebuffer(gl: GlShape, body: () => void): void {
  const framebuffer = gl.createFramebuffer() as object;
  withAllOfFramebuffer(gl, framebuffer, body);
  gl.deleteFramebuffer(framebuffer);
}

function clearAttached(gl: GlShape, store: Store): void {
  if (store === 'float') gl.clearBufferfv(GL.COLOR, 0, new Float32Array(4));
  if (store === 'int') gl.clearBufferiv(GL.COLOR, 0, new Int32Array(4));
  if (store === 'uint') gl.clearBufferuiv(GL.COLOR, 0, new Uint32Array(4));
  // Where browsers begin: nothing is farther.
  if (store === 'depth') gl.clearBufferfv(GL.DEPTH, 0, new Float32Array([1]));
  if (store === 'stencil') gl.clearBufferiv(GL.STENCIL, 0, new Int32Array(1));
  if (store === 'depth-stencil') gl.clearBufferfi(GL.DEPTH_STENCIL, 0, 1, 0);
}

/** From memory: buffers of elements and all others cannot be copied to each other. */
export function clearBuffer({ context, raw, bytes }: GlBufferObject): void {
  const { gl } = context;
  withCopyBuffer(gl, raw, () => {
    for (let at = 0; at < bytes; at += NOTHING.byteLength) gl.bufferSubData(GL.COPY_WRITE_BUFFER, at, NOTHING.subarray(0, bytes - at));
  });
}
