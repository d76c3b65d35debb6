/** Scenarios of a heap of WebGPU in a browser, where errors come late and nothing forces a collection. */
import { GpuHeap, type Device } from '@handback/gpu';
import { failure, MiB, thrown, turn } from './context.ts';

const TILE = { size: [512, 512], format: 'rgba8unorm', usage: 0x1 | 0x2 | 0x4 | 0x10 } as const;

interface Opened {
  readonly device: GPUDevice;
  readonly errors: string[];
}

async function open(): Promise<Opened> {
  const { navigator } = globalThis as unknown as { navigator: { gpu: { requestAdapter(): Promise<{ requestDevice(): Promise<GPUDevice> }> } } };
  const device = await (await navigator.gpu.requestAdapter()).requestDevice();
  const errors: string[] = [];
  device.addEventListener('uncapturederror', (event) => errors.push(event.error.message));
  return { device, errors };
}

function newHeap(device: GPUDevice, capacity = 16 * MiB): GpuHeap {
  return new GpuHeap(device as unknown as Device, { capacity });
}

/** Errors that nobody has asked for come some time after the queue is done. */
async function errorsOf({ device, errors }: Opened): Promise<string[]> {
  await device.queue.onSubmittedWorkDone();
  await turn(100);
  return errors;
}

export async function counts(): Promise<object> {
  const opened = await open();
  await using heap = newHeap(opened.device);
  const texture = await heap.createTexture(TILE, { label: 'tile' });
  await heap.writeTexture({ texture, data: new Uint8Array(MiB).fill(7) });
  const seen = [heap.stats()];
  texture.dispose();
  seen.push(heap.stats());
  await heap.settled();
  seen.push(heap.stats());
  return { seen, errors: await errorsOf(opened) };
}

export async function reuse(): Promise<object> {
  const opened = await open();
  const { device } = opened;
  await using heap = newHeap(device);
  const values: number[][] = [];
  for (let round = 0; round < 2; round++) {
    using texture = await heap.createTexture(TILE);
    values.push(await texels(device, texture.value as unknown as GPUTexture));
    await heap.writeTexture({ texture, data: new Uint8Array(MiB).fill(100 + round) });
    values.push(await texels(device, texture.value as unknown as GPUTexture));
    texture.dispose();
    await heap.settled();
  }
  return { values, errors: await errorsOf(opened) };
}

/** The values that there are. */
async function texels(device: GPUDevice, texture: GPUTexture): Promise<number[]> {
  const buffer = device.createBuffer({ size: MiB, usage: 0x1 | 0x8 });
  const encoder = device.createCommandEncoder();
  encoder.copyTextureToBuffer({ texture }, { buffer, bytesPerRow: 2_048 }, [512, 512]);
  device.queue.submit([encoder.finish()]);
  await buffer.mapAsync(1);
  const values = [...new Set(new Uint8Array(buffer.getMappedRange()))];
  buffer.destroy();
  return values;
}

export async function disposeBeforeSubmit(): Promise<object> {
  const opened = await open();
  const { device } = opened;
  await using heap = newHeap(device);
  const texture = await heap.createTexture(TILE);
  const encoder = device.createCommandEncoder();
  const view = (texture.value as unknown as GPUTexture).createView();
  encoder.beginRenderPass({ colorAttachments: [{ view, loadOp: 'clear', storeOp: 'store', clearValue: [1, 0, 0, 1] }] }).end();
  texture.dispose();
  // As much as fits: what is disposed is not destroyed before it is submitted.
  const others = Array.from({ length: 10 }, () => heap.createTextureSync(TILE));
  heap.submit([encoder.finish()] as never);
  for (const other of others) other.dispose();
  await heap.settled();
  return { stats: heap.stats(), errors: await errorsOf(opened) };
}

export async function pressure(): Promise<object> {
  const opened = await open();
  await using heap = newHeap(opened.device);
  let most = 0;
  await Promise.all(
    Array.from({ length: 100 }, async (_, index) => {
      using texture = await heap.createTexture({ ...TILE, size: [512, 512 + (index % 4)] });
      await heap.writeTexture({ texture, data: new Uint8Array(4 * 512 * (512 + (index % 4))) });
      most = Math.max(most, heap.budget.stats().used);
    }),
  );
  return { most, errors: await errorsOf(opened) };
}

export async function loss(): Promise<object> {
  const opened = await open();
  const heap = newHeap(opened.device, 4 * MiB);
  const texture = await heap.createTexture(TILE, { label: 'map' });
  using _held = await heap.createTexture({ ...TILE, size: [512, 1_024] });
  const waiter = failure(heap.createTexture({ ...TILE, size: [512, 1_024] }));
  opened.device.destroy();
  const { reason } = await heap.lost;
  const told = [await waiter, thrown(() => texture.value), await failure(heap.createTexture(TILE))];
  const { used } = heap.budget.stats();
  const next = await open();
  heap.attach(next.device as unknown as Device);
  const { width } = texture.value as unknown as GPUTexture;
  const { live } = heap.stats();
  texture.dispose();
  await heap.settled();
  await heap.disposeAsync();
  return { reason, told, used, width, live, errors: [...(await errorsOf(next)), ...opened.errors] };
}
