// A heap of WebGL2 in a real browser: what is on the account, who is admitted, what is refused.
import { afterAll, describe, expect, test } from 'vitest';
import { missing, openBrowser } from './browser.ts';

const MiB = 2 ** 20;
type Scenarios = typeof import('./pages/webgl-account.ts');

describe.skipIf(missing !== undefined)('a heap of WebGL2', async () => {
  const browser = missing === undefined ? await openBrowser() : (undefined as never);
  const run = missing === undefined ? browser.scenarios<Scenarios>('webgl-account') : (undefined as never);
  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    expect(browser.errors).toEqual([]);
  });

  test('counts a texture while it is held, until a fence is passed, and while it is idle', async () => {
    const counted = await run('counts');
    expect(counted).toMatchObject({
      ...{ byteLength: MiB, label: 'tile', isTexture: true, won: MiB, used: 0, errors: [] },
      seen: [
        { live: MiB, idle: 0, retired: 0, staging: MiB, capacity: 16 * MiB },
        { live: 0, idle: 0, retired: MiB, staging: MiB, capacity: 16 * MiB },
        { live: 0, idle: MiB, retired: 0, staging: 0, capacity: 16 * MiB },
      ],
    });
    for (const told of (counted as { afterDispose: string[] }).afterDispose) expect(told).toMatch(/^DisposedError: .*tile/);
  });

  test('what is disposed, and what is uploaded, counts for as long as its fence is not passed', async () => {
    expect(await run('lateFence')).toMatchObject({
      seen: [
        { live: 0, idle: 0, retired: MiB, staging: MiB },
        { live: 0, idle: 0, retired: 0, staging: 0 },
      ],
      exists: [true, false],
      errors: [],
    });
  });

  test('admits waiters in the order in which they asked; within the call it throws, and names who holds it', async () => {
    const { full, served, most, gaveUp, tooLate, after, errors } = (await run('order')) as Record<string, never>;
    expect(full).toMatch(/^BudgetExceededError: /);
    expect(served).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(most).toBeLessThanOrEqual(4 * MiB);
    expect([gaveUp, tooLate]).toEqual([expect.stringMatching(/^TimeoutError/), expect.stringMatching(/^AcquireTimeoutError/)]);
    expect([after, errors]).toEqual([expect.objectContaining({ used: 0, waiting: 0 }), []]);
  });

  test('100 textures asked for at once, of four sizes, with uploads, in a budget for a few', async () => {
    const { most, errors } = (await run('pressure')) as { most: number; errors: number[] };
    expect([most <= 16 * MiB, errors]).toEqual([true, []]);
  });

  test('what was disposed is used again within the same turn', async () => {
    expect(await run('loop')).toEqual({ made: 1, retired: MiB, live: 0, idle: MiB, errors: [] });
  });

  test('keeps no more idle than it was told, the last used, and not for ever', async () => {
    const { kept, again, afterwards, used, errors } = (await run('idle')) as Record<string, number>;
    expect(kept).toBeLessThanOrEqual(3 * MiB);
    expect([again, afterwards, used, errors]).toEqual([[true, true, false, false], 0, 0, []]);
  });

  test('what was forgotten blocks until the engine collects, or the time is over; nothing breaks', async () => {
    expect(await run('forgotten')).toEqual({ late: expect.stringMatching(/^(none$|AcquireTimeoutError: .*forgotten)/s), after: 'none', errors: [] });
  });

  test('what was forgotten comes back where there is a collection', async () => {
    await using collecting = await openBrowser({ gc: true });
    expect(await collecting.scenarios<Scenarios>('webgl-account')('forgotten')).toEqual({ late: 'none', after: 'none', errors: [] });
  });

  const RGBA8 = 0x8058;
  const refused: [object, RegExp][] = [
    [{ internalFormat: RGBA8, size: [100_000, 4] }, /width is 100000, more than the context's limit, MAX_TEXTURE_SIZE: \d+/],
    [{ internalFormat: RGBA8, size: [4, 4, 2] }, /layers is 2.*TEXTURE_2D_ARRAY/],
    [{ internalFormat: RGBA8, size: [4, 4, 100_000], target: 0x8c1a }, /layers is 100000.*MAX_ARRAY_TEXTURE_LAYERS: \d+/],
    [{ internalFormat: RGBA8, size: [4, 100_000, 4], target: 0x806f }, /height is 100000.*MAX_3D_TEXTURE_SIZE: \d+/],
    [{ internalFormat: RGBA8, size: [4, 8], target: 0x8513 }, /square, not 4 × 8/],
    [{ internalFormat: RGBA8, size: [0, 4] }, /width.*from 1 up, got 0/],
    [{ internalFormat: RGBA8 }, /expected `size`/],
    [{ internalFormat: 0x1908, size: [4, 4] }, /sized one, as gl.RGBA8, got 6408/],
    [{ internalFormat: RGBA8, size: [4, 4], levels: 4 }, /`levels` to be a whole number from 1 to 3/],
    [{ internalFormat: 0x8d48, size: [4, 4] }, /STENCIL_INDEX8: use a renderbuffer/],
    [{ internalFormat: 0x81a6, size: [4, 4, 4], target: 0x806f }, /3D texture cannot be of DEPTH_COMPONENT24/],
    [{ internalFormat: RGBA8, size: [4, 4], target: 1 }, /`target`.*got 1/],
  ];

  test('descriptors that the context cannot make are refused, with the limit, before WebGL sees them', async () => {
    const renderbuffers = [
      { internalFormat: 0x8f97, size: [4, 4] },
      { internalFormat: RGBA8, size: [4, 4], samples: 64 },
      { internalFormat: RGBA8, size: [100_000, 4] },
    ];
    const buffers = [{ size: 0 }, { size: 4, usage: 1 }];
    const all = (await run('refused', refused.map(([descriptor]) => descriptor) as never, renderbuffers as never, buffers as never)) as { told: string[] };
    const expected = [
      ...refused.map(([, message]) => message),
      /RGBA8_SNORM/,
      /64 samples.*RGBA8: \d+/,
      /MAX_RENDERBUFFER_SIZE/,
      /from 1 up, got 0/,
      /`usage`/,
    ];
    for (const [index, message] of expected.entries()) expect(all.told[index]).toMatch(message);
    expect(all).toMatchObject({ used: 0, errors: [] });
    for (const told of all.told) expect(told).toMatch(/^GpuDescriptorError/);
  });

  test('a texture that there is no memory for is refused, and counts for nothing', async () => {
    const { told, live } = (await run('outOfMemory')) as { told: string; live: number };
    expect([told, live]).toEqual([expect.stringMatching(/^(BudgetExceededError|AcquireTimeoutError)/), 0]);
  });

  test('pays its parent, leaves what is detached, and ends; what is held then goes by its own dispose', async () => {
    expect(await run('life')).toEqual({
      ...{ paid: MiB, live: MiB, isTexture: true, wasOpen: true, gone: true, used: 0, paidAfter: 0, errors: [] },
      afterMove: expect.stringMatching(/^MovedError/),
      afterwards: expect.stringMatching(/^ClosedError/),
      options: Array.from({ length: 5 }, () => expect.stringMatching(/^(RangeError|TypeError): Expected/)),
      noContext: expect.stringMatching(/^TypeError/),
    });
  });
});
