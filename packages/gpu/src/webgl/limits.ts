/** What a context can make: descriptors are looked at before anything is taken, so WebGL has no error to keep; the message has the limit. */
import { GpuDescriptorError } from '../errors.ts';
import { sizeOf, type Size } from '../size/extent.ts';
import { textureSize } from './bytes.ts';
import { GL, TEXTURE_BINDINGS } from './enums.ts';
import { FORMATS, type Format } from './formats.ts';
import type { BufferDescriptor, GlShape, RenderbufferDescriptor, TextureDescriptor } from './types.ts';

/** What a texture is, with all defaults. */
export interface KnownTexture {
  readonly target: number;
  readonly format: Format;
  readonly size: Size;
  readonly levels: number;
}

/** What a renderbuffer is, with the samples that WebGL takes. */
export interface KnownRenderbuffer {
  readonly format: Format;
  readonly width: number;
  readonly height: number;
  readonly samples: number;
}

type Refuse = (why: string) => GpuDescriptorError;
type Side = readonly [side: string, value: number, limit: number, name: string];

export function requireTexture(descriptor: TextureDescriptor, gl: GlShape): KnownTexture {
  const { target = GL.TEXTURE_2D, internalFormat, levels = 1, label } = descriptor ?? {};
  const no = refuse('texture', label);
  const format = requireFormat(internalFormat, gl, no);
  if (!TEXTURE_BINDINGS.has(target)) throw no(`expected \`target\` to be gl.TEXTURE_2D, TEXTURE_2D_ARRAY, TEXTURE_3D or TEXTURE_CUBE_MAP, got ${target}`);
  const is3d = target === GL.TEXTURE_3D;
  if (!format.texture) throw no(`a texture cannot be of ${format.name}: use a renderbuffer`);
  if (is3d && /depth|compressed/.test(format.store)) throw no(`a 3D texture cannot be of ${format.name}`);
  requireSize(descriptor.size, no);
  const size = textureSize(descriptor);
  const [limit, name] = {
    [GL.TEXTURE_3D]: [GL.MAX_3D_TEXTURE_SIZE, 'MAX_3D_TEXTURE_SIZE'] as const,
    [GL.TEXTURE_CUBE_MAP]: [GL.MAX_CUBE_MAP_TEXTURE_SIZE, 'MAX_CUBE_MAP_TEXTURE_SIZE'] as const,
  }[target] ?? [GL.MAX_TEXTURE_SIZE, 'MAX_TEXTURE_SIZE'];
  const most = gl.getParameter(limit) as number;
  const third: Side = is3d
    ? ['depth', size.depthOrArrayLayers, most, name]
    : target === GL.TEXTURE_2D_ARRAY
      ? ['layers', size.depthOrArrayLayers, gl.getParameter(GL.MAX_ARRAY_TEXTURE_LAYERS) as number, 'MAX_ARRAY_TEXTURE_LAYERS']
      : ['layers', size.depthOrArrayLayers, target === GL.TEXTURE_2D ? 1 : 6, 'one; gl.TEXTURE_2D_ARRAY has more'];
  requireSides([['width', size.width, most, name], ['height', size.height, most, name], third], no);
  if (target === GL.TEXTURE_CUBE_MAP && size.width !== size.height) throw no(`faces of a cube map are square, not ${size.width} × ${size.height}`);
  // Those of DirectX have whole blocks; ETC2 and ASTC may end within one.
  if (format.store === 'compressed' && !/etc$|astc/.test(format.extension as string) && (size.width % format.width !== 0 || size.height % format.height !== 0))
    throw no(`${size.width} × ${size.height} are no whole blocks of ${format.width} × ${format.height} texels, as ${format.name} has them`);
  const chain = Math.floor(Math.log2(Math.max(size.width, size.height, is3d ? size.depthOrArrayLayers : 1))) + 1;
  if (!Number.isSafeInteger(levels) || levels < 1 || levels > chain)
    throw no(`expected \`levels\` to be a whole number from 1 to ${chain}, got ${String(levels)}`);
  return { target, format, size, levels };
}

