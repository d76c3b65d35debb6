// Forgotten, under a budget of 64 MiB: the next image does not fit beside it, so the forgotten one is found and given back first. On
// Node 20 a decode takes more than the whole budget for a moment (the pixels are there twice), so it may run where it is alone.
import { collectGarbage } from '@handback/core';
import { decode, imageMemory } from '@handback/image';
import { setTimeout as sleep } from 'node:timers/promises';
import { imagesLoop, KEPT_MS } from './images-loop.ts';

imageMemory.resize(64 * 2 ** 20);

async function useImage(path: string): Promise<void> {
  const image = await decode(path, { oversize: 'alone' });
  await sleep(KEPT_MS);
  image.data.fill(0, 0, 64);
}

await imagesLoop(useImage, collectGarbage);
