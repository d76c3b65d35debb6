// A device of WebGPU, or why there is none.

/** Is thrown where there is no device; the message says what to do. */
export class NoDeviceError extends Error {
  override readonly name: string = 'NoDeviceError';
}

export async function openDevice(uncaptured: (message: string) => void): Promise<GPUDevice> {
  // Browsers that have no WebGPU, and pages that are not secure, lack it.
  const gpu = navigator.gpu as GPU | undefined;
  if (gpu === undefined)
    throw new NoDeviceError(isSecureContext ? 'This browser has no WebGPU.' : 'WebGPU is for secure pages alone: open this one as http://localhost.');
  const adapter = await gpu.requestAdapter();
  if (adapter === null) throw new NoDeviceError('This browser has WebGPU, but offers no adapter for this machine’s graphics.');
  const device = await adapter.requestDevice();
  device.addEventListener('uncapturederror', ({ error }) => uncaptured(error.message));
  return device;
}
