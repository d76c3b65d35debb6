/** A scenario of a heap of WebGL2: what is left of the state of the context. */
import { errorsOf, newContext, newHeap, RGBA8 } from './context.ts';

/** What is bound and set before is bound and set afterwards; the parameters of a texture are as new ones have them. */
export async function state(): Promise<object> {
  const gl = newContext();
  await using heap = newHeap(gl);
  const mine = {
    texture: gl['createTexture'](),
    buffer: gl['createBuffer'](),
    pixels: gl['createBuffer'](),
    target: gl['createFramebuffer'](),
    renderbuffer: gl['createRenderbuffer'](),
  };
  gl['activeTexture'](gl['TEXTURE3']);
  gl['bindTexture'](gl['TEXTURE_2D'], mine.texture);
  gl['bindBuffer'](gl['COPY_WRITE_BUFFER'], mine.buffer);
  gl['bindBuffer'](gl['PIXEL_UNPACK_BUFFER'], mine.pixels);
  gl['bindFramebuffer'](gl['FRAMEBUFFER'], mine.target);
  gl['bindRenderbuffer'](gl['RENDERBUFFER'], mine.renderbuffer);
  gl['pixelStorei'](gl['UNPACK_ALIGNMENT'], 8);
  gl['pixelStorei'](gl['UNPACK_ROW_LENGTH'], 3);
  gl['pixelStorei'](gl['UNPACK_FLIP_Y_WEBGL'], true);
  gl['enable'](gl['SCISSOR_TEST']);
  gl['colorMask'](true, false, true, false);
  gl['depthMask'](false);
  gl['stencilMaskSeparate'](gl['FRONT'], 3);
  const names =
    'ACTIVE_TEXTURE TEXTURE_BINDING_2D COPY_WRITE_BUFFER_BINDING PIXEL_UNPACK_BUFFER_BINDING DRAW_FRAMEBUFFER_BINDING READ_FRAMEBUFFER_BINDING RENDERBUFFER_BINDING UNPACK_ALIGNMENT ' +
    'UNPACK_ROW_LENGTH UNPACK_FLIP_Y_WEBGL SCISSOR_TEST COLOR_WRITEMASK DEPTH_WRITEMASK STENCIL_WRITEMASK STENCIL_BACK_WRITEMASK';
  const look = (): unknown[] => names.split(' ').map((name) => gl['getParameter'](gl[name]) as unknown);
  const before = look();
  const parameters: unknown[] = [];
  for (let round = 0; round < 2; round++) {
    using texture = heap.createTextureSync({ internalFormat: RGBA8, size: [4, 4] });
    await heap.writeTexture({ texture, data: new Uint8Array(64) });
    gl['bindTexture'](gl['TEXTURE_2D'], texture.value);
    parameters.push(
      [gl['TEXTURE_WRAP_S'], gl['TEXTURE_MIN_FILTER'], gl['TEXTURE_MAX_LEVEL']].map((name) => gl['getTexParameter'](gl['TEXTURE_2D'], name) as unknown),
    );
    gl['texParameteri'](gl['TEXTURE_2D'], gl['TEXTURE_WRAP_S'], gl['CLAMP_TO_EDGE']);
    gl['texParameteri'](gl['TEXTURE_2D'], gl['TEXTURE_MAX_LEVEL'], 0);
    gl['bindTexture'](gl['TEXTURE_2D'], mine.texture);
    heap.createRenderbufferSync({ internalFormat: RGBA8, size: [8, 8] }).dispose();
    using buffer = heap.createBufferSync({ size: 64 });
    await heap.writeBuffer({ buffer, data: new Uint8Array(64) });
  }
  const after = look();
  const changed = names
    .split(' ')
    .filter(
      (_, index) =>
        JSON.stringify(before[index]) !== JSON.stringify(after[index]) ||
        (typeof before[index] === 'object' && !ArrayBuffer.isView(before[index]) && !Array.isArray(before[index]) && before[index] !== after[index]),
    );
  return { changed, parameters, errors: errorsOf(gl) };
}
