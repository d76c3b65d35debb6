/** What a descriptor comes to, in a context: see the plans of WebGPU. */
import type { Plan } from '../heap/plan.ts';
import { roundedUp } from '../size/round.ts';
import { textureBytes } from './bytes.ts';
import { clearBuffer, clearRenderbuffer, clearTexture } from './clear.ts';
import type { Context } from './context.ts';
import { GL } from './enums.ts';
import { requireBuffer, requireRenderbuffer, requireTexture } from './limits.ts';
import { GlBufferObject, GlRenderbufferObject, GlTextureObject } from './objects.ts';
import type { BufferDescriptor, RenderbufferDescriptor, TextureDescriptor } from './types.ts';

export type GlPlan = Plan<Context>;

/** Throws GpuDescriptorError for a texture that the context cannot make. */
export function planTexture(descriptor: TextureDescriptor, { gl }: Context, label: string | undefined): GlPlan {
  const known = requireTexture(descriptor, gl);
  const { target, format, size, levels } = known;
  return {
    bytes: textureBytes(descriptor).high,
    key: ['texture', target, format.internalFormat, size.width, size.height, size.depthOrArrayLayers, levels].join(' '),
    label,
    mayBeOld: true,
    make: (context) => new GlTextureObject(context, known),
    clear: (_context, object) => clearTexture(object as GlTextureObject),
  };
}

/** Throws GpuDescriptorError for a renderbuffer that the context cannot make. */
export function planRenderbuffer(descriptor: RenderbufferDescriptor, { gl }: Context, label: string | undefined): GlPlan {
  const known = requireRenderbuffer(descriptor, gl);
  const { format, width, height, samples } = known;
  return {
    bytes: textureBytes({ internalFormat: format.internalFormat, size: [width, height], samples }).high,
    key: ['renderbuffer', format.internalFormat, width, height, samples].join(' '),
    label,
    mayBeOld: true,
    make: (context) => new GlRenderbufferObject(context, known),
    clear: (_context, object) => clearRenderbuffer(object as GlRenderbufferObject),
  };
}

/** Throws GpuDescriptorError for a buffer that WebGL cannot make. */
export function planBuffer(descriptor: BufferDescriptor, label: string | undefined): GlPlan {
  requireBuffer(descriptor);
  const { target = GL.ARRAY_BUFFER, usage = GL.STATIC_DRAW } = descriptor;
  const bytes = roundedUp(descriptor.size);
  const isOfElements = target === GL.ELEMENT_ARRAY_BUFFER;
  return {
    bytes,
    key: `${isOfElements ? 'elements' : 'buffer'} ${bytes} ${usage}`,
    label,
    mayBeOld: true,
    make: (context) => new GlBufferObject(context, bytes, usage, isOfElements),
    clear: (_context, object) => clearBuffer(object as GlBufferObject),
  };
}
