// A heap of WebGL2 in a real browser follows its context: lost, it says so at the call; given back, it goes on.
import { afterAll, describe, expect, test } from 'vitest';
import { missing, openBrowser } from './browser.ts';

const MiB = 2 ** 20;
type Scenarios = typeof import('./pages/webgl-loss.ts');

describe.skipIf(missing !== undefined)('a context of WebGL2 that is lost', async () => {
  const browser = missing === undefined ? await openBrowser() : (undefined as never);
  const run = missing === undefined ? browser.scenarios<Scenarios>('webgl-loss') : (undefined as never);
  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    expect(browser.errors).toEqual([]);
  });

  test('makes handles fail at once, rejects who waits, and empties the account; restored, handles are made anew when used', async () => {
    const zero = { live: 0, idle: 0, retired: 0, staging: 0 };
    const kept = 1_024 + 64 * 64 * 2;
    const seen = (await run('lossAndRestoration')) as Record<string, unknown>;
    expect(seen).toMatchObject({
      before: { live: 4 * MiB + kept, idle: MiB / 2, retired: 0 },
      ...{ zero, told: { reason: 'unknown' }, first: 0, used: 0, errors: [] },
      again: { isNew: true, isTexture: true, same: true, live: MiB },
      ...{ all: MiB + kept, restored: ['map true', 'points true'] },
      after: { live: 0, retired: 0, staging: 0, idle: MiB + kept },
    });
    const { atOnce, waited } = seen as Record<string, string[]>;
    expect(atOnce?.[0]).toMatch(/^DeviceLostError: Cannot use 'map': the context was lost/);
    for (const told of [...(atOnce ?? []), ...(waited ?? [])]) expect(told).toMatch(/^DeviceLostError.*heap\.attach/);
  });

  test('is noticed by its event alone, as often as it happens; an app that hears of the restoration first can create', async () => {
    const rejected = expect.stringMatching(/^DeviceLostError: the context was lost/) as string;
    for (const isOffscreen of [false, true]) {
      const expected = { told: [rejected, rejected, rejected], early: ['none', 'none', 'none'], live: 0, retired: 0, errors: [] };
      expect(await run('byEventAlone', isOffscreen)).toEqual(expected);
    }
  });

  test('a framebuffer keeps what is attached, and is made anew with it', async () => {
    const kept = 2 * MiB + 2 * 512 * 512;
    const green = [0, 255, 0, 255];
    expect(await run('framebuffers')).toEqual({
      ...{ isMine: true, kept, drawn: [green, green], again: kept, live: 0, gone: true, used: 0, errors: [] },
      wrong: expect.stringMatching(/^GpuDescriptorError: No such framebuffer 'odd': its status is 0x8cd6/),
      told: expect.stringMatching(/^DeviceLostError: .*'target'/),
    });
  });

  test('can be followed by another one', async () => {
    const lost = expect.stringMatching(/^DeviceLostError: Cannot use 'map'/) as string;
    expect(await run('anotherContext')).toEqual({ tooEarly: expect.stringMatching(/^TypeError/), lost, isTexture: true, again: lost, live: 0, errors: [] });
  });
});
