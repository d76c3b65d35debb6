// Makes one texture, and prints how far resident memory rose, in bytes: where the driver takes memory at once, as SwiftShader does.
import { readFileSync } from 'node:fs';
import { create, globals } from 'webgpu';

Object.assign(globalThis, globals);
const gpu = create([]);
const adapter = await gpu.requestAdapter();
const device = await adapter.requestDevice({ requiredFeatures: ['depth32float-stencil8'].filter((feature) => adapter.features.has(feature)) });

function resident() {
  return Number(readFileSync('/proc/self/statm', 'utf8').split(' ')[1]) * 4_096;
}

// The driver's own first steps.
device.createTexture({ size: [16, 16], format: 'rgba8unorm', usage: 0x17 }).destroy();
await device.queue.onSubmittedWorkDone();
const descriptor = JSON.parse(process.argv[2]);
const base = resident();
const texture = device.createTexture(descriptor);
const rise = resident() - base;
console.log(JSON.stringify({ rise, driver: adapter.info.description }));
texture.destroy();
process.exit(0);
