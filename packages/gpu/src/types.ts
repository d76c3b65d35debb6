/**
 * WebGPU as far as it is used here. What a browser's types, or `@webgpu/types`, declare is taken from there; where neither is, minimal
 * shapes stand in, so that this package compiles anywhere.
 */

type Global<Name extends string, Shape> = typeof globalThis extends { [Key in Name]: { prototype: infer Type } } ? Type : Shape;

/** A texture of the platform. */
export type Texture = Global<'GPUTexture', TextureShape>;
/** A buffer of the platform. */
export type Buffer = Global<'GPUBuffer', BufferShape>;
export type TextureView = Global<'GPUTextureView', object>;
export type BindGroup = Global<'GPUBindGroup', object>;
export type CommandBuffer = Global<'GPUCommandBuffer', object>;
/** A device of the platform: of a browser, Dawn in Node, or Deno. */
export type Device = Global<'GPUDevice', DeviceShape>;

export interface TextureShape {
  label: string;
  createView(descriptor?: object): object;
  destroy(): void;
}

export interface BufferShape {
  label: string;
  readonly mapState: string;
  destroy(): void;
  unmap(): void;
  mapAsync(mode: number, offset?: number, size?: number): Promise<undefined>;
  getMappedRange(offset?: number, size?: number): ArrayBuffer;
}

export interface QueueShape {
  submit(commandBuffers: Iterable<object>): void;
  onSubmittedWorkDone(): Promise<undefined>;
  writeBuffer(buffer: object, offset: number, data: ArrayBufferView | ArrayBuffer, dataOffset?: number, size?: number): void;
  writeTexture(destination: object, data: ArrayBufferView | ArrayBuffer, layout: object, size: object): void;
}

export interface EncoderShape {
  beginRenderPass(descriptor: object): { end(): void };
  clearBuffer(buffer: object, offset?: number, size?: number): void;
  copyBufferToTexture(source: object, destination: object, size: object): void;
  finish(): object;
}

export interface DeviceShape {
  readonly limits: object;
  readonly features: { has(name: string): boolean };
  readonly queue: QueueShape;
  readonly lost: Promise<{ readonly reason: string; readonly message: string }>;
  createTexture(descriptor: object): TextureShape;
  createBuffer(descriptor: object): BufferShape;
  createBindGroup(descriptor: object): object;
  createCommandEncoder(descriptor?: object): EncoderShape;
  pushErrorScope(filter: string): void;
  popErrorScope(): Promise<{ readonly message: string } | null>;
}

/** As GPUExtent3D. */
export type Extent = readonly number[] | { readonly width: number; readonly height?: number | undefined; readonly depthOrArrayLayers?: number | undefined };

/** As GPUTextureDescriptor. */
export interface TextureDescriptor {
  readonly label?: string | undefined;
  readonly size: Extent;
  readonly format: string;
  readonly usage: number;
  readonly mipLevelCount?: number | undefined;
  readonly sampleCount?: number | undefined;
  readonly dimension?: '1d' | '2d' | '3d' | undefined;
  readonly viewFormats?: Iterable<string> | undefined;
}

/** As GPUBufferDescriptor. */
export interface BufferDescriptor {
  readonly label?: string | undefined;
  /** In bytes. */
  readonly size: number;
  readonly usage: number;
  readonly mappedAtCreation?: boolean | undefined;
}
