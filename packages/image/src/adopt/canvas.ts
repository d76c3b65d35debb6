/** `@napi-rs/canvas`: a Canvas or an Image as a handle. Neither has a release of its own, but both let go of their pixels when they are emptied. */
import type { Handle } from '@handback/core';
import { can, ownable, ownFirst, type OwnObjectOptions } from './adopt.ts';

export type { OwnObjectOptions } from './adopt.ts';

/** What makes a Canvas. */
export interface CanvasLike {
  width: number;
  height: number;
  getContext: unknown;
}

/** What makes an Image. */
export interface ImageLike {
  readonly naturalWidth: number;
  readonly naturalHeight: number;
  src: unknown;
}

/**
 * Owns a Canvas or an Image, counted by its size now, at 4 bytes a pixel: so a canvas after it got its size, and an image after it
 * was loaded. When the handle is disposed the canvas shrinks to one pixel, and the image loses its source. Throws TypeError for
 * anything else, and for what has an owner; DisposedError or MovedError under a closed parent.
 */
export function own<M extends CanvasLike | ImageLike>(object: M, options: OwnObjectOptions = {}): Handle<M> {
  return ownFirst(object, options, sorts, 'a Canvas or an Image of @napi-rs/canvas');
}

const canvases = ownable<CanvasLike>({
  kind: 'canvas',
  is: (raw) => can(raw, 'getContext') && typeof raw['width'] === 'number' && typeof raw['height'] === 'number',
  bytes: ({ width, height }) => width * height * 4,
  // A canvas of one pixel is as good as any.
  isReleased: () => false,
  // One pixel, not none: a canvas of 0 × 0 throws where a context that is still at hand draws or encodes.
  release: (canvas) => {
    canvas.width = 1;
    canvas.height = 1;
  },
  describe: ({ width, height }) => `${width} × ${height}`,
});
const images = ownable<ImageLike>({
  kind: 'canvas image',
  is: (raw) => typeof raw['naturalWidth'] === 'number' && typeof raw['naturalHeight'] === 'number' && 'src' in raw,
  bytes: ({ naturalWidth, naturalHeight }) => naturalWidth * naturalHeight * 4,
  isReleased: () => false,
  // Decoded pixels and encoded bytes go; no event is fired.
  release: (image) => {
    image.src = new Uint8Array(0);
  },
  describe: ({ naturalWidth, naturalHeight }) => `${naturalWidth} × ${naturalHeight}`,
});
const sorts = [canvases, images];
