// Nothing forgotten: `using` gives the pixels back at the end of the function.
import { collectGarbage } from '@handback/core';
import { decode } from '@handback/image';
import { setTimeout as sleep } from 'node:timers/promises';
import { imagesLoop, KEPT_MS } from './images-loop.ts';

async function useImage(path: string): Promise<void> {
  using image = await decode(path);
  await sleep(KEPT_MS);
  image.data.fill(0, 0, 64);
}

await imagesLoop(useImage, collectGarbage);
