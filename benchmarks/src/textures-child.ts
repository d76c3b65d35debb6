/** Textures with uploads, one way of having them a process: prints milliseconds, CPU and how far resident memory rose. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { GpuHeap, type TextureDescriptor } from '@handback/gpu';

const ICD = '/usr/lib/chromium/vk_swiftshader_icd.json';
if (process.env['VK_ICD_FILENAMES'] === undefined && existsSync(ICD)) process.env['VK_ICD_FILENAMES'] = ICD;
process.env['XDG_RUNTIME_DIR'] ??= '/tmp';

const MiB = 2 ** 20;
const CAPACITY = 64 * MiB;
/** Uploads between two waits for the queue. */
const BATCH = 16;
const [, , way = '', count = '1000'] = process.argv;

/** As far as it is used here. */
interface RawTexture {
  destroy(): void;
}
interface RawDevice {
  readonly queue: {
    writeTexture(destination: { texture: RawTexture }, data: Uint8Array, layout: object, size: readonly number[]): void;
    onSubmittedWorkDone(): Promise<void>;
  };
  createTexture(descriptor: object): RawTexture;
}
interface Gpu {
  requestAdapter(): Promise<{ requestDevice(): Promise<RawDevice> } | null>;
}

function line(name: string): number {
  const found = new RegExp(`${name}:\\s+(\\d+) kB`).exec(readFileSync('/proc/self/status', 'utf8'));
  return Number(found?.[1]) / 1_024;
}

function skip(missing: string): never {
  console.log(JSON.stringify({ missing }));
  process.exit(0);
}

if (!existsSync('/proc/self/clear_refs')) skip('resident memory is read from /proc, which this system does not have');
const dawn = (await import('webgpu').catch((error: unknown) => skip(`the package webgpu cannot be loaded: ${String(error)}`))) as unknown as {
  create(options: string[]): Gpu;
  globals: object;
};
Object.assign(globalThis, dawn.globals);
const gpu = dawn.create([]);
const adapter = (await gpu.requestAdapter()) ?? skip('no WebGPU adapter: install chromium and libvulkan1, or a driver of your GPU');
const device = await adapter.requestDevice();
const { queue } = device;
const USE = { format: 'rgba8unorm', usage: 0x1 | 0x2 | 0x4 | 0x10 } as const;
const data = new Uint8Array(16 * MiB).fill(7);

function write(texture: RawTexture, [width, height]: readonly [number, number]): void {
  queue.writeTexture({ texture }, data, { bytesPerRow: width * 4 }, [width, height]);
}

function heapOf(options: object = {}): GpuHeap {
  return new GpuHeap(device as never, { capacity: CAPACITY, keep: gpu, ...options });
}

async function upload(heap: GpuHeap, descriptor: TextureDescriptor): Promise<void> {
  using texture = await heap.createTexture(descriptor);
  const [width, height] = descriptor.size as [number, number];
  await heap.writeTexture({ texture, data: data.subarray(0, width * height * 4) });
}

/** No two of a batch, and of the one before, have it in common: so none is used again. */
function sizeOf(index: number, side: number): [number, number] {
  return [side, side - (index % (2 * BATCH))];
}

/** `side`: of the textures, in texels. */
const ways: Record<string, (times: number, side: number) => Promise<void>> = {
  'raw: one reused': async (times, side) => {
    const texture = device.createTexture({ ...USE, size: [side, side] });
    for (let index = 0; index < times; index++) {
      write(texture, [side, side]);
      if (index % BATCH === BATCH - 1) await queue.onSubmittedWorkDone();
    }
  },
  'raw: dropped': async (times, side) => {
    for (let index = 0; index < times; index++) {
      write(device.createTexture({ ...USE, size: [side, side] }), [side, side]);
      if (index % BATCH === BATCH - 1) await queue.onSubmittedWorkDone();
    }
  },
  'raw: destroyed': async (times, side) => {
    for (let index = 0; index < times; index++) {
      const size = sizeOf(index, side);
      const texture = device.createTexture({ ...USE, size });
      write(texture, size);
      texture.destroy();
      if (index % BATCH === BATCH - 1) await queue.onSubmittedWorkDone();
    }
  },
  'heap: its pool': async (times, side) => {
    const heap = heapOf();
    for (let index = 0; index < times; index++) await upload(heap, { ...USE, size: [side, side] });
    await heap.settled();
  },
  'heap: nothing kept': async (times, side) => {
    const heap = heapOf({ maxIdle: 0 });
    for (let index = 0; index < times; index++) {
      await upload(heap, { ...USE, size: sizeOf(index, side) });
      if (index % BATCH === BATCH - 1) await heap.settled();
    }
  },
  'heap: nothing kept, within the call': async (times, side) => {
    const heap = heapOf({ maxIdle: 0, staging: 1 / 4 });
    for (let index = 0; index < times; index++) {
      const size = sizeOf(index, side);
      using texture = heap.createTextureSync({ ...USE, size });
      void heap.writeTexture({ texture, data: data.subarray(0, size[0] * size[1] * 4) });
      if (index % BATCH === BATCH - 1) await heap.settled();
    }
  },
  'heap: all at once': async (times, side) => {
    const heap = heapOf();
    await Promise.all(Array.from({ length: times }, () => upload(heap, { ...USE, size: [4 * side, 4 * side] })));
  },
};

const job = ways[way];
if (job === undefined) throw new Error(`No way '${way}'`);
// The driver has come up, with its threads, and the code is warm; small textures leave the memory as it was.
await job(4_000, 48);
await queue.onSubmittedWorkDone();
const base = line('VmRSS');
// From here on the peak is the job's own.
writeFileSync('/proc/self/clear_refs', '5');
const cpu = process.cpuUsage();
const start = performance.now();
await job(Number(count), 512);
await queue.onSubmittedWorkDone();
const ms = performance.now() - start;
const { user, system } = process.cpuUsage(cpu);
console.log(JSON.stringify({ ms, cpu: (user + system) / 1e3, rise: line('VmHWM') - base }));
process.exit(0);
