// What a texture is said to weigh is what it weighs: resident memory right after its creation, in a process of its own.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { textureBytes, type TextureDescriptor } from '@handback/gpu';
import { describe, expect, test } from 'vitest';
import { missing } from './device.ts';

const child = fileURLToPath(new URL('children/texture-bytes.mjs', import.meta.url));
const MiB = 2 ** 20;
const USE = 0x1 | 0x2 | 0x4;
const RENDER = USE | 0x10;

const sorts: Omit<TextureDescriptor, 'label'>[] = [
  { size: [2_048, 2_048, 4], format: 'rgba8unorm', usage: RENDER },
  { size: [4_096, 2_048], format: 'rgba8unorm', usage: RENDER, mipLevelCount: 13 },
  { size: [2_048, 2_048, 4], format: 'rgba8unorm', usage: RENDER, mipLevelCount: 12 },
  { size: [8_192, 4_096], format: 'r8unorm', usage: RENDER },
  { size: [4_095, 4_097], format: 'rg8unorm', usage: RENDER },
  { size: [2_048, 4_096], format: 'bgra8unorm-srgb', usage: RENDER },
  { size: [2_048, 2_048], format: 'rgba16float', usage: RENDER },
  { size: [1_024, 1_024, 6], format: 'rgba16float', usage: RENDER, mipLevelCount: 11 },
  { size: [2_048, 1_024], format: 'rgba32float', usage: USE },
  { size: [4_096, 2_048], format: 'rg16uint', usage: RENDER },
  { size: [2_048, 2_048], format: 'rg32sint', usage: RENDER },
  { size: [1_024, 1_024, 8], format: 'rgba8snorm', usage: USE },
  { size: [4_096, 2_048], format: 'rgb10a2unorm', usage: RENDER },
  { size: [4_096, 2_048], format: 'rg11b10ufloat', usage: USE },
  { size: [4_096, 4_096], format: 'rgb9e5ufloat', usage: USE },
  { size: [2_048, 2_048], format: 'rgba8unorm', usage: RENDER, sampleCount: 4 },
  { size: [2_048, 2_048], format: 'rgba16float', usage: RENDER, sampleCount: 4 },
  { size: [2_048, 2_048], format: 'depth32float', usage: RENDER, sampleCount: 4 },
  { size: [4_096, 2_048], format: 'depth24plus', usage: RENDER },
  { size: [4_096, 4_096], format: 'depth16unorm', usage: RENDER },
  { size: [4_096, 2_048], format: 'depth24plus-stencil8', usage: RENDER },
  { size: [4_096, 2_048], format: 'depth32float-stencil8', usage: RENDER },
  { size: [8_192, 4_096], format: 'stencil8', usage: RENDER },
  { size: [256, 256, 256], format: 'rgba8unorm', usage: USE, dimension: '3d' },
  { size: [256, 256, 512], format: 'r8unorm', usage: USE, dimension: '3d', mipLevelCount: 10 },
];

const isMeasurable = missing === undefined && existsSync('/proc/self/statm');

describe.skipIf(!isMeasurable)('the bytes of a texture are what it takes', () => {
  test.each(sorts.map((sort) => [nameOf(sort), sort] as const))('%s', (_, sort) => {
    const { rise, driver } = JSON.parse(execFileSync(process.execPath, [child, JSON.stringify(sort)], { encoding: 'utf8' })) as {
      rise: number;
      driver: string;
    };
    // Others take memory at the first touch, or elsewhere.
    if (!/SwiftShader/i.test(driver)) return;
    const { low, high } = textureBytes(sort);
    // Small ones are parts of heaps that the device keeps.
    expect(low).toBeGreaterThanOrEqual(28 * MiB);
    if (low === high) expect(Math.abs(rise / low - 1)).toBeLessThan(0.02);
    else {
      expect(rise).toBeGreaterThan(low * 0.98);
      expect(rise).toBeLessThan(high * 1.02);
    }
  });
});

function nameOf({ format, size, mipLevelCount = 1, sampleCount = 1, dimension = '2d' }: TextureDescriptor): string {
  return `${format} ${dimension} ${(size as number[]).join(' × ')}, ${mipLevelCount} levels, ${sampleCount} samples`;
}
