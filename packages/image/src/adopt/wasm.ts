/**
 * Objects of a module on a WASM heap, as Emscripten's embind makes them. The heap lies outside all that V8 collects, and it grows but
 * never shrinks: to delete an object makes room for the next one, and only that. So what counts is to hold its peak down.
 */
import { can, type Shape, type Sort } from './adopt.ts';

/** An object of a module on a WASM heap. */
export interface WasmObject {
  delete(): void;
  isDeleted(): boolean;
}

/** Any object of a module: guarded, deleted, and found when it is forgotten. What it holds cannot be seen from outside, so no bytes are counted. */
export function anyObject(kind: string): Sort<WasmObject> {
  return {
    kind,
    is: isWasmObject,
    bytes: () => 0,
    isReleased: isDeleted,
    release: (raw) => raw.delete(),
    describe: (raw) => raw.constructor.name,
  };
}

export function isWasmObject(raw: Shape): boolean {
  return can(raw, 'delete', 'isDeleted');
}

export function isDeleted(raw: WasmObject): boolean {
  return raw.isDeleted();
}

/**
 * Bytes of the whole heap of a module: its high-water mark, which comes down only with the module itself (in a worker, say, that is
 * ended). Takes the module, or an object with a view of its memory, as a Mat; undefined where neither shows the heap.
 */
export function heapBytes(source: object): number | undefined {
  const { HEAPU8, data } = source as { readonly HEAPU8?: unknown; readonly data?: unknown };
  const view = HEAPU8 ?? data;
  return ArrayBuffer.isView(view) ? view.buffer.byteLength : undefined;
}