export function requireRenderbuffer(descriptor: RenderbufferDescriptor, gl: GlShape): KnownRenderbuffer {
  const { internalFormat, samples = 0, label } = descriptor ?? {};
  const no = refuse('renderbuffer', label);
  const format = requireFormat(internalFormat, gl, no);
  if (format.renderable === false) throw no(`a renderbuffer cannot be of ${format.name}`);
  if (format.renderable !== true) requireExtension(format.renderable, format, gl, no);
  requireSize(descriptor.size, no);
  const { width, height, depthOrArrayLayers } = sizeOf(descriptor.size);
  const most = gl.getParameter(GL.MAX_RENDERBUFFER_SIZE) as number;
  requireSides(
    [
      ['width', width, most, 'MAX_RENDERBUFFER_SIZE'],
      ['height', height, most, 'MAX_RENDERBUFFER_SIZE'],
      ['layers', depthOrArrayLayers, 1, 'one'],
    ],
    no,
  );
  if (!Number.isSafeInteger(samples) || samples < 0) throw no(`expected \`samples\` to be a whole number from 0 up, got ${String(samples)}`);
  if (samples === 0) return { format, width, height, samples };
  const offered = [...((gl.getInternalformatParameter(GL.RENDERBUFFER, internalFormat, GL.SAMPLES) as Iterable<number> | null) ?? [])];
  const taken = offered.filter((count) => count >= samples);
  if (taken.length === 0) throw no(`${samples} samples are more than the context has for ${format.name}: ${Math.max(0, ...offered)}`);
  return { format, width, height, samples: Math.min(...taken) };
}

export function requireBuffer({ size, target = GL.ARRAY_BUFFER, usage = GL.STATIC_DRAW, label }: BufferDescriptor): void {
  const no = refuse('buffer', label);
  if (!Number.isSafeInteger(size) || size < 1) throw no(`expected \`size\` to be a whole number of bytes from 1 up, got ${String(size)}`);
  if (!Number.isSafeInteger(target)) throw no(`expected \`target\` to be an enum, as gl.ARRAY_BUFFER, got ${String(target)}`);
  if (!(usage >= 0x88e0 && usage <= 0x88ea && usage % 4 !== 3)) throw no(`expected \`usage\` to be an enum, as gl.STATIC_DRAW, got ${String(usage)}`);
}

function refuse(what: string, label: string | undefined): Refuse {
  const named = label === undefined || label === '' ? '' : ` '${label}'`;
  return (why) => new GpuDescriptorError(`No such ${what}${named}: ${why}.`, { kind: `WebGL ${what}`, label });
}

function requireFormat(internalFormat: number, gl: GlShape, no: Refuse): Format {
  const format = FORMATS.get(internalFormat);
  if (format === undefined) throw no(`expected \`internalFormat\` to be a sized one, as gl.RGBA8, got ${String(internalFormat)}`);
  if (format.extension !== undefined) requireExtension(format.extension, format, gl, no);
  return format;
}

/** Asked for each time, since a context that was restored has to be asked again. */
function requireExtension(extension: string, { name }: Format, gl: GlShape, no: Refuse): void {
  if (gl.getExtension(extension) === null) throw no(`${name} needs the extension '${extension}', which the context does not have`);
}

function requireSize(size: unknown, no: Refuse): void {
  if (typeof size !== 'object' || size === null) throw no(`expected \`size\` to be [width, height, layers] or an object, got ${String(size)}`);
}

function requireSides(sides: readonly Side[], no: Refuse): void {
  for (const [side, value, limit, name] of sides) {
    if (!Number.isSafeInteger(value) || value < 1) throw no(`expected the ${side} to be a whole number from 1 up, got ${String(value)}`);
    if (value > limit) throw no(`the ${side} is ${value}, more than the context's limit, ${name}: ${limit}`);
  }
}
