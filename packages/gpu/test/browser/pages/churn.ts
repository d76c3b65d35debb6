/** 1,500 textures, 1 MiB or a little more each, with uploads: what the GPU process takes meanwhile is looked at from outside. */
import { GpuHeap, type Device } from '@handback/gpu';
import { errorsOf, MiB, newContext, newHeap, RGBA8, type PageGl } from './context.ts';

const COUNT = 1_500;
const DATA = new Uint8Array(2 * MiB).fill(7);

/** Of one size, so that a pool serves, or of a hundred, so that memory comes and goes. */
export type Sizes = 'one size' | 'many sizes';

function heightOf(index: number, sizes: Sizes): number {
  return 512 + (sizes === 'one size' ? 0 : index % 100);
}

/** The GPU process begins with the first who wants it, and takes some memory for itself. */
export async function begin(platform: 'webgl' | 'webgpu'): Promise<void> {
  if (platform === 'webgl') newContext()['finish']();
  else await (await newDevice()).queue.onSubmittedWorkDone();
}

async function newDevice(): Promise<GPUDevice> {
  const { navigator } = globalThis as unknown as { navigator: { gpu: { requestAdapter(): Promise<{ requestDevice(): Promise<GPUDevice> }> } } };
  return await (await navigator.gpu.requestAdapter()).requestDevice();
}

/** By the heap, each in a `using` block. Answers the milliseconds. */
export async function webgl(capacity: number, sizes: Sizes): Promise<{ took: number; most: number; errors: number[] }> {
  const gl = newContext();
  await using heap = newHeap(gl, { capacity });
  let most = 0;
  const began = performance.now();
  for (let index = 0; index < COUNT; index++) {
    const height = heightOf(index, sizes);
    using texture = await heap.createTexture({ internalFormat: RGBA8, size: [512, height] });
    await heap.writeTexture({ texture, data: DATA });
    most = Math.max(most, heap.budget.stats().used);
  }
  await heap.settled();
  return { took: performance.now() - began, most, errors: errorsOf(gl) };
}

export async function webgpu(capacity: number, sizes: Sizes): Promise<{ took: number; most: number; errors: number[] }> {
  const device = await newDevice();
  await using heap = new GpuHeap(device as unknown as Device, { capacity });
  let most = 0;
  const began = performance.now();
  for (let index = 0; index < COUNT; index++) {
    using texture = await heap.createTexture({ size: [512, heightOf(index, sizes)], format: 'rgba8unorm', usage: 0x1 | 0x2 | 0x4 | 0x10 });
    await heap.writeTexture({ texture, data: DATA });
    most = Math.max(most, heap.budget.stats().used);
  }
  await heap.settled();
  return { took: performance.now() - began, most, errors: [] };
}

/** Without a heap: deleted as it should be, or forgotten. */
export async function bare(way: 'deleted' | 'forgotten', sizes: Sizes): Promise<{ took: number; errors: number[] }> {
  const gl: PageGl = newContext();
  const began = performance.now();
  for (let index = 0; index < COUNT; index++) {
    const height = heightOf(index, sizes);
    const texture = gl['createTexture']();
    gl['bindTexture'](gl['TEXTURE_2D'], texture);
    gl['texStorage2D'](gl['TEXTURE_2D'], 1, RGBA8, 512, height);
    gl['texSubImage2D'](gl['TEXTURE_2D'], 0, 0, 0, 512, height, gl['RGBA'], gl['UNSIGNED_BYTE'], DATA);
    if (way === 'deleted') gl['deleteTexture'](texture);
    if (index % 16 === 0) await new Promise((resolve) => setTimeout(resolve));
  }
  gl['finish']();
  return { took: performance.now() - began, errors: errorsOf(gl) };
}
