/**
 * Stores of pixels: plain ArrayBuffers, each owned whole. Giving one back means to detach it, so that its memory goes at once and
 * all views of it are dead; to move it (`renew`) kills the views and keeps the memory.
 */

/** `ArrayBuffer.prototype.transfer`; Node 20 has none. */
interface Transferable {
  transfer(byteLength?: number): ArrayBuffer;
}

export const hasTransfer: boolean = 'transfer' in ArrayBuffer.prototype;

/** Moves the memory of a buffer of our own to a new ArrayBuffer, without a copy: views of the old one are empty from now on. */
export function renew(buffer: ArrayBuffer): ArrayBuffer {
  return hasTransfer ? (buffer as unknown as Transferable).transfer() : structuredClone(buffer, { transfer: [buffer] });
}

/** The same for any buffer. Memory of a WebAssembly module cannot be moved, nor, on Node 20, that of native libraries: it is copied. */
export function moveOrCopy(buffer: ArrayBuffer): ArrayBuffer {
  try {
    return renew(buffer);
  } catch {
    return buffer.slice(0);
  }
}

/** Gives the memory back now, and kills all views of it. */
export function releaseStore(buffer: ArrayBuffer): void {
  if (buffer.byteLength === 0) return;
  if (hasTransfer) {
    (buffer as unknown as Transferable).transfer(0);
    return;
  }
  // Node 20: a message to a closed port detaches what it carries, and drops it.
  const { port1, port2 } = new MessageChannel();
  port1.close();
  port2.close();
  port1.postMessage(undefined, [buffer]);
}

/** True for the error that says that there is no memory left for a buffer. */
export function isOutOfMemory(error: unknown): boolean {
  return error instanceof RangeError && /allocation failed/i.test(error.message);
}
