// A WebGPU device in Node: Dawn, from the package `webgpu`, on the GPU's driver or on the software one that Debian's chromium brings.
// The package is large, and not everyone has a driver, so both may be missing.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { Device } from '@handback/gpu';

const SOFTWARE_DRIVER = '/usr/lib/chromium/vk_swiftshader_icd.json';

interface Adapter {
  readonly info: { readonly vendor: string; readonly description: string };
  requestDevice(): Promise<Device>;
}

interface Dawn {
  create(options: string[]): { requestAdapter(): Promise<Adapter | null> };
  globals: object;
}

export interface GpuDevice {
  readonly device: Device;
  /** What it runs on. */
  readonly name: string;
}

/** Dawn crashes when what its `create` answered is collected before its devices. */
const kept: unknown[] = [];

/** Opens a device. Throws an error that says why there is none. */
export async function openGpuDevice(): Promise<GpuDevice> {
  if (existsSync(SOFTWARE_DRIVER)) process.env['VK_ICD_FILENAMES'] ??= SOFTWARE_DRIVER;
  process.env['XDG_RUNTIME_DIR'] ??= '/tmp'; // else Dawn complains on standard error
  const { create, globals } = await loadDawn();
  Object.assign(globalThis, globals);
  const gpu = create([]);
  kept.push(gpu);
  const adapter = await gpu.requestAdapter();
  if (adapter === null) throw new Error('no driver: install the one of your GPU, or Debian’s chromium and libvulkan1');
  return { device: await adapter.requestDevice(), name: adapter.info.description || adapter.info.vendor };
}

/** It is @handback/gpu that is tested with the package, so it is found from there. */
async function loadDawn(): Promise<Dawn> {
  const fromGpu = createRequire(import.meta.resolve('@handback/gpu'));
  try {
    return (await import(pathToFileURL(fromGpu.resolve('webgpu')).href)) as Dawn;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new Error(code === 'MODULE_NOT_FOUND' ? 'the package webgpu is not installed' : `the package webgpu cannot be loaded: ${message}`, { cause: error });
  }
}
