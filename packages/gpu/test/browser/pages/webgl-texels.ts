/** Scenarios of a heap of WebGL2: what is in textures and buffers. */
import type { WebGLHeap } from '@handback/gpu/webgl';
import { FORMATS, type Format } from '../../../src/webgl/formats.ts';
import { errorsOf, MiB, newContext, newHeap, RGBA8, TILE, type PageGl } from './context.ts';
import { partSet, readBuffer, readImage } from './reader.ts';

/** All formats that the context has: filled, used again, and looked at on two levels. */
export async function formats(): Promise<object> {
  const gl = newContext();
  await using heap = newHeap(gl, { checkMemory: false });
  const seen: Record<string, number[]> = {};
  for (const format of FORMATS.values()) {
    if (!format.texture || (format.extension !== undefined && gl['getExtension'](format.extension) === null)) continue;
    seen[format.name] = await setBeforeAndAfter(gl, heap, format);
  }
  return { seen, errors: errorsOf(gl) };
}

async function setBeforeAndAfter(gl: PageGl, heap: WebGLHeap, format: Format): Promise<number[]> {
  const sides = [4 * format.width, 2 * format.height] as const;
  const halves = [sides[0] / 2, sides[1] / 2] as const;
  const descriptor = { internalFormat: format.internalFormat, size: sides, levels: 2 };
  const first = heap.createTextureSync(descriptor);
  const former: unknown = first.value;
  const set = [partSet(gl, first.value, format.store, 0, sides)];
  // Nobody can upload floats with stencils: those are looked at when they are cleared alone.
  if (format.type !== 0x8dad) {
    const data = new Uint8Array(512).fill(format.store.startsWith('depth') ? 0 : 0x3c);
    for (const level of [0, 1]) await heap.writeTexture({ texture: first, level, data });
    set.push(partSet(gl, first.value, format.store, 0, sides), partSet(gl, first.value, format.store, 1, halves));
  }
  first.dispose();
  using second = heap.createTextureSync(descriptor);
  if (second.value !== former) throw new Error(`${format.name} was not used again`);
  return [...set, partSet(gl, second.value, format.store, 0, sides), partSet(gl, second.value, format.store, 1, halves)];
}

/** Bytes in each image of arrays, 3D textures and cube maps: as uploaded, and when they are used again. */
export async function images(): Promise<object> {
  const gl = newContext();
  await using heap = newHeap(gl);
  const found: Record<string, number[][]> = {};
  for (const [name, target] of Object.entries({ array: 0x8c1a, volume: 0x806f, cube: 0x8513 })) {
    const descriptor = { target, internalFormat: RGBA8, size: [8, 8, 6], levels: 1 };
    const data = new Uint8Array(6 * 256).map((_, index) => 10 + Math.floor(index / 256));
    const values: number[][] = [];
    for (const round of [0, 1]) {
      using texture = heap.createTextureSync(descriptor);
      const look = (): number[] => Array.from({ length: 6 }, (_, layer) => only(readImage(gl, [8, 8], () => attach(gl, target, texture.value, layer))));
      values.push(look());
      if (round === 0) await heap.writeTexture({ texture, data });
      if (round === 0) values.push(look());
    }
    found[name] = values;
  }
  return { found, errors: errorsOf(gl) };
}

function attach(gl: PageGl, target: number, texture: object, layer: number): void {
  const [on, to] = [gl['FRAMEBUFFER'], gl['COLOR_ATTACHMENT0']];
  if (target === 0x8513) gl['framebufferTexture2D'](on, to, 0x8515 + layer, texture, 0);
  else gl['framebufferTextureLayer'](on, to, texture, 0, layer);
}

/** The one value that all have, or -1. */
function only(bytes: Uint8Array): number {
  return bytes.every((byte) => byte === bytes[0]) ? (bytes[0] as number) : -1;
}

