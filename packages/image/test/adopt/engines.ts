// The real engines, and one specimen of each sort of object that they have.
import { createRequire } from 'node:module';
import * as canvases from '@handback/image/canvas';
import * as canvasKit from '@handback/image/canvaskit';
import * as openCv from '@handback/image/opencv';
import type { Handle } from '@handback/core';
import napi from '@napi-rs/canvas';
import type * as OpenCv from '@techstark/opencv-js';
import type { CanvasKit } from 'canvaskit-wasm';

const require = createRequire(import.meta.url);
// The module has a `then` that answers with the module itself: awaited, as Vitest's import does, it would never end.
export const cv = require('@techstark/opencv-js') as typeof OpenCv & { onRuntimeInitialized?: () => void };
if (cv.Mat === undefined) await new Promise<void>((resolve) => (cv.onRuntimeInitialized = resolve));
export const kit = await (require('canvaskit-wasm') as () => Promise<CanvasKit>)();
const picture = napi.createCanvas(200, 100).toBuffer('image/png');

export interface Specimen {
  readonly name: string;
  readonly kind: string;
  readonly bytes: number;
  readonly own: (raw: never, options?: openCv.OwnObjectOptions) => Handle<object>;
  readonly make: () => object | Promise<object>;
  /** What its own documentation says to call. */
  readonly free: (raw: never) => void;
  readonly isFreed: (raw: never) => boolean;
}

const onWasm = { free: (raw: openCv.WasmObject): void => raw.delete(), isFreed: (raw: openCv.WasmObject): boolean => raw.isDeleted() };

export const specimens: readonly Specimen[] = [
  { name: 'a Mat', kind: 'mat', bytes: 200 * 100 * 4, own: openCv.own, make: () => new cv.Mat(100, 200, cv.CV_8UC4), ...onWasm },
  { name: 'a vector of Mats', kind: 'opencv object', bytes: 0, own: openCv.own, make: () => new cv.MatVector(), ...onWasm },
  {
    name: 'a Surface',
    kind: 'canvaskit surface',
    bytes: 200 * 100 * 4,
    own: canvasKit.own,
    make: () => kit.MakeSurface(200, 100) as object,
    ...onWasm,
    free: (surface: { dispose(): void }) => surface.dispose(),
  },
  {
    name: 'an Image of CanvasKit',
    kind: 'canvaskit image',
    bytes: 200 * 100 * 4,
    own: canvasKit.own,
    make: () => kit.MakeImageFromEncoded(picture) as object,
    ...onWasm,
  },
  {
    name: 'an animation of CanvasKit',
    kind: 'canvaskit animation',
    bytes: 200 * 100 * 4,
    own: canvasKit.own,
    make: () => kit.MakeAnimatedImageFromEncoded(picture) as object,
    ...onWasm,
  },
  { name: 'a Paint', kind: 'canvaskit object', bytes: 0, own: canvasKit.own, make: () => new kit.Paint(), ...onWasm },
  {
    name: 'a Canvas',
    kind: 'canvas',
    bytes: 200 * 100 * 4,
    own: canvases.own,
    make: () => napi.createCanvas(200, 100),
    free: (canvas: canvases.CanvasLike) => void (canvas.width = canvas.height = 1),
    isFreed: ({ width, height }: canvases.CanvasLike) => width === 1 && height === 1,
  },
  {
    name: 'an Image of @napi-rs/canvas',
    kind: 'canvas image',
    bytes: 200 * 100 * 4,
    own: canvases.own,
    make: () => napi.loadImage(picture),
    free: (image: canvases.ImageLike) => void (image.src = new Uint8Array(0)),
    isFreed: ({ naturalWidth }: canvases.ImageLike) => naturalWidth === 0,
  },
];
