/** Objects of WebGL with their memory, each of one life of its context. */
import type { RawShape } from '../heap/platform.ts';
import type { Context, Maker } from './context.ts';
import { GL } from './enums.ts';
import type { KnownRenderbuffer, KnownTexture } from './limits.ts';
import { bindToElements, withCopyBuffer, withRenderbuffer, withTexture } from './state.ts';

/** What a block has. WebGL knows no labels: this one is for messages. */
export class GlObject implements RawShape {
  label = '';
  readonly raw: object;
  readonly context: Context;
  readonly #remove: (raw: object) => void;

  constructor(context: Context, maker: Maker) {
    this.context = context;
    this.raw = context.make(maker);
    this.#remove = maker.remove;
  }

  destroy(): void {
    this.context.remove(() => this.#remove(this.raw));
  }

  /** As a new one, but for what is in it. */
  renew(): void {}
}

export class GlTextureObject extends GlObject {
  readonly known: KnownTexture;
  #isNew = true;

  constructor(context: Context, known: KnownTexture) {
    const { gl } = context;
    const { target } = known;
    super(context, {
      create: () => gl.createTexture(),
      allocate: (raw) => withTexture(gl, target, raw, () => allocate(context, known)),
      isAllocated: (raw) => withTexture(gl, target, raw, () => gl.getTexParameter(target, GL.TEXTURE_IMMUTABLE_FORMAT) === true),
      remove: (raw) => gl.deleteTexture(raw),
    });
    this.known = known;
  }

  /** Filters and wrapping belong to a texture: a former owner's are put back to what they are at first. */
  override renew(): void {
    if (!this.#isNew) withTexture(this.context.gl, this.known.target, this.raw, () => resetParameters(this.context, this.known.target));
    this.#isNew = false;
  }
}

function allocate({ gl }: Context, { target, format, levels, size }: KnownTexture): void {
  const { internalFormat } = format;
  if (target === GL.TEXTURE_2D || target === GL.TEXTURE_CUBE_MAP) gl.texStorage2D(target, levels, internalFormat, size.width, size.height);
  else gl.texStorage3D(target, levels, internalFormat, size.width, size.height, size.depthOrArrayLayers);
}

const FIRST: readonly (readonly [name: number, value: number])[] = [
  [GL.TEXTURE_MAG_FILTER, GL.LINEAR],
  [GL.TEXTURE_MIN_FILTER, GL.NEAREST_MIPMAP_LINEAR],
  [GL.TEXTURE_WRAP_S, GL.REPEAT],
  [GL.TEXTURE_WRAP_T, GL.REPEAT],
  [GL.TEXTURE_WRAP_R, GL.REPEAT],
  [GL.TEXTURE_BASE_LEVEL, 0],
  [GL.TEXTURE_MAX_LEVEL, 1_000],
  [GL.TEXTURE_COMPARE_MODE, 0],
  [GL.TEXTURE_COMPARE_FUNC, GL.LEQUAL],
];

function resetParameters({ gl }: Context, target: number): void {
  for (const [name, value] of FIRST) gl.texParameteri(target, name, value);
  gl.texParameterf(target, GL.TEXTURE_MIN_LOD, -1_000);
  gl.texParameterf(target, GL.TEXTURE_MAX_LOD, 1_000);
  if (gl.getExtension('EXT_texture_filter_anisotropic') !== null) gl.texParameterf(target, GL.TEXTURE_MAX_ANISOTROPY_EXT, 1);
}

export class GlRenderbufferObject extends GlObject {
  readonly known: KnownRenderbuffer;

  constructor(context: Context, known: KnownRenderbuffer) {
    const { gl } = context;
    const { samples, format, width, height } = known;
    super(context, {
      create: () => gl.createRenderbuffer(),
      allocate: (raw) => withRenderbuffer(gl, raw, () => gl.renderbufferStorageMultisample(GL.RENDERBUFFER, samples, format.internalFormat, width, height)),
      isAllocated: (raw) => withRenderbuffer(gl, raw, () => gl.getRenderbufferParameter(GL.RENDERBUFFER, GL.RENDERBUFFER_WIDTH) === width),
      remove: (raw) => gl.deleteRenderbuffer(raw),
    });
    this.known = known;
  }
}

export class GlBufferObject extends GlObject {
  readonly bytes: number;

  constructor(context: Context, bytes: number, usage: number, isOfElements: boolean) {
    const { gl } = context;
    super(context, {
      create: () => gl.createBuffer(),
      allocate: (raw) => {
        if (isOfElements) bindToElements(gl, raw);
        withCopyBuffer(gl, raw, () => gl.bufferData(GL.COPY_WRITE_BUFFER, bytes, usage));
      },
      isAllocated: (raw) => withCopyBuffer(gl, raw, () => gl.getBufferParameter(GL.COPY_WRITE_BUFFER, GL.BUFFER_SIZE) === bytes),
      remove: (raw) => gl.deleteBuffer(raw),
    });
    this.bytes = bytes;
  }
}
