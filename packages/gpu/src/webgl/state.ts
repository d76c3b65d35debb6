/**
 * The state of the context is the app's: what is bound or set here is put back. Chromium knows bindings and unpack parameters by itself
 * (under a microsecond); for masks it asks the GPU process, 70 to 100 microseconds each.
 */
import { GL, TEXTURE_BINDINGS } from './enums.ts';
import type { GlShape } from './types.ts';

export function withTexture<R>(gl: GlShape, target: number, texture: object, body: () => R): R {
  const before = gl.getParameter(TEXTURE_BINDINGS.get(target) as number) as object | null;
  gl.bindTexture(target, texture);
  try {
    return body();
  } finally {
    gl.bindTexture(target, before);
  }
}

/** Through a target that has nothing to do with drawing. */
export function withCopyBuffer<R>(gl: GlShape, buffer: object, body: () => R): R {
  const before = gl.getParameter(GL.COPY_WRITE_BUFFER) as object | null;
  gl.bindBuffer(GL.COPY_WRITE_BUFFER, buffer);
  try {
    return body();
  } finally {
    gl.bindBuffer(GL.COPY_WRITE_BUFFER, before);
  }
}

/** Where a buffer is bound first decides for ever whether it is of elements. */
export function bindToElements(gl: GlShape, buffer: object): void {
  const before = gl.getParameter(GL.ELEMENT_ARRAY_BUFFER_BINDING) as object | null;
  gl.bindBuffer(GL.ELEMENT_ARRAY_BUFFER, buffer);
  gl.bindBuffer(GL.ELEMENT_ARRAY_BUFFER, before);
}

export function withRenderbuffer<R>(gl: GlShape, renderbuffer: object, body: () => R): R {
  const before = gl.getParameter(GL.RENDERBUFFER_BINDING) as object | null;
  gl.bindRenderbuffer(GL.RENDERBUFFER, renderbuffer);
  try {
    return body();
  } finally {
    gl.bindRenderbuffer(GL.RENDERBUFFER, before);
  }
}

/** What uploads of arrays begin with: rows and images without gaps, as they are. */
const PLAIN: readonly (readonly [name: number, value: number | boolean])[] = [
  [GL.UNPACK_ALIGNMENT, 1],
  [GL.UNPACK_ROW_LENGTH, 0],
  [GL.UNPACK_IMAGE_HEIGHT, 0],
  [GL.UNPACK_SKIP_ROWS, 0],
  [GL.UNPACK_SKIP_PIXELS, 0],
  [GL.UNPACK_SKIP_IMAGES, 0],
  [GL.UNPACK_FLIP_Y_WEBGL, false],
  [GL.UNPACK_PREMULTIPLY_ALPHA_WEBGL, false],
];

/** Uploads from `buffer`, or from memory where that is null. `shape` is the length of rows in texels, and the rows of an image. */
export function withUnpack<R>(gl: GlShape, buffer: object | null, shape: readonly [row: number, image: number], body: () => R): R {
  const bound = gl.getParameter(GL.PIXEL_UNPACK_BUFFER_BINDING) as object | null;
  const before = PLAIN.map(([name]) => [name, gl.getParameter(name) as number | boolean] as const);
  gl.bindBuffer(GL.PIXEL_UNPACK_BUFFER, buffer);
  for (const [name, value] of PLAIN) gl.pixelStorei(name, value);
  gl.pixelStorei(GL.UNPACK_ROW_LENGTH, shape[0]);
  gl.pixelStorei(GL.UNPACK_IMAGE_HEIGHT, shape[1]);
  try {
    return body();
  } finally {
    for (const [name, value] of before) gl.pixelStorei(name, value);
    gl.bindBuffer(GL.PIXEL_UNPACK_BUFFER, bound);
  }
}

/** Uploads a picture: turned and multiplied as the app has set it, from no buffer. */
export function withoutUnpackBuffer<R>(gl: GlShape, body: () => R): R {
  const bound = gl.getParameter(GL.PIXEL_UNPACK_BUFFER_BINDING) as object | null;
  gl.bindBuffer(GL.PIXEL_UNPACK_BUFFER, null);
  try {
    return body();
  } finally {
    gl.bindBuffer(GL.PIXEL_UNPACK_BUFFER, bound);
  }
}

export function withDrawFramebuffer<R>(gl: GlShape, framebuffer: object, body: () => R): R {
  const bound = gl.getParameter(GL.FRAMEBUFFER_BINDING) as object | null;
  gl.bindFramebuffer(GL.DRAW_FRAMEBUFFER, framebuffer);
  try {
    return body();
  } finally {
    gl.bindFramebuffer(GL.DRAW_FRAMEBUFFER, bound);
  }
}

/** Clears into a framebuffer, all of it, whatever masks the app has set. */
export function withAllOfFramebuffer<R>(gl: GlShape, framebuffer: object, body: () => R): R {
  const switches = [GL.SCISSOR_TEST, GL.RASTERIZER_DISCARD].filter((capability) => gl.isEnabled(capability));
  const color = gl.getParameter(GL.COLOR_WRITEMASK) as [boolean, boolean, boolean, boolean];
  const depth = gl.getParameter(GL.DEPTH_WRITEMASK) as boolean;
  const front = gl.getParameter(GL.STENCIL_WRITEMASK) as number;
  const back = gl.getParameter(GL.STENCIL_BACK_WRITEMASK) as number;
  for (const capability of switches) gl.disable(capability);
  gl.colorMask(true, true, true, true);
  gl.depthMask(true);
  for (const face of [GL.FRONT, GL.BACK]) gl.stencilMaskSeparate(face, 0xff);
  try {
    return withDrawFramebuffer(gl, framebuffer, body);
  } finally {
    gl.stencilMaskSeparate(GL.FRONT, front);
    gl.stencilMaskSeparate(GL.BACK, back);
    gl.depthMask(depth);
    gl.colorMask(...color);
    for (const capability of switches) gl.enable(capability);
  }
}
