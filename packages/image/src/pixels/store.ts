/**
 * Stores of pixels: plain ArrayBuffers, each owned whole. Giving one back means to detach it, so that its memory goes at once and
 * all views of it are dead; to move it (`renew`) kills the views and keeps the memory.
 */

/** `ArrayBuffer.prototype.transfer`; Node 20 has none. */
interface Transferable {
  transfer(byteLength?: number): ArrayBuffer;
}

export const hasTransfer: boolean = 'transfer' in ArrayBuffer.prototype;

/**
 * Moves the memory to a new ArrayBuffer, without a copy: views of the old one are empty from now on. Throws TypeError for what
 * cannot be moved, as the memory of a WebAssembly module.
 */
export function renew(buffer: ArrayBuffer): ArrayBuffer {
  return hasTransfer ? (buffer as unknown as Transferable).transfer() : structuredClone(buffer, { transfer: [buffer] });
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
  return error instanceof RangeError && /array ?buffer/i.test(error.message);
}
