/** CanvasKit: a Surface, an Image, and whatever else of it must be deleted, as a handle. */
import type { Handle } from '@handback/core';
import { can, ownable, ownFirst, type OwnObjectOptions } from './adopt.ts';
import { anyObject, isDeleted, type WasmObject } from './wasm.ts';

export type { OwnObjectOptions } from './adopt.ts';
export { heapBytes, type WasmObject } from './wasm.ts';

/** What an Image, or a Surface, says of its pixels. */
interface PixelInfo {
  readonly width: number;
  readonly height: number;
  readonly colorType: { readonly value?: number };
}

interface SurfaceLike extends WasmObject {
  imageInfo(): PixelInfo;
  dispose(): void;
}

interface ImageLike extends WasmObject {
  getImageInfo(): PixelInfo;
}

interface AnimationLike extends WasmObject {
  width(): number;
  height(): number;
}

/**
 * Owns a Surface, an Image, or another object of CanvasKit (a Paint, a Path, a Paragraph, a Picture). A Surface is released by its
 * `dispose()`: `delete()` leaves its pixels behind. All others by `delete()`. What depends on another, as the image of a surface on
 * a GPU, names it as its `parent`. Throws TypeError for anything else, and for what has an owner; DisposedError for what is deleted,
 * and under a closed parent.
 */
export function own<M extends WasmObject>(object: M, options: OwnObjectOptions = {}): Handle<M> {
  return ownFirst(object, options, sorts, 'an object of CanvasKit, as a Surface or an Image');
}

const surfaces = ownable<SurfaceLike>({
  kind: 'canvaskit surface',
  is: (raw) => can(raw, 'delete', 'isDeleted', 'dispose', 'imageInfo', 'makeImageSnapshot'),
  bytes: (surface) => bytesOf(surface.imageInfo()),
  isReleased: isDeleted,
  release: (surface) => surface.dispose(),
  describe: (surface) => describe(surface.imageInfo()),
});
const images = ownable<ImageLike>({
  kind: 'canvaskit image',
  is: (raw) => can(raw, 'delete', 'isDeleted', 'getImageInfo'),
  bytes: (image) => bytesOf(image.getImageInfo()),
  isReleased: isDeleted,
  release: (image) => image.delete(),
  describe: (image) => describe(image.getImageInfo()),
});
const animations = ownable<AnimationLike>({
  kind: 'canvaskit animation',
  is: (raw) => can(raw, 'delete', 'isDeleted', 'decodeNextFrame', 'width', 'height'),
  bytes: (animation) => animation.width() * animation.height() * 4,
  isReleased: isDeleted,
  release: (animation) => animation.delete(),
  describe: (animation) => `${animation.width()} × ${animation.height()}`,
});
const sorts = [surfaces, images, animations, ownable(anyObject('canvaskit object'))];

/** Skia's numbers of color types whose pixels are not 4 bytes: Alpha_8, RGB_565, Gray_8, RGBA_F16, RGB_F16F16F16x, RGBA_F32. */
const BYTES: Readonly<Record<number, number>> = { 1: 1, 2: 2, 14: 1, 16: 8, 17: 8, 18: 16 };

function bytesOf({ width, height, colorType }: PixelInfo): number {
  return width * height * (BYTES[colorType?.value ?? 0] ?? 4);
}

function describe({ width, height }: PixelInfo): string {
  return `${width} × ${height}`;
}
