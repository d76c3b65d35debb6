// The usual way: sharp alone, the pixels dropped when they are not needed any more. Whether there are two or six images in memory is
// up to the collector.
import { collectGarbage } from '@handback/core';
import sharp from 'sharp';
import { setTimeout as sleep } from 'node:timers/promises';
import { imagesLoop, KEPT_MS } from './images-loop.ts';

async function useImage(path: string): Promise<void> {
  const pixels = await sharp(path).ensureAlpha().raw().toBuffer();
  await sleep(KEPT_MS);
  pixels.fill(0, 0, 64);
}

await imagesLoop(useImage, collectGarbage);
