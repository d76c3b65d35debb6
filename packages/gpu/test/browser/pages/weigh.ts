/** A texture or renderbuffer of each description, touched once, and held while somebody looks at what the GPU process takes. */
import { textureBytes, type RenderbufferDescriptor, type TextureDescriptor } from '@handback/gpu/webgl';
import { errorsOf, newContext, newHeap, turn } from './context.ts';

declare const look: () => Promise<number>;

export interface Weighed {
  readonly low: number;
  readonly high: number;
  readonly grown: number;
}

/** `look` answers the bytes of the GPU process. */
export async function weigh(descriptors: (TextureDescriptor & RenderbufferDescriptor)[]): Promise<{ weighed: Weighed[]; errors: number[] }> {
  const gl = newContext();
  gl['getExtension']('EXT_color_buffer_float');
  await using heap = newHeap(gl, { capacity: 2 ** 40, maxIdle: 0 });
  const settled = async (): Promise<number> => {
    gl['finish']();
    await heap.settled();
    await turn(50);
    return look();
  };
  const weighed: Weighed[] = [];
  // The first takes what the driver needs for itself.
  heap.createTextureSync({ internalFormat: 0x8058, size: [2_048, 2_048] }).dispose();
  for (const descriptor of descriptors) {
    const before = await settled();
    const handle = descriptor.samples === undefined ? heap.createTextureSync(descriptor) : heap.createRenderbufferSync(descriptor);
    const grown = (await settled()) - before;
    weighed.push({ ...textureBytes(descriptor), grown });
    handle.dispose();
  }
  return { weighed, errors: errorsOf(gl) };
}
