// What holds for one engine alone.
import { Budget, type Handle } from '@handback/core';
import { imageMemory } from '@handback/image';
import * as canvases from '@handback/image/canvas';
import * as canvasKit from '@handback/image/canvaskit';
import * as openCv from '@handback/image/opencv';
import napi, { type Canvas } from '@napi-rs/canvas';
import type { Mat } from '@techstark/opencv-js';
import type { Surface } from 'canvaskit-wasm';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { cv, kit } from './engines.ts';

const bytes = (): Budget => new Budget({ name: 'objects', capacity: 2 ** 20, unit: 'bytes' });

it('the memory of images is where objects are counted, unless told otherwise', () => {
  const before = imageMemory.stats().used;
  using mat = openCv.own(new cv.Mat(10, 10, cv.CV_8UC4));
  expect(imageMemory.stats().used - before).toBe(400);
  expect(mat.value.rows).toBe(10);
});

it('what comes back is of the type that went in', () => {
  using mat = openCv.own(new cv.Mat());
  using surface = canvasKit.own(kit.MakeSurface(1, 1) as Surface);
  using canvas = canvases.own(napi.createCanvas(1, 1));
  expectTypeOf(mat).toEqualTypeOf<Handle<Mat>>();
  expectTypeOf(surface).toEqualTypeOf<Handle<Surface>>();
  expectTypeOf(canvas).toEqualTypeOf<Handle<Canvas>>();
});

describe('OpenCV.js', () => {
  it('works on the values of handles', () => {
    using source = openCv.own(new cv.Mat(4, 4, cv.CV_8UC4, new cv.Scalar(10, 20, 30, 255)));
    using grey = openCv.own(new cv.Mat(4, 4, cv.CV_8UC1));
    cv.cvtColor(source.value, grey.value, cv.COLOR_RGBA2GRAY);
    expect([...grey.value.data]).toEqual(new Array(16).fill(18));
  });

  it('counts elements of every type and size, and nothing for an empty Mat', () => {
    using budget = bytes();
    for (const [mat, size] of [
      [new cv.Mat(), 0],
      [new cv.Mat(3, 5, cv.CV_8UC1), 15],
      [new cv.Mat(3, 5, cv.CV_32FC3), 180],
      [new cv.Mat(3, 5, cv.CV_64FC4), 480],
    ] as const) {
      using _handle = openCv.own(mat, { budget });
      expect(budget.stats().used).toBe(size);
    }
  });

  it('counts a region once, with the Mat that it belongs to, which goes after it', () => {
    using budget = bytes();
    const whole = openCv.own(new cv.Mat(100, 100, cv.CV_8UC4, new cv.Scalar(1, 2, 3, 4)), { budget });
    const region = openCv.own(whole.value.roi(new cv.Rect(50, 50, 10, 10)), { budget, parent: whole });
    expect(budget.stats().used).toBe(40_000);
    whole.dispose();
    expect([budget.stats().used, ...region.value.ucharPtr(9, 9)]).toEqual([40_000, 1, 2, 3, 4]);
    region.dispose();
    expect([whole.state, budget.stats().used]).toEqual(['closed', 0]);
  });

  it('counts a copy for itself, also under a parent', () => {
    using budget = bytes();
    using whole = openCv.own(new cv.Mat(10, 10, cv.CV_8UC4), { budget });
    const copy = new cv.Mat();
    whole.value.copyTo(copy);
    using _copy = openCv.own(copy, { budget, parent: whole });
    expect(budget.stats().used).toBe(800);
  });

  it('says how large its heap is, from the module or from any Mat', () => {
    using mat = openCv.own(new cv.Mat(1, 1, cv.CV_8UC1));
    expect(openCv.heapBytes(cv)).toBeGreaterThanOrEqual(2 ** 24);
    expect(openCv.heapBytes(mat.value)).toBe(openCv.heapBytes(cv));
    expect(openCv.heapBytes({})).toBeUndefined();
  });
});

describe('CanvasKit', () => {
  it('counts the pixels of a surface by their color type', () => {
    using budget = bytes();
    const pixels = kit.Malloc(Uint8Array, 10 * 10 * 8);
    const info = { width: 10, height: 10, colorType: kit.ColorType.RGBA_F16, alphaType: kit.AlphaType.Premul, colorSpace: kit.ColorSpace.SRGB };
    using _surface = canvasKit.own(kit.MakeRasterDirectSurface(info, pixels, 80) as Surface, { budget });
    expect(budget.stats().used).toBe(800);
    kit.Free(pixels);
  });

  it('keeps what a snapshot shows, after its surface was disposed', () => {
    const surface = canvasKit.own(kit.MakeSurface(4, 4) as Surface);
    surface.value.getCanvas().clear(kit.RED);
    using image = canvasKit.own(surface.value.makeImageSnapshot());
    surface.dispose();
    const info = { width: 1, height: 1, colorType: kit.ColorType.RGBA_8888, alphaType: kit.AlphaType.Unpremul, colorSpace: kit.ColorSpace.SRGB };
    expect([...(image.value.readPixels(0, 0, info) as Uint8Array)]).toEqual([255, 0, 0, 255]);
  });

  it('says how large its heap is', () => {
    expect(canvasKit.heapBytes(kit)).toBeGreaterThanOrEqual(2 ** 24);
  });
});

describe('@napi-rs/canvas', () => {
  it('leaves a canvas that can still be drawn on, and is empty', () => {
    const raw = napi.createCanvas(20, 20);
    const context = raw.getContext('2d');
    canvases.own(raw).dispose();
    context.fillRect(0, 0, 20, 20);
    expect([raw.width, raw.height, raw.toBuffer('image/png').length > 0]).toEqual([1, 1, true]);
  });

  it('fires no event of an image whose source goes', async () => {
    const image = await napi.loadImage(napi.createCanvas(20, 20).toBuffer('image/png'));
    const events: string[] = [];
    Object.assign(image, { onload: () => events.push('load'), onerror: () => events.push('error') });
    canvases.own(image).dispose();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([events, image.complete, image.naturalWidth]).toEqual([[], true, 0]);
  });
});
