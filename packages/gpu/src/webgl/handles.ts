/** Textures, renderbuffers and buffers of WebGL as handles. */
import { defineResource, Handle, type Ownership, type OwningKind } from '@handback/core';
import type { Hold } from '../handles/hold.ts';
import type { GlObject } from './objects.ts';
import type { GlBuffer, GlRenderbuffer, GlTexture } from './types.ts';

/** What all of them are. */
export abstract class WebGLHandle<Raw extends object> extends Handle<Raw> {
  /** The object of WebGL, on loan. After a restored context, one that is made then. Throws DisposedError, MovedError or DeviceLostError. */
  override get value(): Raw {
    return holdOf(super.value).clear().raw as Raw;
  }

  /** As `use` of any handle. */
  override use<R>(operation: (raw: Raw) => R): R {
    return super.use((hold) => operation(holdOf(hold).clear().raw as Raw));
  }

  /** What it counts for, in bytes: of a buffer, at least what was asked for. */
  get byteLength(): number {
    return holdOf(super.value).bytes;
  }

  /** Gives the object of WebGL to the caller, uncounted from now on. Throws as `detach` of any handle does. */
  override detach(): Raw {
    return holdOf(super.detach()).leave().raw as Raw;
  }
}

/** Is a texture under the budget of its heap. Hold it with `using`; using it after its dispose throws at the call. */
export class WebGLTextureHandle extends WebGLHandle<GlTexture> {}

/** Is a renderbuffer under the budget of its heap. Hold it with `using`. */
export class WebGLRenderbufferHandle extends WebGLHandle<GlRenderbuffer> {}

/** Is a buffer under the budget of its heap. It may be larger than was asked for. Hold it with `using`. */
export class WebGLBufferHandle extends WebGLHandle<GlBuffer> {}

export const textures: OwningKind<GlTexture, WebGLTextureHandle> = kindOf('WebGL texture', WebGLTextureHandle);
export const renderbuffers: OwningKind<GlRenderbuffer, WebGLRenderbufferHandle> = kindOf('WebGL renderbuffer', WebGLRenderbufferHandle);
export const buffers: OwningKind<GlBuffer, WebGLBufferHandle> = kindOf('WebGL buffer', WebGLBufferHandle);

function kindOf<Raw extends object, H extends WebGLHandle<Raw>>(kind: string, handle: new (ownership: Ownership<Raw>) => H): OwningKind<Raw, H> {
  return defineResource({
    kind,
    release: (hold: Raw) => holdOf(hold).retire(),
    externalBytes: (hold) => holdOf(hold).bytes,
    describe: (hold) => holdOf(hold).label ?? '',
    handle,
    module: import.meta.url,
  });
}

/** A record holds what stands for the object, in whichever life of the context. */
function holdOf(raw: object): Hold<GlObject> {
  return raw as unknown as Hold<GlObject>;
}
