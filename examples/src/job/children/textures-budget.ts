// Forgotten, in a heap of 64 MiB: an eighth of it is for uploads, so one texture fits beside them, and the second one has the first,
// forgotten one found.
import { GpuHeap } from '@handback/gpu';
import { setTimeout as sleep } from 'node:timers/promises';
import { KEPT_MS, openLoop, SIZE, texturesLoop, USAGE } from './textures-loop.ts';

const { device, texels } = await openLoop();
const heap = new GpuHeap(device, { capacity: 64 * 2 ** 20 });

async function useTexture(): Promise<void> {
  // All of it is written, so it need not be cleared.
  const texture = await heap.createTexture({ size: SIZE, format: 'rgba8unorm', usage: USAGE }, { clear: false });
  await heap.writeTexture({ texture, data: texels });
  await sleep(KEPT_MS);
}

await texturesLoop(useTexture, () => heap.disposeAsync());
