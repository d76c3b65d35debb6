// The memory graph of an engine: 25 objects of 32 MiB, one after the other, each filled. Prints the peak of resident memory above the
// base, the bytes still counted, and, on a WASM heap, its size. `node graph.mjs mat | surface | canvas | image WAY`. The way `falls`
// holds four of them, and prints by how much resident memory falls when they are disposed.
import { Budget } from '@handback/core';

const COUNT = 25;
const [WIDTH, HEIGHT] = [4096, 2048];
const BYTES = WIDTH * HEIGHT * 4;
const [engine, way] = process.argv.slice(2);

/** How each engine makes one, and what its users are told to call when they are done with it. */
const engines = {
  mat: async () => {
    const { default: cv } = await import('@techstark/opencv-js');
    if (cv.Mat === undefined) await new Promise((resolve) => (cv.onRuntimeInitialized = resolve));
    const { heapBytes, own } = await import('@handback/image/opencv');
    const make = () => {
      const mat = new cv.Mat(HEIGHT, WIDTH, cv.CV_8UC4);
      mat.data.fill(7);
      return mat;
    };
    return { own, make, free: (mat) => mat.delete(), heap: () => heapBytes(cv) };
  },
  surface: async () => {
    const { default: initialize } = await import('canvaskit-wasm');
    const kit = await initialize();
    const { heapBytes, own } = await import('@handback/image/canvaskit');
    const make = () => {
      const surface = kit.MakeSurface(WIDTH, HEIGHT);
      surface.getCanvas().clear(kit.RED);
      return surface;
    };
    return { own, make, free: (surface) => surface.delete(), heap: () => heapBytes(kit) };
  },
  canvas: async () => {
    const { default: napi } = await import('@napi-rs/canvas');
    const { own } = await import('@handback/image/canvas');
    const small = napi.createCanvas(8, 8);
    const make = () => {
      const canvas = napi.createCanvas(WIDTH, HEIGHT);
      canvas.getContext('2d').fillRect(0, 0, WIDTH, HEIGHT);
      // Drawing is put off until the pixels are needed.
      small.getContext('2d').drawImage(canvas, 0, 0, 8, 8);
      return canvas;
    };
    return { own, make, free: (canvas) => void (canvas.width = canvas.height = 1) };
  },
  image: async () => {
    const { default: napi } = await import('@napi-rs/canvas');
    const { own } = await import('@handback/image/canvas');
    const file = napi.createCanvas(WIDTH, HEIGHT).toBuffer('image/png');
    const make = () => napi.loadImage(file);
    return { own, make, free: (image) => void (image.src = new Uint8Array(0)) };
  },
};

const { own, make, free, heap } = await engines[engine]();
const budget = new Budget({ name: 'graph', capacity: 4 * BYTES, unit: 'bytes' });
const ways = {
  dropped: async () => void (await make()),
  freed: async () => free(await make()),
  using: async () => own(await make(), { budget }).dispose(),
  // Owned and forgotten: found by what the handles tell the collector of their bytes.
  forgotten: async () => void own(await make(), { budget }),
  // Owned and forgotten, but each waited for room: a full budget collects what was forgotten.
  admitted: async () => {
    const room = await budget.acquire(BYTES);
    own(await make(), { budget });
    room.dispose();
  },
};

if (way === 'falls') {
  const held = [];
  for (let index = 0; index < 4; index++) held.push(own(await make(), { budget }));
  await new Promise((resolve) => setTimeout(resolve, 100));
  const before = process.memoryUsage.rss();
  for (const handle of held) handle.dispose();
  await new Promise((resolve) => setTimeout(resolve, 100));
  console.log(JSON.stringify({ fell: Math.round((before - process.memoryUsage.rss()) / 2 ** 20) }));
  process.exit();
}

const base = process.memoryUsage.rss();
let peak = base;
let failed;
for (let index = 0; index < COUNT; index++) {
  try {
    await ways[way]();
  } catch (error) {
    failed = String(error?.message ?? error);
    break;
  }
  peak = Math.max(peak, process.memoryUsage.rss());
  await new Promise((resolve) => setTimeout(resolve, 20));
}
console.log(
  JSON.stringify({
    peak: Math.round((peak - base) / 2 ** 20),
    used: budget.stats().used / 2 ** 20,
    heap: heap === undefined ? undefined : heap() / 2 ** 20,
    failed,
  }),
);
