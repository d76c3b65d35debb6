/** Pixels under a byte budget. */
export { imageMemory } from './memory.ts';
export {
  ImageBuffer,
  type AllocateOptions,
  type AllocateRequest,
  type AllocateSyncOptions,
  type CountedIn,
  type DepthOf,
  type OwnedPixels,
  type OwnImageOptions,
} from './pixels/image-buffer.ts';
export { ImageRegion } from './pixels/region.ts';
export { PixelPool, type PixelPoolOptions, type PixelPoolStats } from './pixels/pool.ts';
export type { Pixels } from './pixels/pixels.ts';
export type { Channels, Depth, ImageShape, Samples } from './pixels/shape.ts';
export { EngineMissingError, ImageInputError, ImageShapeError, ImageTooLargeError } from './errors.ts';
export { decode, type DecodeOptions } from './decode.ts';
export { encode, thumbnail, type EncodeOptions, type ThumbnailOptions } from './encode.ts';
export { estimateDecode, type DecodeEstimate } from './estimate.ts';
export type { OversizeOptions } from './admission.ts';
export type { EncodeFormat, EncodeShape } from './engine/encode.ts';
export type { ImageInput, InputOptions } from './engine/source.ts';
export type { DecodeShape, Resize } from './plan.ts';
