/** How an upload to a texture is cut into cuts that fit the share of staging: by rows of blocks, by layers, or both. */
import type { Block } from './formats.ts';
import type { Size } from './texture-bytes.ts';

/** As GPUTexelCopyBufferLayout. */
export interface DataLayout {
  readonly offset?: number | undefined;
  readonly bytesPerRow?: number | undefined;
  readonly rowsPerImage?: number | undefined;
}

/** A piece of a copy: where it begins, what it covers, where its data is. */
export interface Cut {
  /** Rows of texels from the top, and layers from the first. */
  readonly y: number;
  readonly z: number;
  readonly size: Size;
  readonly layout: { readonly offset: number; readonly bytesPerRow: number; readonly rowsPerImage: number };
  readonly bytes: number;
}

/** Devices copy rows at multiples of so many bytes. */
const ROW_ALIGNMENT = 256;

/** The cuts of a copy of `size`, each of `most` bytes of staging at most, but of one row of blocks at least; `isWhole`: of one layer. */
export function* cutsOf(size: Size, block: Block, layout: DataLayout, most: number, isWhole: boolean): Generator<Cut> {
  const across = Math.ceil(size.width / block.width);
  const rows = Math.ceil(size.height / block.height);
  const { offset = 0, bytesPerRow = across * block.low, rowsPerImage = rows } = layout;
  const staged = Math.ceil((across * block.low) / ROW_ALIGNMENT) * ROW_ALIGNMENT;
  const rowsAtOnce = isWhole ? rows : Math.max(1, Math.min(rows, Math.floor(most / staged)));
  const layersAtOnce = rowsAtOnce < rows ? 1 : Math.max(1, Math.floor(most / (staged * rows)));
  for (let z = 0; z < size.depthOrArrayLayers; z += layersAtOnce) {
    const layers = Math.min(layersAtOnce, size.depthOrArrayLayers - z);
    for (let row = 0; row < rows; row += rowsAtOnce) {
      const count = Math.min(rowsAtOnce, rows - row);
      const y = row * block.height;
      yield {
        y,
        z,
        size: { width: size.width, height: Math.min(count * block.height, size.height - y), depthOrArrayLayers: layers },
        layout: { offset: offset + (z * rowsPerImage + row) * bytesPerRow, bytesPerRow, rowsPerImage },
        bytes: staged * count * layers,
      };
    }
  }
}
