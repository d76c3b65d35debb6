/** A real device: Dawn, on a GPU or on the software driver that Debian's chromium brings. */
import { existsSync } from 'node:fs';

const ICD = '/usr/lib/chromium/vk_swiftshader_icd.json';
if (process.env['VK_ICD_FILENAMES'] === undefined && existsSync(ICD)) process.env['VK_ICD_FILENAMES'] = ICD;
process.env['XDG_RUNTIME_DIR'] ??= '/tmp';

interface Adapter {
  readonly info: { readonly description: string; readonly vendor: string };
  readonly limits: Record<string, number>;
  readonly features: ReadonlySet<string>;
  requestDevice(descriptor?: object): Promise<GPUDevice>;
}

interface Gpu {
  requestAdapter(): Promise<Adapter | null>;
}

async function find(): Promise<{ gpu: Gpu; adapter: Adapter } | string> {
  try {
    const { create, globals } = (await import('webgpu')) as unknown as { create(options: string[]): Gpu; globals: object };
    Object.assign(globalThis, globals);
    const gpu = create([]);
    const adapter = await gpu.requestAdapter();
    return adapter === null ? 'no adapter: install chromium and libvulkan1, or a driver of your GPU' : { gpu, adapter };
  } catch (error) {
    return `the package webgpu cannot be loaded: ${String(error)}`;
  }
}

const found = await find();
/** Why there is none. */
export const missing: string | undefined = typeof found === 'string' ? found : undefined;
if (missing !== undefined) {
  if (process.env['CI'] !== undefined) throw new Error(`CI has to have a WebGPU device: ${missing}`);
  console.log(`skipped: ${missing}`);
}

/** What `create` answered: to be kept while its devices live. */
export const gpu: unknown = typeof found === 'string' ? undefined : found.gpu;

export async function newDevice(): Promise<GPUDevice> {
  if (typeof found === 'string') throw new Error(found);
  const adapter = await found.gpu.requestAdapter();
  const features = ['texture-compression-bc', 'texture-compression-etc2', 'texture-compression-astc'].filter((feature) => adapter?.features.has(feature));
  const { maxTextureDimension2D, maxBufferSize } = (adapter as Adapter).limits;
  const device = await (adapter as Adapter).requestDevice({ requiredFeatures: features, requiredLimits: { maxTextureDimension2D, maxBufferSize } });
  return device;
}
