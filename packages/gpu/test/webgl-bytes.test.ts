// What WebGL2's formats weigh: as those of WebGPU that are the same.
import { textureBytes as ofWebGPU, type TextureDescriptor } from '@handback/gpu';
import { GpuDescriptorError, textureBytes } from '@handback/gpu/webgl';
import { describe, expect, test } from 'vitest';

const SAME: [format: string, internalFormat: number][] = [
  ['r8unorm', 0x8229],
  ['rg8snorm', 0x8f95],
  ['rgba8unorm', 0x8058],
  ['rgba8unorm-srgb', 0x8c43],
  ['rgb10a2unorm', 0x8059],
  ['rg11b10ufloat', 0x8c3a],
  ['rgb9e5ufloat', 0x8c3d],
  ['r16float', 0x822d],
  ['rgba16float', 0x881a],
  ['rg32uint', 0x823c],
  ['rgba32float', 0x8814],
  ['depth16unorm', 0x81a5],
  ['depth24plus', 0x81a6],
  ['depth32float', 0x8cac],
  ['depth24plus-stencil8', 0x88f0],
  ['depth32float-stencil8', 0x8cad],
  ['bc1-rgba-unorm', 0x83f1],
  ['bc3-rgba-unorm', 0x83f3],
  ['bc4-r-unorm', 0x8dbb],
  ['bc5-rg-unorm', 0x8dbd],
  ['bc7-rgba-unorm', 0x8e8c],
  ['eac-r11unorm', 0x9270],
  ['eac-rg11unorm', 0x9272],
  ['etc2-rgb8unorm', 0x9274],
  ['etc2-rgba8unorm', 0x9278],
  ['astc-4x4-unorm', 0x93b0],
  ['astc-6x5-unorm', 0x93b3],
  ['astc-12x12-unorm-srgb', 0x93dd],
];

describe('what a texture of WebGL2 weighs', () => {
  const shapes: [name: string, ofWebGPU: Partial<TextureDescriptor>, ofWebGL: object][] = [
    ['mips', { size: [240, 120], mipLevelCount: 8 }, { size: [240, 120], levels: 8 }],
    ['layers', { size: [120, 240, 5] }, { size: [120, 240, 5], target: 0x8c1a }],
    ['a cube', { size: [60, 60, 6], mipLevelCount: 3 }, { size: [60, 60], levels: 3, target: 0x8513 }],
    ['a volume', { size: [60, 60, 9], mipLevelCount: 3, dimension: '3d' }, { size: [60, 60, 9], levels: 3, target: 0x806f }],
    ['samples', { size: [60, 60], sampleCount: 4 }, { size: [60, 60], samples: 4 }],
  ];
  for (const [name, webgpu, webgl] of shapes) {
    test(`${name}: as the same one of WebGPU`, () => {
      for (const [format, internalFormat] of SAME) {
        const expected = ofWebGPU({ format, usage: 4, ...webgpu } as TextureDescriptor);
        expect([format, textureBytes({ internalFormat, ...webgl } as never)]).toEqual([format, expected]);
      }
    });
  }

  test('three channels are three or four, and an unknown format is none', () => {
    expect(textureBytes({ internalFormat: 0x8051, size: [10, 10] })).toEqual({ low: 300, high: 400 });
    expect(textureBytes({ internalFormat: 0x8815, size: { width: 10 } })).toEqual({ low: 120, high: 160 });
    expect(() => textureBytes({ internalFormat: 0x1908, size: [1] })).toThrow(GpuDescriptorError);
  });
});
