// What textures of WebGL2 are counted for is what the GPU process takes for them, on the software driver of Debian's chromium.
import { expect, test } from 'vitest';
import { missing, openBrowser } from './browser.ts';

const MiB = 2 ** 20;
type Scenarios = typeof import('./pages/weigh.ts');

const CASES: [string, object][] = [
  ['RGBA8', { internalFormat: 0x8058, size: [2_048, 4_096] }],
  ['RGBA8, all mips', { internalFormat: 0x8058, size: [4_096, 2_048], levels: 13 }],
  ['R8', { internalFormat: 0x8229, size: [8_192, 4_096] }],
  ['RG8', { internalFormat: 0x822b, size: [4_096, 4_096] }],
  ['RGB8', { internalFormat: 0x8051, size: [4_096, 2_048] }],
  ['SRGB8', { internalFormat: 0x8c41, size: [4_096, 2_048] }],
  ['RGB565', { internalFormat: 0x8d62, size: [4_096, 4_096] }],
  ['RGB5_A1', { internalFormat: 0x8057, size: [4_096, 4_096] }],
  ['RGBA4', { internalFormat: 0x8056, size: [4_096, 4_096] }],
  ['RGB10_A2', { internalFormat: 0x8059, size: [4_096, 2_048] }],
  ['RGB9_E5', { internalFormat: 0x8c3d, size: [4_096, 2_048] }],
  ['R11F_G11F_B10F', { internalFormat: 0x8c3a, size: [4_096, 2_048] }],
  ['RGBA8_SNORM', { internalFormat: 0x8f97, size: [4_096, 2_048] }],
  ['RGB16F', { internalFormat: 0x881b, size: [2_048, 2_048] }],
  ['RGBA16F', { internalFormat: 0x881a, size: [2_048, 2_048] }],
  ['RGB32F', { internalFormat: 0x8815, size: [2_048, 1_024] }],
  ['RGBA32F', { internalFormat: 0x8814, size: [2_048, 1_024] }],
  ['RGB8UI', { internalFormat: 0x8d7d, size: [4_096, 2_048] }],
  ['RGBA32UI', { internalFormat: 0x8d70, size: [2_048, 1_024] }],
  ['DEPTH_COMPONENT16', { internalFormat: 0x81a5, size: [4_096, 4_096] }],
  ['DEPTH_COMPONENT24', { internalFormat: 0x81a6, size: [4_096, 2_048] }],
  ['DEPTH_COMPONENT32F', { internalFormat: 0x8cac, size: [4_096, 2_048] }],
  ['DEPTH24_STENCIL8', { internalFormat: 0x88f0, size: [2_048, 2_048] }],
  ['DEPTH32F_STENCIL8', { internalFormat: 0x8cad, size: [2_048, 2_048] }],
  ['RGBA8, 8 layers', { target: 0x8c1a, internalFormat: 0x8058, size: [1_024, 1_024, 8] }],
  ['RGBA8, a volume with mips', { target: 0x806f, internalFormat: 0x8058, size: [256, 256, 128], levels: 9 }],
  ['RGBA8, a cube', { target: 0x8513, internalFormat: 0x8058, size: [1_024, 1_024], levels: 11 }],
  ['RGBA8, renderbuffer', { internalFormat: 0x8058, size: [4_096, 2_048], samples: 0 }],
  ['RGBA8, 4 samples', { internalFormat: 0x8058, size: [2_048, 1_024], samples: 4 }],
  ['DEPTH24_STENCIL8, 4 samples', { internalFormat: 0x88f0, size: [1_024, 1_024], samples: 4 }],
  ['STENCIL_INDEX8', { internalFormat: 0x8d48, size: [4_096, 4_096], samples: 0 }],
];

test.skipIf(missing !== undefined)('textures and renderbuffers take what they are counted for', { timeout: 120_000 }, async () => {
  await using browser = await openBrowser();
  const { weighed, errors } = await browser.scenarios<Scenarios>('weigh')('weigh', CASES.map(([, descriptor]) => descriptor) as never);
  expect([errors, browser.errors]).toEqual([[], []]);
  for (const [index, { low, high, grown }] of weighed.entries()) {
    const name = CASES[index]?.[0];
    expect([name, grown / MiB, grown > 0.9 * low && grown < 1.1 * high]).toEqual([name, grown / MiB, true]);
  }
});
