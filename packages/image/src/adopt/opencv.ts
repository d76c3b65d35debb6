/** OpenCV.js: a Mat, and whatever else of it must be deleted, as a handle. */
import type { Handle } from '@handback/core';
import { can, ownable, ownFirst, type OwnObjectOptions, type Shape } from './adopt.ts';
import { anyObject, isDeleted, isWasmObject, type WasmObject } from './wasm.ts';

export type { OwnObjectOptions } from './adopt.ts';
export { heapBytes, type WasmObject } from './wasm.ts';

/** What makes a Mat. */
export interface MatLike extends WasmObject {
  readonly rows: number;
  readonly cols: number;
  /** A view of the heap where its elements begin. */
  readonly data: Uint8Array;
  total(): number;
  elemSize(): number;
}

/**
 * Owns a Mat, or another object of OpenCV.js (a vector, a classifier, a capture): deleted when the handle is disposed. A Mat is counted
 * by the bytes it holds now, so give one that a function is to fill its size and type before: `own(new cv.Mat(rows, cols, type))`.
 * A region (`mat.roi(…)`) shares the memory of its Mat: name that as its `parent`, and it costs nothing. Throws TypeError for anything
 * else, and for what has an owner; DisposedError for what is deleted, and under a closed parent.
 */
export function own<M extends WasmObject>(object: M, options: OwnObjectOptions = {}): Handle<M> {
  return ownFirst(object, options, sorts, 'an object of OpenCV.js, as a Mat');
}

const mats = ownable<MatLike>({
  kind: 'mat',
  is: isMat,
  bytes: (mat, parent) => (sharesMemory(mat, parent) ? 0 : mat.total() * mat.elemSize()),
  isReleased: isDeleted,
  release: (mat) => mat.delete(),
  describe: (mat) => `${mat.cols} × ${mat.rows}, ${mat.elemSize()} bytes each`,
});
const sorts = [mats, ownable(anyObject('opencv object'))];

function isMat(raw: Shape): boolean {
  return isWasmObject(raw) && can(raw, 'total', 'elemSize');
}

/** The elements of the one begin within those of the other. */
function sharesMemory({ data }: MatLike, parent: unknown): boolean {
  if (typeof parent !== 'object' || parent === null || !isMat(parent as Shape) || (parent as MatLike).isDeleted()) return false;
  const whole = (parent as MatLike).data;
  const offset = data.byteOffset - whole.byteOffset;
  return data.buffer === whole.buffer && offset >= 0 && offset < whole.byteLength;
}
