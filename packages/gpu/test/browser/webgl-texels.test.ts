// A heap of WebGL2 in a real browser: no texel of a former owner is seen, uploads arrive, and the state of the context is the app's.
import { afterAll, describe, expect, test } from 'vitest';
import { missing, openBrowser } from './browser.ts';

type Scenarios = typeof import('./pages/webgl-texels.ts');

describe.skipIf(missing !== undefined)('what is in the memory of WebGL2', async () => {
  const browser = missing === undefined ? await openBrowser() : (undefined as never);
  const run = missing === undefined ? browser.scenarios<Scenarios>('webgl-texels') : (undefined as never);
  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    expect(browser.errors).toEqual([]);
  });

  test('a texture of any format that is used again is zero, as a new one, on all levels', async () => {
    const { seen, errors } = (await run('formats')) as { seen: Record<string, number[]>; errors: number[] };
    expect(errors).toEqual([]);
    expect(Object.keys(seen).length).toBeGreaterThan(55);
    for (const [name, parts] of Object.entries(seen)) {
      // A new depth is one, and a block of zeros is a colour in most compressed formats, as it is when the texture is new.
      if (/ of |ASTC/.test(name)) continue;
      const expected = name === 'DEPTH32F_STENCIL8' ? [1, 1, 1] : name.startsWith('DEPTH') ? [1, 0, 0, 1, 1] : [0, 1, 1, 0, 0];
      expect([name, parts]).toEqual([name, expected]);
    }
  });

  test('each image of arrays, volumes and cube maps has its upload, and is zero when used again', async () => {
    const same = [Array(6).fill(0), [10, 11, 12, 13, 14, 15], Array(6).fill(0)];
    expect(await run('images')).toEqual({ found: { array: same, volume: same, cube: same }, errors: [] });
  });

  test('uploads arrive: whole in many pieces, in part with gaps, and as a picture; what does not fit is refused', async () => {
    const { wrong, most, ...rest } = (await run('uploads')) as { wrong: string[]; most: number };
    expect(rest).toEqual({ whole: true, part: true, pictured: true, staging: 0, errors: [] });
    expect(most).toBe(16 * 1_024);
    expect(wrong).toEqual([
      expect.stringMatching(/^RangeError: .*1048575 bytes.*needs 1048576/),
      expect.stringMatching(/^RangeError: .*not within/),
      expect.stringMatching(/^RangeError: .*`level`/),
      expect.stringMatching(/^RangeError: .*rows of 80 bytes/),
      expect.stringMatching(/^RangeError: .*multiple of 4/),
      expect.stringMatching(/^RangeError: .*not within/),
    ]);
  });

  test('renderbuffers of all formats are made, counted with their samples, and zero when used again', async () => {
    const { made, byteLength, values, errors } = (await run('renderbuffers')) as { made: number; byteLength: number; values: number[]; errors: number[] };
    expect(made).toBeGreaterThan(30);
    expect([byteLength % (64 * 64 * 4), byteLength >= 2 * 64 * 64 * 4]).toEqual([0, true]);
    expect([values, errors]).toEqual([[0, 255, 0, 255], []]);
  });

  test('buffers are rounded up, zero when used again, and those of elements kept apart', async () => {
    const written = [9, 1, 0, 2, 0, 9];
    expect(await run('buffers')).toEqual({
      seen: [
        [212_992, false, 0, written],
        [212_992, true, 0, written],
        [212_992, false, 0, written],
        [212_992, true, 0, written],
      ],
      wrong: expect.stringMatching(/^RangeError: 4 bytes at 14 do not fit a buffer of 16/),
      errors: [],
    });
  });

  test('leaves the state of the context as it was; parameters of a texture that is used again are those of a new one', async () => {
    const state = browser.scenarios<typeof import('./pages/webgl-state.ts')>('webgl-state');
    expect(await state('state')).toEqual({
      changed: [],
      parameters: [
        [10_497, 9_986, 1_000],
        [10_497, 9_986, 1_000],
      ],
      errors: [],
    });
  });
});
