/** Textures and buffers of WebGPU under a byte budget. */
export { GpuHeap, type DeviceLostInfo, type UploadOptions } from './heap/gpu-heap.ts';
export type {
  BufferOptions,
  BufferSyncOptions,
  CreateOptions,
  CreateSyncOptions,
  GpuHeapOptions,
  GpuHeapStats,
  TextureOptions,
  TextureSyncOptions,
} from './heap/options.ts';
export type { BufferUpload, TextureUpload } from './heap/uploads.ts';
export { BindGroupHandle, type BindGroupDescriptor } from './handles/bind-group.ts';
export { BufferHandle } from './handles/buffer.ts';
export { TextureHandle } from './handles/texture.ts';
export { ViewHandle } from './handles/view.ts';
export { textureBytes } from './size/texture-bytes.ts';
export type { DataLayout } from './size/cuts.ts';
export type { BindGroup, Buffer, BufferDescriptor, CommandBuffer, Device, Extent, Texture, TextureDescriptor, TextureView } from './types.ts';
export { DeviceLostError, GpuDescriptorError, GpuOutOfMemoryError } from './errors.ts';
