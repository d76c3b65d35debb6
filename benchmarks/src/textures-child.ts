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
const times = Number(count);

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

const { create, globals } = (await import('webgpu')) as unknown as { create(options: string[]): Gpu; globals: object };
Object.assign(globalThis, globals);
const gpu = create([]);
const adapter = await gpu.requestAdapter();
if (adapter === null) {
  console.log(JSON.stringify({ missing: 'no WebGPU adapter' }));
  process.exit(0);
}
const device = await adapter.requestDevice();
const { queue } = device;
const square = { size: [512, 512], format: 'rgba8unorm', usage: 0x1 | 0x2 | 0x4 | 0x10 } as const;
const large = { ...square, size: [2_048, 2_048] } as const;
const data = new Uint8Array(16 * MiB).fill(7);

function write(texture: RawTexture, [width, height]: readonly [number, number]): void {
  queue.writeTexture({ texture }, data, { bytesPerRow: width * 4 }, [width, height]);
}

function heapOf(options: object = {}): GpuHeap {
  return new GpuHeap(device as never, { capacity: CAPACITY, keep: gpu, ...options });
}

async function upload(heap: GpuHeap, descriptor: TextureDescriptor, options: { clear?: boolean } = {}): Promise<void> {
  using texture = await heap.createTexture(descriptor, options);
  const [width, height] = descriptor.size as [number, number];
  await heap.writeTexture({ texture, data: data.subarray(0, width * height * 4) });
}

/** Sizes that no two of a batch have in common, and that need nothing but their own texture. */
function sizeOf(index: number): [number, number] {
  return [512, 496 + (index % BATCH)];
}

const ways: Record<string, () => Promise<void>> = {
  'raw: one reused': async () => {
    const texture = device.createTexture(square);
    for (let index = 0; index < times; index++) {
      write(texture, square.size);
      if (index % BATCH === BATCH - 1) await queue.onSubmittedWorkDone();
    }
  },
  'raw: dropped': async () => {
    for (let index = 0; index < times; index++) {
      write(device.createTexture(square), square.size);
      if (index % BATCH === BATCH - 1) await queue.onSubmittedWorkDone();
    }
  },
  'raw: destroyed': async () => {
    for (let index = 0; index < times; index++) {
      const size = sizeOf(index);
      const texture = device.createTexture({ ...square, size });
      write(texture, size);
      texture.destroy();
      if (index % BATCH === BATCH - 1) await queue.onSubmittedWorkDone();
    }
  },
  'heap: its pool': async () => {
    const heap = heapOf();
    for (let index = 0; index < times; index++) await upload(heap, square);
    await heap.settled();
  },
  'heap: its pool, not cleared': async () => {
    const heap = heapOf();
    for (let index = 0; index < times; index++) await upload(heap, square, { clear: false });
    await heap.settled();
  },
  'heap: nothing kept': async () => {
    const heap = heapOf({ maxIdle: 0 });
    for (let index = 0; index < times; index++) {
      await upload(heap, { ...square, size: sizeOf(index) });
      if (index % BATCH === BATCH - 1) await heap.settled();
    }
  },
  'heap: all at once': async () => {
    const heap = heapOf();
    await Promise.all(Array.from({ length: times }, () => upload(heap, large)));
  },
};

const job = ways[way];
if (job === undefined) throw new Error(`No way '${way}'`);
// The driver has come up, and its threads.
const first = device.createTexture(square);
write(first, square.size);
first.destroy();
await queue.onSubmittedWorkDone();
const base = line('VmRSS');
// From here on the peak is the job's own.
writeFileSync('/proc/self/clear_refs', '5');
const cpu = process.cpuUsage();
const start = performance.now();
await job();
await queue.onSubmittedWorkDone();
const ms = performance.now() - start;
const { user, system } = process.cpuUsage(cpu);
console.log(JSON.stringify({ ms, cpu: (user + system) / 1e3, rise: line('VmHWM') - base }));
process.exit(0);
