/** Framebuffers as handles: they keep what is attached, so that a texture that is disposed earlier is not yet another's to draw into. */
import { defineResource, Handle, type OwningKind } from '@handback/core';
import { GpuDescriptorError } from '../errors.ts';
import type { Keeper } from '../handles/hold.ts';
import type { Context } from './context.ts';
import { GL } from './enums.ts';
import { WebGLRenderbufferHandle, WebGLTextureHandle } from './handles.ts';
import { withDrawFramebuffer } from './state.ts';
import type { GlFramebuffer, GlShape } from './types.ts';

/** What is attached where. */
export interface FramebufferAttachment {
  /** As `gl.COLOR_ATTACHMENT0` or `gl.DEPTH_STENCIL_ATTACHMENT`. */
  readonly attachment: number;
  readonly image: WebGLTextureHandle | WebGLRenderbufferHandle;
  /** Of a texture. Default 0. */
  readonly level?: number | undefined;
  /** Of a texture: a layer, a slice, or a face from `gl.TEXTURE_CUBE_MAP_POSITIVE_X` on. Left out for textures of one image. */
  readonly layer?: number | undefined;
}

export interface FramebufferDescriptor {
  readonly label?: string | undefined;
  readonly attachments: readonly FramebufferAttachment[];
}

interface Shared extends FramebufferAttachment {
  readonly image: WebGLTextureHandle | WebGLRenderbufferHandle;
}

/** The raw of a framebuffer's handle: it shares what is attached until it is disposed. */
export class FramebufferHold {
  readonly label: string | undefined;
  readonly #keeper: Keeper;
  readonly #context: () => Context;
  readonly #attached: Shared[] = [];
  #made: { readonly raw: object; readonly context: Context; readonly device: number } | undefined = undefined;

  constructor(keeper: Keeper, context: () => Context, { label, attachments }: FramebufferDescriptor) {
    this.label = label;
    this.#keeper = keeper;
    this.#context = context;
    try {
      for (const each of attachments) this.#attached.push({ ...each, image: each.image.share() });
      void this.raw;
    } catch (error) {
      this.release();
      throw error;
    }
  }

  /** The framebuffer; in a new life of the context, made there now, of images that are made there too. */
  get raw(): object {
    this.#keeper.requireDevice(this.label);
    const { device } = this.#keeper;
    if (this.#made?.device === device) return this.#made.raw;
    const context = this.#context();
    const { gl } = context;
    const raw = gl.createFramebuffer() as object;
    this.#made = { raw, context, device };
    const status = withDrawFramebuffer(gl, raw, () => attachAll(gl, this.#attached));
    if (status === GL.FRAMEBUFFER_COMPLETE) return raw;
    const named = this.label === undefined ? '' : ` '${this.label}'`;
    throw new GpuDescriptorError(`No such framebuffer${named}: its status is 0x${status.toString(16)}.`, { kind: 'WebGL framebuffer', label: this.label });
  }

  release(): void {
    const made = this.#made;
    this.#made = undefined;
    made?.context.remove(() => made.context.gl.deleteFramebuffer(made.raw));
    for (const { image } of this.#attached.splice(0)) image.dispose();
  }
}

/** Attaches to the bound framebuffer, and answers its status. */
function attachAll(gl: GlShape, attached: readonly Shared[]): number {
  const drawn: number[] = [];
  for (const { attachment, image, level = 0, layer } of attached) {
    const { value } = image;
    const index = attachment - GL.COLOR_ATTACHMENT0;
    if (index >= 0 && index < 16) drawn[index] = attachment;
    if (image instanceof WebGLRenderbufferHandle) gl.framebufferRenderbuffer(GL.DRAW_FRAMEBUFFER, attachment, GL.RENDERBUFFER, value);
    else if (layer === undefined) gl.framebufferTexture2D(GL.DRAW_FRAMEBUFFER, attachment, GL.TEXTURE_2D, value, level);
    else if (layer >= GL.TEXTURE_CUBE_MAP_POSITIVE_X) gl.framebufferTexture2D(GL.DRAW_FRAMEBUFFER, attachment, layer, value, level);
    else gl.framebufferTextureLayer(GL.DRAW_FRAMEBUFFER, attachment, value, level, layer);
  }
  gl.drawBuffers(Array.from(drawn, (attachment) => attachment ?? 0));
  return gl.checkFramebufferStatus(GL.DRAW_FRAMEBUFFER);
}

/** Is a framebuffer; what is attached stays while it does. Hold it with `using`. */
export class WebGLFramebufferHandle extends Handle<GlFramebuffer> {
  /** The framebuffer of WebGL, on loan; after a restored context, made anew. Throws DisposedError, MovedError or DeviceLostError. */
  override get value(): GlFramebuffer {
    return framebufferHoldOf(super.value).raw as GlFramebuffer;
  }

  override use<R>(operation: (framebuffer: GlFramebuffer) => R): R {
    return super.use((hold) => operation(framebufferHoldOf(hold).raw as GlFramebuffer));
  }
}

export const framebuffers: OwningKind<GlFramebuffer, WebGLFramebufferHandle> = defineResource({
  kind: 'WebGL framebuffer',
  release: (hold: GlFramebuffer) => framebufferHoldOf(hold).release(),
  describe: (hold) => framebufferHoldOf(hold).label ?? '',
  handle: WebGLFramebufferHandle,
  module: import.meta.url,
});

function framebufferHoldOf(raw: GlFramebuffer): FramebufferHold {
  return raw as unknown as FramebufferHold;
}
