// Nothing forgotten: `using` gives each texture back at the end of its function, and the heap keeps the memory of one for the next.
import { GpuHeap } from '@handback/gpu';
import { setTimeout as sleep } from 'node:timers/promises';
import { KEPT_MS, openLoop, SIZE, texturesLoop, USAGE } from './textures-loop.ts';

const { device, texels } = await openLoop();
const heap = new GpuHeap(device, { capacity: 64 * 2 ** 20 });

async function useTexture(): Promise<void> {
  using texture = await heap.createTexture({ size: SIZE, format: 'rgba8unorm', usage: USAGE }, { clear: false });
  await heap.writeTexture({ texture, data: texels });
  await sleep(KEPT_MS);
}

await texturesLoop(useTexture, () => heap.disposeAsync());
