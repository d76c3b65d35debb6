// A process with a heap that it never disposes: it must end by itself. Prints one JSON object at its end.
import { collectGarbage, leaks } from '@handback/core';
import { DeviceLostError, GpuHeap } from '@handback/gpu';
import { create, globals } from 'webgpu';

Object.assign(globalThis, globals);
const MiB = 2 ** 20;
const [, , way] = process.argv;
const square = { size: [512, 512], format: 'rgba8unorm', usage: 0x17 };

async function newHeap(capacity) {
  // Nothing else keeps what `create` answered: the heap does.
  const gpu = create([]);
  const adapter = await gpu.requestAdapter();
  const device = await adapter.requestDevice();
  return { device, heap: new GpuHeap(device, { capacity, keep: gpu }) };
}

const { heap, device } = await newHeap(16 * MiB);
const told = {};
process.on('exit', () => console.log(JSON.stringify(told)));

if (way === 'holds') {
  const texture = await heap.createTexture(square, { label: 'tile 3/4' });
  await heap.writeTexture({ texture, data: new Uint8Array(MiB) });
  (await heap.createTexture(square)).dispose();
  // So that a collection has every chance to take what must stay.
  const junk = [];
  for (let index = 0; index < 200; index++) junk[index % 10] = new Uint8Array(MiB);
  await new Promise((resolve) => setTimeout(resolve, 50));
  told.width = texture.value.width;
  told.used = heap.budget.stats().used;
} else if (way === 'forgets') {
  leaks.configure({ level: 'trace' });
  (() => void heap.createTextureSync(square, { label: 'tile 3/4' }))();
  await collectGarbage();
} else if (way === 'lost') {
  const held = [];
  for (let index = 0; index < 14; index++) held.push(await heap.createTexture(square));
  const waiting = Array.from({ length: 20 }, () => heap.createTexture(square));
  setTimeout(() => device.destroy(), 20);
  const ends = await Promise.allSettled(waiting);
  told.rejected = ends.filter(({ reason }) => reason instanceof DeviceLostError).length;
  told.used = heap.budget.stats().used;
}
