// Dropped: the collector sees 25 small objects and no reason to run.
import { setTimeout as sleep } from 'node:timers/promises';
import { KEPT_MS, openLoop, SIZE, texturesLoop, USAGE } from './textures-loop.ts';

const { device, texels } = await openLoop();

async function useTexture(): Promise<void> {
  const texture = device.createTexture({ size: SIZE, format: 'rgba8unorm', usage: USAGE });
  device.queue.writeTexture({ texture }, texels, { bytesPerRow: SIZE[0] * 4 }, SIZE);
  await sleep(KEPT_MS);
}

await texturesLoop(useTexture, () => device.queue.onSubmittedWorkDone());
