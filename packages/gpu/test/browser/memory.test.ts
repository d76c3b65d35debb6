// 1,500 textures of 1 MiB, uploaded and disposed: what chromium's GPU process takes by the system's books stays near the budget.
import { describe, expect, test } from 'vitest';
import { missing, openBrowser } from './browser.ts';
import type { Sizes } from './pages/churn.ts';

const MiB = 2 ** 20;
const CAPACITY = 64 * MiB;
type Scenarios = typeof import('./pages/churn.ts');

describe.skipIf(missing !== undefined)('the memory of the GPU process', () => {
  // Dawn keeps heaps of 8 MiB for small textures, and chromium copies uploads once more.
  for (const [platform, times] of [
    ['webgl', 2],
    ['webgpu', 5],
  ] as const) {
    for (const sizes of ['one size', 'many sizes'] as const) {
      test(`stays near a budget of 64 MiB: ${platform}, ${sizes}`, { timeout: 120_000 }, async () => {
        const { grown, most, errors } = await measure(platform, sizes);
        expect([most <= CAPACITY, errors]).toEqual([true, []]);
        expect(grown).toBeLessThan(times * CAPACITY);
      });
    }
  }

  test('grows by all of them where they are forgotten, so the test can fail', { timeout: 120_000 }, async () => {
    await using browser = await openBrowser();
    const run = browser.scenarios<Scenarios>('churn');
    await run('begin', 'webgl');
    const before = browser.memory().peak;
    await run('bare', 'forgotten', 'one size');
    console.log(`forgotten: ${Math.round((browser.memory().peak - before) / MiB)} MiB`);
    expect(browser.memory().peak - before).toBeGreaterThan(1_000 * MiB);
  });
});

async function measure(platform: 'webgl' | 'webgpu', sizes: Sizes): Promise<{ grown: number; most: number; errors: unknown[] }> {
  await using browser = await openBrowser();
  const run = browser.scenarios<Scenarios>('churn');
  await run('begin', platform);
  const before = browser.memory().peak;
  const { most, took, errors } = await run(platform, CAPACITY, sizes);
  const grown = browser.memory().peak - before;
  console.log(
    `${platform}, ${sizes}: at most ${Math.round(most / MiB)} MiB on the account, the process grew by ${Math.round(grown / MiB)} MiB at most, ${Math.round(took)} ms`,
  );
  return { grown, most, errors: [...errors, ...browser.errors] };
}
