/** Objects of WebGL with their memory, each of one life of its context. */
import type { RawShape } from '../heap/platform.ts';
import type { Context } from './context.ts';
import { GL } from './enums.ts';
import type { KnownRenderbuffer, KnownTexture } from './limits.ts';
import { withCopyBuffer, withRenderbuffer, withTexture } from './state.ts';

/** What a block has. WebGL knows no labels: this one is for messages. */
export class GlObject<Raw extends object = object> implements RawShape {
  label = '';
  readonly raw: Raw;
  readonly context: Context;
  readonly #remove: (raw: Raw) => void;

  constructor(context: Context, raw: Raw, remove: (raw: Raw) => void) {
    this.context = context;
    this.raw = raw;
    this.#remove = remove;
  }

  destroy(): void {
    if (!this.context.isOver) this.#remove(this.raw);
  }

  /** As a new one, but for what is in it. */
  renew(): void {}
}

export class GlTextureObject extends GlObject {
  readonly known: KnownTexture;
  #isNew = true;

  constructor(context: Context, known: KnownTexture) {
    const { gl } = context;
    const remove = (raw: object): void => gl.deleteTexture(raw);
    super(
      context,
      context.make(
        () => gl.createTexture(),
        (raw) => withTexture(gl, known.target, raw, () => allocate(context, known)),
        remove,
      ),
      remove,
    );
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
    const remove = (raw: object): void => gl.deleteRenderbuffer(raw);
    const store = (): void => gl.renderbufferStorageMultisample(GL.RENDERBUFFER, samples, format.internalFormat, width, height);
    super(
      context,
      context.make(
        () => gl.createRenderbuffer(),
        (raw) => withRenderbuffer(gl, raw, store),
        remove,
      ),
      remove,
    );
    this.known = known;
  }
}

export class GlBufferObject extends GlObject {
  readonly bytes: number;

  constructor(context: Context, bytes: number, usage: number) {
    const { gl } = context;
    const remove = (raw: object): void => gl.deleteBuffer(raw);
    super(
      context,
      context.make(
        () => gl.createBuffer(),
        (raw) => withCopyBuffer(gl, raw, () => gl.bufferData(GL.COPY_WRITE_BUFFER, bytes, usage)),
        remove,
      ),
      remove,
    );
    this.bytes = bytes;
  }
}
