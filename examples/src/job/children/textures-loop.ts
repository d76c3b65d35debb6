// The frame of the graph of textures: each of 32 MiB is made and uploaded by a function of its own, that keeps it for a fiftieth of a
// second. One small texture goes first, so that the driver is awake before the base is taken.
import { collectGarbage } from '@handback/core';
import { setTimeout as sleep } from 'node:timers/promises';
import { openGpuDevice, type GpuDevice } from '../../native/gpu-device.ts';
import { report } from './report.ts';

const TEXTURES = Number(process.env['TEXTURES'] ?? 25);
export const SIZE: readonly [number, number] = [4096, 2048];
export const KEPT_MS = 20;
const SETTLE_MS = 150;
/** COPY_SRC, COPY_DST and TEXTURE_BINDING. */
export const USAGE: number = 0x1 | 0x2 | 0x4;

/** Opens the device; `texels` are those of every texture. */
export async function openLoop(): Promise<GpuDevice & { texels: Uint8Array }> {
  const opened = await openGpuDevice();
  const { device } = opened;
  const small = device.createTexture({ size: [64, 64], format: 'rgba8unorm', usage: USAGE });
  device.queue.writeTexture({ texture: small }, new Uint8Array(64 * 64 * 4), { bytesPerRow: 256 }, [64, 64]);
  await device.queue.onSubmittedWorkDone();
  small.destroy();
  return { ...opened, texels: new Uint8Array(SIZE[0] * SIZE[1] * 4).fill(100) };
}

/** Runs `useTexture` 25 times, then collects, and tells the parent where each stretch begins. */
export async function texturesLoop(useTexture: () => Promise<void>, end: () => unknown): Promise<void> {
  await sleep(SETTLE_MS);
  report({ type: 'mark', name: 'start' });
  for (let done = 1; done <= TEXTURES; done += 1) {
    await useTexture();
    report({ type: 'progress', done, total: TEXTURES });
  }
  report({ type: 'mark', name: 'last' });
  await sleep(SETTLE_MS);
  await collectGarbage(); // one collection is asked for after the last texture
  await end();
  await sleep(SETTLE_MS);
  report({ type: 'mark', name: 'end' });
  process.exit(0); // Dawn would keep the process
}
