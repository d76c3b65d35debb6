/** What a device can make: descriptors are looked at before anything is taken, and the message has the limit. */
import { GpuDescriptorError } from '../errors.ts';
import type { BufferDescriptor, DeviceShape, TextureDescriptor } from '../types.ts';
import { FORMATS } from './formats.ts';
import { sizeOf } from './texture-bytes.ts';

/** Features that bring formats. */
const FEATURES: readonly (readonly [formats: RegExp, feature: string])[] = [
  [/^bc/, 'texture-compression-bc'],
  [/^(etc2|eac)/, 'texture-compression-etc2'],
  [/^astc/, 'texture-compression-astc'],
  [/^(r|rg|rgba)16[us]norm$/, 'texture-formats-tier1'],
  [/^depth32float-stencil8$/, 'depth32float-stencil8'],
];

const RENDER_ATTACHMENT = 0x10;
const [MAP_READ, MAP_WRITE, COPY_SRC, COPY_DST] = [0x1, 0x2, 0x4, 0x8];

/** Throws GpuDescriptorError for a texture that the device cannot make. */
export function requireTexture(descriptor: TextureDescriptor, device: DeviceShape): void {
  const { format, usage, mipLevelCount = 1, sampleCount = 1, dimension = '2d', label } = descriptor ?? {};
  const no = (why: string): GpuDescriptorError =>
    new GpuDescriptorError(`No such texture${label === undefined || label === '' ? '' : ` '${label}'`}: ${why}.`, { kind: 'texture', label });
  const block = FORMATS.get(format as string);
  if (block === undefined) throw no(`WebGPU has no format ${show(format)}`);
  const feature = FEATURES.find(([formats]) => formats.test(format as string))?.[1];
  if (feature !== undefined && !device.features.has(feature)) throw no(`format '${format}' needs the feature '${feature}', which the device does not have`);
  if (!Number.isSafeInteger(usage) || (usage as number) <= 0) throw no(`expected \`usage\` to be GPUTextureUsage flags, got ${show(usage)}`);
  if (dimension !== '1d' && dimension !== '2d' && dimension !== '3d') throw no(`expected \`dimension\` to be '1d', '2d' or '3d', got ${show(dimension)}`);
  if (sampleCount !== 1 && sampleCount !== 4) throw no(`expected \`sampleCount\` to be 1 or 4, got ${show(sampleCount)}`);
  if (typeof descriptor.size !== 'object' || descriptor.size === null)
    throw no(`expected \`size\` to be [width, height, layers] or an object, got ${show(descriptor.size)}`);
  const size = sizeOf(descriptor.size);
  const limits = device.limits as Readonly<Record<string, number>>;
  const most = limits[`maxTextureDimension${dimension.toUpperCase()}`] as number;
  const sides: readonly (readonly [side: string, value: number, limit: number, name: string])[] = [
    ['width', size.width, most, `maxTextureDimension${dimension.toUpperCase()}`],
    ['height', size.height, dimension === '1d' ? 1 : most, `maxTextureDimension${dimension.toUpperCase()}`],
    dimension === '3d'
      ? ['depth', size.depthOrArrayLayers, most, 'maxTextureDimension3D']
      : ['layers', size.depthOrArrayLayers, dimension === '1d' ? 1 : (limits['maxTextureArrayLayers'] as number), 'maxTextureArrayLayers'],
  ];
  for (const [side, value, limit, name] of sides) {
    if (!Number.isSafeInteger(value) || value < 1) throw no(`expected the ${side} to be a whole number from 1 up, got ${show(value)}`);
    if (value > limit) throw no(`the ${side} is ${value}, more than the device's limit, ${name}: ${limit}`);
  }
  if (size.width % block.width !== 0 || size.height % block.height !== 0)
    throw no(`${size.width} × ${size.height} are no whole blocks of ${block.width} × ${block.height} texels, as '${format}' has them`);
  const levels = dimension === '1d' ? 1 : Math.floor(Math.log2(Math.max(size.width, size.height, dimension === '3d' ? size.depthOrArrayLayers : 1))) + 1;
  if (!Number.isSafeInteger(mipLevelCount) || mipLevelCount < 1 || mipLevelCount > levels)
    throw no(`expected \`mipLevelCount\` to be a whole number from 1 to ${levels}, got ${show(mipLevelCount)}`);
  if (sampleCount === 4 && (mipLevelCount > 1 || dimension !== '2d' || size.depthOrArrayLayers > 1))
    throw no('a multisampled texture is 2d, with one mip level and one layer');
  if (sampleCount === 4 && ((usage as number) & RENDER_ATTACHMENT) === 0) throw no('a multisampled texture has the usage RENDER_ATTACHMENT');
  if (dimension === '1d' && ((usage as number) & RENDER_ATTACHMENT) !== 0) throw no("the usage RENDER_ATTACHMENT needs `dimension` '2d' or '3d', got '1d'");
  if (dimension !== '2d' && /depth|stencil/.test(format as string)) throw no(`format '${format}' needs \`dimension\` '2d', got '${dimension}'`);
}

/** Throws GpuDescriptorError for a buffer that the device cannot make. */
export function requireBuffer({ size, usage, mappedAtCreation = false, label }: BufferDescriptor, device: DeviceShape): void {
  const no = (why: string): GpuDescriptorError =>
    new GpuDescriptorError(`No such buffer${label === undefined || label === '' ? '' : ` '${label}'`}: ${why}.`, { kind: 'buffer', label });
  const { maxBufferSize } = device.limits as { maxBufferSize: number };
  if (!Number.isSafeInteger(size) || size < 1) throw no(`expected \`size\` to be a whole number of bytes from 1 up, got ${show(size)}`);
  if (size > maxBufferSize) throw no(`${size} bytes are more than the device's limit, maxBufferSize: ${maxBufferSize}`);
  if (!Number.isSafeInteger(usage) || usage <= 0) throw no(`expected \`usage\` to be GPUBufferUsage flags, got ${show(usage)}`);
  for (const [map, other, name] of [
    [MAP_READ, COPY_DST, 'MAP_READ, which goes with COPY_DST'],
    [MAP_WRITE, COPY_SRC, 'MAP_WRITE, which goes with COPY_SRC'],
  ] as const) {
    if ((usage & map) !== 0 && (usage & ~(map | other)) !== 0) throw no(`its usage has ${name} alone, got ${show(usage)}`);
  }
  if (mappedAtCreation && size % 4 !== 0) throw no(`a buffer that is mapped at its creation has a multiple of 4 bytes, not ${size}`);
}

function show(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value);
}
