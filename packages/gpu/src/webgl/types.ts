/**
 * WebGL2 as far as it is used here: taken from a browser's types where they are, else minimal shapes, so that this package compiles
 * anywhere. Enums are numbers, as WebGL has them.
 */
import type { Extent } from '../types.ts';

type Global<Name extends string, Shape> = typeof globalThis extends { [Key in Name]: { prototype: infer Type } } ? Type : Shape;

/** A context of WebGL2. */
export type GlContext = Global<'WebGL2RenderingContext', GlShape>;
export type GlTexture = Global<'WebGLTexture', object>;
export type GlBuffer = Global<'WebGLBuffer', object>;
export type GlFramebuffer = Global<'WebGLFramebuffer', object>;
export type GlRenderbuffer = Global<'WebGLRenderbuffer', object>;

export interface GlShape {
  readonly canvas: object;
  isContextLost(): boolean;
  getError(): number;
  getExtension(name: string): unknown;
  getParameter(name: number): unknown;
  getInternalformatParameter(target: number, internalFormat: number, name: number): unknown;
  isEnabled(capability: number): boolean;
  enable(capability: number): void;
  disable(capability: number): void;
  flush(): void;
  fenceSync(condition: number, flags: number): object | null;
  getSyncParameter(sync: object, name: number): unknown;
  deleteSync(sync: object): void;
  createTexture(): object | null;
  deleteTexture(texture: object): void;
  bindTexture(target: number, texture: object | null): void;
  texParameteri(target: number, name: number, value: number): void;
  texParameterf(target: number, name: number, value: number): void;
  getTexParameter(target: number, name: number): unknown;
  getRenderbufferParameter(target: number, name: number): unknown;
  getBufferParameter(target: number, name: number): unknown;
  texStorage2D(target: number, levels: number, internalFormat: number, width: number, height: number): void;
  texStorage3D(target: number, levels: number, internalFormat: number, width: number, height: number, depth: number): void;
  pixelStorei(name: number, value: number | boolean): void;
  /** Their last arguments are a view and an offset, an offset into the bound buffer, or a picture. */
  texSubImage2D(target: number, level: number, x: number, y: number, width: number, height: number, ...rest: unknown[]): void;
  texSubImage3D(target: number, level: number, x: number, y: number, z: number, width: number, height: number, depth: number, ...rest: unknown[]): void;
  compressedTexSubImage2D(target: number, level: number, x: number, y: number, width: number, height: number, ...rest: unknown[]): void;
  compressedTexSubImage3D(
    target: number,
    level: number,
    x: number,
    y: number,
    z: number,
    width: number,
    height: number,
    depth: number,
    ...rest: unknown[]
  ): void;
  createBuffer(): object | null;
  deleteBuffer(buffer: object): void;
  bindBuffer(target: number, buffer: object | null): void;
  bufferData(target: number, size: number, usage: number): void;
  bufferSubData(target: number, offset: number, data: ArrayBufferView): void;
  createRenderbuffer(): object | null;
  deleteRenderbuffer(renderbuffer: object): void;
  bindRenderbuffer(target: number, renderbuffer: object | null): void;
  renderbufferStorageMultisample(target: number, samples: number, internalFormat: number, width: number, height: number): void;
  createFramebuffer(): object | null;
  deleteFramebuffer(framebuffer: object): void;
  bindFramebuffer(target: number, framebuffer: object | null): void;
  framebufferRenderbuffer(target: number, attachment: number, renderbufferTarget: number, renderbuffer: object | null): void;
  framebufferTexture2D(target: number, attachment: number, textureTarget: number, texture: object | null, level: number): void;
  framebufferTextureLayer(target: number, attachment: number, texture: object | null, level: number, layer: number): void;
  drawBuffers(buffers: readonly number[]): void;
  checkFramebufferStatus(target: number): number;
  colorMask(red: boolean, green: boolean, blue: boolean, alpha: boolean): void;
  depthMask(flag: boolean): void;
  stencilMaskSeparate(face: number, mask: number): void;
  clearBufferfv(buffer: number, index: number, values: Float32Array): void;
  clearBufferfi(buffer: number, index: number, depth: number, stencil: number): void;
  clearBufferiv(buffer: number, index: number, values: Int32Array): void;
  clearBufferuiv(buffer: number, index: number, values: Uint32Array): void;
}

/** A texture as `texStorage2D` and `texStorage3D` make it. */
export interface TextureDescriptor {
  readonly label?: string | undefined;
  /** `gl.TEXTURE_2D` (the default), `TEXTURE_2D_ARRAY`, `TEXTURE_3D` or `TEXTURE_CUBE_MAP`. */
  readonly target?: number | undefined;
  /** A sized internal format, as `gl.RGBA8`. */
  readonly internalFormat: number;
  /** Width, height, and layers or depth. A cube map has six faces whatever is said. */
  readonly size: Extent;
  /** Mip levels. Default 1. */
  readonly levels?: number | undefined;
}

/** A renderbuffer as `renderbufferStorageMultisample` makes it. */
export interface RenderbufferDescriptor {
  readonly label?: string | undefined;
  readonly internalFormat: number;
  readonly size: Extent;
  /** Default 0: one sample. WebGL takes the next number that it has. */
  readonly samples?: number | undefined;
}

export interface BufferDescriptor {
  readonly label?: string | undefined;
  /** In bytes. */
  readonly size: number;
  /** Where it is going to be bound: `gl.ELEMENT_ARRAY_BUFFER`, or any other (the default), since WebGL keeps the two apart for ever. */
  readonly target?: number | undefined;
  /** Default `gl.STATIC_DRAW`. */
  readonly usage?: number | undefined;
}
