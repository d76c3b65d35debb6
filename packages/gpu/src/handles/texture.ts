/** Textures as handles. */
import { defineResource, Handle, type OwnOptions, type OwningKind } from '@handback/core';
import type { Texture, TextureShape, TextureView } from '../types.ts';
import type { Hold } from './hold.ts';
import { ViewHold, views, type ViewHandle } from './view.ts';

/** Is a texture under the budget of its heap. Hold it with `using`; using it after its dispose throws at the call. */
export class TextureHandle extends Handle<Texture> {
  /** The texture of the platform, on loan: see `value` of any handle. Throws DisposedError, MovedError or DeviceLostError. */
  override get value(): Texture {
    return holdOf(super.value).lend() as Texture;
  }

  /** As `use` of any handle. */
  override use<R>(operation: (texture: Texture) => R): R {
    return super.use((hold) => operation(holdOf(hold).lend() as Texture));
  }

  /** What it counts for, in bytes. */
  get byteLength(): number {
    return holdOf(super.value).bytes;
  }

  /** A view of it, which keeps it: disposed before its views, the texture goes with the last of them. */
  createView(descriptor: object = {}, options: Omit<OwnOptions, 'parent'> = {}): ViewHandle {
    const hold = holdOf(super.value);
    return views.own(new ViewHold(hold, descriptor) as unknown as TextureView, { label: options.label ?? this.label, parent: this });
  }

  /** Gives the texture of the platform to the caller, uncounted from now on. Throws as `detach` of any handle does. */
  override detach(): Texture {
    // What cannot be had is not detached.
    void this.value;
    return holdOf(super.detach()).leave() as Texture;
  }
}

export const textures: OwningKind<Texture, TextureHandle> = defineResource({
  kind: 'texture',
  release: (hold: Texture) => holdOf(hold).retire(),
  externalBytes: (hold) => holdOf(hold).bytes,
  describe: (hold) => holdOf(hold).label || `${holdOf(hold).bytes} bytes`,
  handle: TextureHandle,
  module: import.meta.url,
});

/** A record of this kind holds what stands for the texture on whichever device there is. */
export function holdOf(raw: Texture): Hold<TextureShape> {
  return raw as unknown as Hold<TextureShape>;
}
