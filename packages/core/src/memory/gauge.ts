/**
 * The gauge: tells the engine's collector about memory that it cannot see, in plain JavaScript. It owns ballast, ArrayBuffers of
 * 32 MiB that are never touched (no resident memory) but counted by the engine, in proportion to the bytes outside. Where collections can be forced, pressure.ts does not leave it at that.
 *
 * The quantum is 32 MiB for a reason: smaller blocks come from glibc's heap and are zeroed, so they cost resident memory. Under it
 * nothing is gained either, since V8 looks at external memory only after 64 MiB of growth.
 */
import { host } from '../runtime/host.ts';
import { notePressure } from './pressure.ts';

const QUANTUM = 32 * 2 ** 20;
/**
 * Ballast for each byte outside. V8 starts to collect after 64 MiB of growth and lets things go on while it marks, so at a weight of 1
 * twenty-five dropped blocks of 32 MiB peak at 160 MiB, at 2 at 97 MiB (on a machine with nothing else to do); more only costs collections.
 */
const WEIGHT = 2;

let bytes = 0;
const ballast: ArrayBuffer[] = [];

/**
 * Tells the collector that `delta` bytes outside its heap were taken (positive) or given back (negative), so that it collects in
 * time; answers the bytes it now knows of. The ballast shows as `external` and `arrayBuffers` in `process.memoryUsage()`; it is not
 * resident. Throws TypeError for what is not a finite number.
 *
 * *When to use*: for native memory that no kind with `externalBytes` accounts for. After PyPy's `add_memory_pressure` and
 * .NET's `AddMemoryPressure`.
 */
export function adjustExternalMemory(delta: number): number {
  if (!Number.isFinite(delta)) throw new TypeError(`Expected \`delta\` to be a finite number of bytes, got ${String(delta)}`);
  bytes = Math.max(0, bytes + delta);
  const wanted = Math.floor((bytes * WEIGHT) / QUANTUM);
  while (ballast.length < wanted) {
    try {
      ballast.push(new ArrayBuffer(QUANTUM));
    } catch {
      break; // The engine's own limit is reached: it knows enough.
    }
  }
  // One block too many is kept while there are bytes at all, so that going up and down around a step costs nothing.
  const kept = bytes > 0 ? wanted + 1 : 0;
  while (ballast.length > kept) discard(ballast.pop() as ArrayBuffer);
  notePressure(bytes, () => bytes);
  return bytes;
}

/** Frees a block at once, without waiting for a collection. */
function discard(block: ArrayBuffer): void {
  const transferable = block as ArrayBuffer & { transfer?(length: number): ArrayBuffer };
  if (transferable.transfer !== undefined) {
    transferable.transfer(0);
    return;
  }
  // Node 20: a message to a closed port detaches what it carries, and drops it.
  if (host.MessageChannel === undefined) return;
  const { port1, port2 } = new host.MessageChannel();
  port1.close();
  port2.close();
  port1.postMessage(block, [block]);
}