/** Uploads of parts, with gaps, from the middle of an array, in many pieces; and of a picture. */
export async function uploads(): Promise<object> {
  const gl = newContext();
  // A share of 16 KiB: eight rows of 512 texels.
  await using heap = newHeap(gl, { capacity: 2 * MiB, staging: 1 / 128 });
  using texture = await heap.createTexture(TILE);
  const read = (): Uint8Array =>
    readImage(gl, [512, 512], () => gl['framebufferTexture2D'](gl['FRAMEBUFFER'], gl['COLOR_ATTACHMENT0'], 0x0de1, texture.value, 0));
  const noise = new Uint8Array(MiB).map((_, index) => (index * 7_919) >> 5);
  let most = 0;
  const writing = heap.writeTexture({ texture, data: noise });
  most = Math.max(most, heap.stats().staging);
  await writing;
  const whole = same(read(), noise);
  const gaps = new Uint8Array(3 + 100 * 30);
  for (let row = 0; row < 30; row++) gaps.fill(row + 1, 3 + row * 100, 3 + row * 100 + 80);
  await heap.writeTexture({ texture, data: gaps, origin: [5, 6], size: [20, 30], layout: { offset: 3, bytesPerRow: 100 } });
  const expected = noise.slice();
  for (let row = 0; row < 30; row++) expected.fill(row + 1, (row + 6) * 2_048 + 20, (row + 6) * 2_048 + 100);
  const part = same(read(), expected);
  const picture = await createImageBitmap(new ImageData(new Uint8ClampedArray(16 * 16 * 4).fill(255), 16, 16));
  await heap.writeTexture({ texture, data: picture, size: [16, 16], origin: [100, 100] });
  for (let row = 100; row < 116; row++) expected.fill(255, row * 2_048 + 400, row * 2_048 + 464);
  const pictured = same(read(), expected);
  const wrong = [];
  for (const bad of [
    { data: new Uint8Array(MiB - 1) },
    { data: noise, origin: [1] },
    { data: noise, level: 1 },
    { data: noise, size: [20, 20], layout: { bytesPerRow: 79 } },
    { data: noise, size: [20, 20], layout: { bytesPerRow: 81 } },
    { data: picture, size: [600, 1] },
  ]) {
    wrong.push(await heap.writeTexture({ texture, ...bad }).then(String, (error: Error) => `${error.name}: ${error.message}`));
  }
  await heap.settled();
  return { whole, part, pictured, most, staging: heap.stats().staging, wrong, errors: errorsOf(gl) };
}

declare class ImageData {
  constructor(data: Uint8ClampedArray, width: number, height: number);
}
declare function createImageBitmap(data: ImageData): Promise<object>;

function same(found: Uint8Array, expected: Uint8Array): boolean {
  return found.every((byte, index) => byte === expected[index]);
}

/** Renderbuffers of each format, drawn to, disposed and used again; and with samples. */
export async function renderbuffers(): Promise<object> {
  const gl = newContext();
  gl['getExtension']('EXT_color_buffer_float');
  await using heap = newHeap(gl, { checkMemory: false });
  let made = 0;
  for (const { internalFormat, renderable, extension } of FORMATS.values()) {
    if (renderable === false || (extension !== undefined && gl['getExtension'](extension) === null)) continue;
    for (let round = 0; round < 2; round++) heap.createRenderbufferSync({ internalFormat, size: [8, 8] }).dispose();
    made++;
  }
  const many = heap.createRenderbufferSync({ internalFormat: RGBA8, size: [64, 64], samples: 2 });
  const { byteLength } = many;
  many.dispose();
  heap.createRenderbufferSync({ internalFormat: RGBA8, size: [64, 64], samples: 2 }).dispose();
  const on = (renderbuffer: object): void => gl['framebufferRenderbuffer'](gl['FRAMEBUFFER'], gl['COLOR_ATTACHMENT0'], gl['RENDERBUFFER'], renderbuffer);
  const values: number[] = [];
  for (let round = 0; round < 2; round++) {
    using renderbuffer = heap.createRenderbufferSync({ internalFormat: RGBA8, size: [16, 16] });
    values.push(only(readImage(gl, [16, 16], () => on(renderbuffer.value))));
    readImage(gl, [16, 16], () => {
      on(renderbuffer.value);
      gl['clearColor'](1, 1, 1, 1);
      gl['clear'](gl['COLOR_BUFFER_BIT']);
    });
    values.push(only(readImage(gl, [16, 16], () => on(renderbuffer.value))));
  }
  return { made, byteLength, values, errors: errorsOf(gl) };
}

/** Buffers are rounded up, zero when used again, and those of elements kept apart. */
export async function buffers(): Promise<object> {
  const gl = newContext();
  await using heap = newHeap(gl);
  const elements = gl['ELEMENT_ARRAY_BUFFER'] as number;
  const seen: unknown[] = [];
  let former: unknown;
  for (const target of [undefined, undefined, elements, elements]) {
    using buffer = await heap.createBuffer({ size: 200_001, target });
    gl['bindBuffer'](target ?? gl['ARRAY_BUFFER'], buffer.value);
    gl['bindBuffer'](target ?? gl['ARRAY_BUFFER'], null);
    const before = only(readBuffer(gl, buffer.value, buffer.byteLength));
    await heap.writeBuffer({ buffer, data: new Uint8Array(200_001).fill(9) });
    await heap.writeBuffer({ buffer, offset: 1, data: new Uint16Array([1, 2]) });
    seen.push([buffer.byteLength, former === buffer.value, before, [...readBuffer(gl, buffer.value, 6)]]);
    former = buffer.value;
  }
  using small = await heap.createBuffer({ size: 4 });
  const wrong = await heap.writeBuffer({ buffer: small, offset: 14, data: new Uint8Array(4) }).then(String, String);
  return { seen, wrong, errors: errorsOf(gl) };
}
