/** What goes wrong with images, each with a code. */
import { ResourceError, type ResourceErrorInfo } from '@handback/core';

/** Is thrown for an image that cannot be: sides of zero, a stride shorter than a row, a buffer too small for its shape. Nothing was taken. */
export class ImageShapeError extends ResourceError {
  static override readonly brand: string = 'ImageShapeError';
  override readonly code: string = 'ERR_IMAGE_SHAPE';
}

/** Is thrown for what cannot be read as an image: an unknown format, a broken header, data that ends too early. What was reserved is refunded. */
export class ImageInputError extends ResourceError {
  static override readonly brand: string = 'ImageInputError';
  override readonly code: string = 'ERR_IMAGE_INPUT';
}

/** Is thrown, before anything is decoded, for an image with more pixels than were allowed, or a file with more bytes. */
export class ImageTooLargeError extends ResourceError {
  static override readonly brand: string = 'ImageTooLargeError';
  override readonly code: string = 'ERR_IMAGE_TOO_LARGE';
}

/** Is thrown where the library that decodes is not installed, or too old. The message has the command that installs it. */
export class EngineMissingError extends ResourceError {
  static override readonly brand: string = 'EngineMissingError';
  override readonly code: string = 'ERR_ENGINE_MISSING';
}

for (const each of [ImageShapeError, ImageInputError, ImageTooLargeError, EngineMissingError]) {
  Object.defineProperty(each.prototype, 'name', { value: each.brand, writable: true, configurable: true });
}

/** How errors of images are made: they all speak of the kind `image`. */
export function about(label: string | undefined, cause?: unknown): ResourceErrorInfo {
  return { kind: 'image', label, ...(cause === undefined ? {} : { cause }) };
}
