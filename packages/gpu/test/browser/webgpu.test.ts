// GpuHeap in a real browser: its promises hold there as they do on Dawn in Node.
import { afterAll, describe, expect, test } from 'vitest';
import { missing, openBrowser } from './browser.ts';

const MiB = 2 ** 20;
type Scenarios = typeof import('./pages/webgpu.ts');

describe.skipIf(missing !== undefined)('GpuHeap in a browser', async () => {
  const browser = missing === undefined ? await openBrowser() : (undefined as never);
  const run = missing === undefined ? browser.scenarios<Scenarios>('webgpu') : (undefined as never);
  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    expect(browser.errors).toEqual([]);
  });

  test('counts a texture while it is held, while the queue is not done with it, and while it is idle', async () => {
    expect(await run('counts')).toMatchObject({
      seen: [
        { live: MiB, idle: 0, retired: 0, staging: MiB },
        { live: 0, idle: 0, retired: MiB, staging: MiB },
        { live: 0, idle: MiB, retired: 0, staging: 0 },
      ],
      errors: [],
    });
  });

  test('a texture that is used again is zero, as a new one', async () => {
    expect(await run('reuse')).toEqual({ values: [[0], [100], [0], [101]], errors: [] });
  });

  test('a dispose between encode and submit lets the submit work', async () => {
    expect(await run('disposeBeforeSubmit')).toMatchObject({ stats: { live: 0, retired: 0, staging: 0 }, errors: [] });
  });

  test('100 textures asked for at once, of four sizes, with uploads, in a budget for a few', async () => {
    const { most, errors } = (await run('pressure')) as { most: number; errors: string[] };
    expect([most <= 16 * MiB, errors]).toEqual([true, []]);
  });

  test('a device that is lost rejects who waits, empties the account, and is followed by another', async () => {
    const lost = expect.stringMatching(/^DeviceLostError/) as string;
    expect(await run('loss')).toEqual({ reason: 'destroyed', told: [lost, lost, lost], used: 0, width: 512, live: MiB, errors: [] });
  });
});
