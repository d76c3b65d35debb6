/** Reads textures of any format as a shader sees them, and renderbuffers and buffers as WebGL gives them. */
import type { PageGl } from './context.ts';

const VERTEX = `#version 300 es
void main() { gl_Position = vec4(vec2(gl_VertexID & 1, gl_VertexID >> 1) * 4.0 - 1.0, 0.0, 1.0); }`;

function fragment(prefix: string): string {
  return `#version 300 es
precision highp float; precision highp int; precision highp ${prefix}sampler2D;
uniform ${prefix}sampler2D source; uniform int level; out vec4 color;
void main() { bvec3 set = notEqual(texelFetch(source, ivec2(gl_FragCoord.xy), level).rgb, ${prefix}vec3(0)); color = vec4(any(set) ? 1.0 : 0.0, 0.0, 0.0, 1.0); }`;
}

/** The part of a level's texels (of a 2D texture) in which any of red, green and blue is not zero. */
export function partSet(gl: PageGl, texture: object, store: string, level: number, [width, height]: readonly [number, number]): number {
  const program = programOf(gl, fragment({ int: 'i', uint: 'u' }[store] ?? ''));
  const target = gl['createTexture']();
  gl['bindTexture'](gl['TEXTURE_2D'], target);
  gl['texStorage2D'](gl['TEXTURE_2D'], 1, gl['RGBA8'], width, height);
  const framebuffer = gl['createFramebuffer']();
  gl['bindFramebuffer'](gl['FRAMEBUFFER'], framebuffer);
  gl['framebufferTexture2D'](gl['FRAMEBUFFER'], gl['COLOR_ATTACHMENT0'], gl['TEXTURE_2D'], target, 0);
  gl['viewport'](0, 0, width, height);
  gl['useProgram'](program);
  gl['bindTexture'](gl['TEXTURE_2D'], texture);
  // Else what cannot be filtered reads as black.
  for (const filter of [gl['TEXTURE_MIN_FILTER'], gl['TEXTURE_MAG_FILTER']])
    gl['texParameteri'](gl['TEXTURE_2D'], filter, filter === gl['TEXTURE_MIN_FILTER'] ? gl['NEAREST_MIPMAP_NEAREST'] : gl['NEAREST']);
  gl['uniform1i'](gl['getUniformLocation'](program, 'level'), level);
  gl['drawArrays'](gl['TRIANGLES'], 0, 3);
  const pixels = new Uint8Array(4 * width * height);
  gl['readPixels'](0, 0, width, height, gl['RGBA'], gl['UNSIGNED_BYTE'], pixels);
  gl['deleteFramebuffer'](framebuffer);
  gl['deleteTexture'](target);
  gl['bindTexture'](gl['TEXTURE_2D'], null);
  return pixels.filter((value, index) => index % 4 === 0 && value > 0).length / (width * height);
}

const programs = new Map<string, object>();

function programOf(gl: PageGl, source: string): object {
  const known = programs.get(source);
  if (known !== undefined) return known;
  const program = gl['createProgram']();
  for (const [kind, text] of [
    [gl['VERTEX_SHADER'], VERTEX],
    [gl['FRAGMENT_SHADER'], source],
  ]) {
    const shader = gl['createShader'](kind);
    gl['shaderSource'](shader, text);
    gl['compileShader'](shader);
    gl['attachShader'](program, shader);
  }
  gl['linkProgram'](program);
  if (gl['getProgramParameter'](program, gl['LINK_STATUS']) !== true) throw new Error(gl['getProgramInfoLog'](program));
  programs.set(source, program);
  return program;
}

/** Texels of one image of RGBA8, where `attach` puts it on the bound framebuffer. */
export function readImage(gl: PageGl, [width, height]: readonly [number, number], attach: () => void): Uint8Array {
  const framebuffer = gl['createFramebuffer']();
  gl['bindFramebuffer'](gl['FRAMEBUFFER'], framebuffer);
  attach();
  const pixels = new Uint8Array(4 * width * height);
  gl['readPixels'](0, 0, width, height, gl['RGBA'], gl['UNSIGNED_BYTE'], pixels);
  gl['bindFramebuffer'](gl['FRAMEBUFFER'], null);
  gl['deleteFramebuffer'](framebuffer);
  return pixels;
}

export function readBuffer(gl: PageGl, buffer: object, bytes: number): Uint8Array {
  const data = new Uint8Array(bytes);
  gl['bindBuffer'](gl['COPY_READ_BUFFER'], buffer);
  gl['getBufferSubData'](gl['COPY_READ_BUFFER'], 0, data);
  gl['bindBuffer'](gl['COPY_READ_BUFFER'], null);
  return data;
}
