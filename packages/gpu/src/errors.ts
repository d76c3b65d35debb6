/** What goes wrong with GPU resources, each with a code. */
import { ResourceError, type ResourceErrorInfo } from '@handback/core';

/** Is thrown for a descriptor that the device cannot satisfy, before anything is taken: the message has the limit. */
export class GpuDescriptorError extends ResourceError {
  static override readonly brand: string = 'GpuDescriptorError';
  override readonly code: string = 'ERR_GPU_DESCRIPTOR';
}

/** Is thrown where the device has no memory left for what its budget had room for; becomes the cause of a BudgetExceededError. */
export class GpuOutOfMemoryError extends ResourceError {
  static override readonly brand: string = 'GpuOutOfMemoryError';
  override readonly code: string = 'ERR_GPU_OUT_OF_MEMORY';
}

/** Is thrown by whatever needs the device once that is lost, until the heap is attached to another; the platform itself stays silent. */
export class DeviceLostError extends ResourceError {
  static override readonly brand: string = 'DeviceLostError';
  override readonly code: string = 'ERR_DEVICE_LOST';
  /** As the platform gives it: `destroyed` or `unknown`. */
  readonly reason: string;

  constructor(message: string, reason: string, info?: ResourceErrorInfo) {
    super(message, info);
    this.reason = reason;
  }
}

for (const each of [GpuDescriptorError, GpuOutOfMemoryError, DeviceLostError]) {
  Object.defineProperty(each.prototype, 'name', { value: each.brand, writable: true, configurable: true });
}
