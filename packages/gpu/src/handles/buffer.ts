/** Buffers as handles. */
import { defineResource, Handle, type OwningKind } from '@handback/core';
import type { Buffer, BufferShape } from '../types.ts';
import type { Hold } from './hold.ts';

/** Is a buffer under the budget of its heap. Hold it with `using`; using it after its dispose throws at the call. */
export class BufferHandle extends Handle<Buffer> {
  /** The buffer of the platform, on loan. It may be larger than was asked for. Throws DisposedError, MovedError or DeviceLostError. */
  override get value(): Buffer {
    return bufferHoldOf(super.value).lend() as Buffer;
  }

  override use<R>(operation: (buffer: Buffer) => R): R {
    return super.use((hold) => operation(bufferHoldOf(hold).lend() as Buffer));
  }

  /** What it counts for, in bytes: at least what was asked for. */
  get byteLength(): number {
    return bufferHoldOf(super.value).bytes;
  }

  /** Maps it: `mode` is GPUMapMode.READ (1) or WRITE (2). A dispose meanwhile waits until that has ended. */
  async mapAsync(mode: number, offset?: number, size?: number): Promise<void> {
    await this.use((buffer) => (buffer as BufferShape).mapAsync(mode, offset, size));
  }

  /** What is mapped. It is detached by `unmap`, and by the dispose. */
  getMappedRange(offset?: number, size?: number): ArrayBuffer {
    return (this.value as BufferShape).getMappedRange(offset, size);
  }

  unmap(): void {
    (this.value as BufferShape).unmap();
  }

  /** Gives the buffer of the platform to the caller, uncounted from now on. Throws as `detach` of any handle does. */
  override detach(): Buffer {
    // What cannot be had is not detached.
    void this.value;
    return bufferHoldOf(super.detach()).leave() as Buffer;
  }
}

export const buffers: OwningKind<Buffer, BufferHandle> = defineResource({
  kind: 'GPU buffer',
  release: (raw: Buffer) => {
    const hold = bufferHoldOf(raw);
    // So that nobody reads on in what becomes another's; a map that is pending ends with an AbortError.
    if (hold.present?.mapState !== 'unmapped') hold.present?.unmap();
    hold.retire();
  },
  externalBytes: (hold) => bufferHoldOf(hold).bytes,
  describe: (hold) => bufferHoldOf(hold).label || `${bufferHoldOf(hold).bytes} bytes`,
  handle: BufferHandle,
  module: import.meta.url,
});

export function bufferHoldOf(raw: Buffer): Hold<BufferShape> {
  return raw as unknown as Hold<BufferShape>;
}
