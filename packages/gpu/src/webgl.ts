/** Textures, renderbuffers and buffers of WebGL2 under a byte budget. */
export { WebGLHeap } from './webgl/webgl-heap.ts';
export type {
  BufferOptions,
  BufferSyncOptions,
  RenderbufferOptions,
  RenderbufferSyncOptions,
  TextureOptions,
  TextureSyncOptions,
  WebGLHeapOptions,
} from './webgl/options.ts';
export { WebGLBufferHandle, WebGLHandle, WebGLRenderbufferHandle, WebGLTextureHandle } from './webgl/handles.ts';
export { WebGLFramebufferHandle, type FramebufferAttachment, type FramebufferDescriptor } from './webgl/framebuffer.ts';
export type { BufferUpload, TextureUpload } from './webgl/uploads.ts';
export { textureBytes } from './webgl/bytes.ts';
export type {
  BufferDescriptor,
  GlBuffer,
  GlContext,
  GlFramebuffer,
  GlRenderbuffer,
  GlTexture,
  RenderbufferDescriptor,
  TextureDescriptor,
} from './webgl/types.ts';
export type { DeviceLostInfo, UploadOptions } from './heap/gpu-heap.ts';
export type { GpuHeapStats } from './heap/options.ts';
export type { DataLayout } from './size/cuts.ts';
export type { Extent } from './types.ts';
export { DeviceLostError, GpuDescriptorError, GpuOutOfMemoryError } from './errors.ts';
