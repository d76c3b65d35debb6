// Destroyed as soon as possible, but nobody asks how far the queue has come: until then Dawn keeps the texture and the copy of its texels.
import { setTimeout as sleep } from 'node:timers/promises';
import { KEPT_MS, openLoop, SIZE, texturesLoop, USAGE } from './textures-loop.ts';

const { device, texels } = await openLoop();

async function useTexture(): Promise<void> {
  const texture = device.createTexture({ size: SIZE, format: 'rgba8unorm', usage: USAGE });
  device.queue.writeTexture({ texture }, texels, { bytesPerRow: SIZE[0] * 4 }, SIZE);
  await sleep(KEPT_MS);
  texture.destroy();
}

await texturesLoop(useTexture, () => device.queue.onSubmittedWorkDone());
