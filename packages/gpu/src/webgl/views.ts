/** Bytes as the arrays that WebGL wants for each type: it refuses others, whatever is in them. */
const ARRAYS: ReadonlyMap<number, { new (buffer: ArrayBufferLike, offset: number, length: number): ArrayBufferView; readonly BYTES_PER_ELEMENT: number }> =
  new Map<number, never>(
    (
      [
        [Int8Array, [0x1400]],
        [Uint8Array, [0x1401, 0]],
        [Int16Array, [0x1402]],
        [Uint16Array, [0x1403, 0x140b, 0x8033, 0x8034, 0x8363]],
        [Int32Array, [0x1404]],
        [Uint32Array, [0x1405, 0x8368, 0x84fa, 0x8c3b, 0x8c3e]],
        [Float32Array, [0x1406]],
      ] as const
    ).flatMap(([array, types]) => types.map((type) => [type, array as never] as const)),
  );

/** So many bytes of `data` from `offset` on, for uploads of a type; of a compressed format, type 0. Copied where they are not aligned. */
export function viewOf(data: ArrayBufferView | ArrayBuffer, offset: number, bytes: number, type: number): ArrayBufferView {
  const view = ARRAYS.get(type);
  if (view === undefined) throw new TypeError(`No arrays for the type ${type}`);
  const [buffer, start] = ArrayBuffer.isView(data) ? [data.buffer, data.byteOffset + offset] : [data, offset];
  const length = bytes / view.BYTES_PER_ELEMENT;
  return start % view.BYTES_PER_ELEMENT === 0 ? new view(buffer, start, length) : new view(buffer.slice(start, start + bytes), 0, length);
}
