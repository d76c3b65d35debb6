/** Views of textures as handles. */
import { defineResource, Handle, type OwningKind } from '@handback/core';
import type { TextureShape, TextureView } from '../types.ts';
import type { Hold } from './hold.ts';

/** The raw of a view handle: made when it is asked for, and anew on a new device. */
export class ViewHold {
  readonly #texture: Hold<TextureShape>;
  readonly #descriptor: object;
  #view: object | undefined = undefined;
  #device = -1;

  constructor(texture: Hold<TextureShape>, descriptor: object) {
    this.#texture = texture;
    this.#descriptor = descriptor;
  }

  get raw(): object {
    const raw = this.#texture.lend();
    const { device } = this.#texture;
    if (this.#view === undefined || this.#device !== device) {
      this.#view = raw.createView(this.#descriptor);
      this.#device = device;
    }
    return this.#view;
  }

  get label(): string | undefined {
    return this.#texture.label;
  }
}

/** Is a view of a texture, which stays while it does. Hold it with `using`. */
export class ViewHandle extends Handle<TextureView> {
  /** The view of the platform, on loan. Throws DisposedError, MovedError or DeviceLostError. */
  override get value(): TextureView {
    return viewHoldOf(super.value).raw as TextureView;
  }

  override use<R>(operation: (view: TextureView) => R): R {
    return super.use((hold) => operation(viewHoldOf(hold).raw as TextureView));
  }

  override detach(): TextureView {
    // What cannot be had is not detached.
    void this.value;
    return viewHoldOf(super.detach()).raw as TextureView;
  }
}

export const views: OwningKind<TextureView, ViewHandle> = defineResource({
  kind: 'texture view',
  // The platform's view holds nothing of its own.
  release: () => {},
  describe: (hold) => viewHoldOf(hold).label ?? '',
  handle: ViewHandle,
  module: import.meta.url,
});

function viewHoldOf(raw: TextureView): ViewHold {
  return raw as unknown as ViewHold;
}
