/** What a handle of the GPU has: the block that stands for it on the device there is now, made anew where the device was lost. */
import { Handle } from '@handback/core';
import type { Block } from '../heap/block.ts';
import type { RawShape } from '../heap/platform.ts';

/** What holds need of their heap. */
export interface Keeper {
  /** Counts devices: what was made on another is gone. */
  readonly device: number;
  /** Throws DeviceLostError while there is no device. */
  requireDevice(label: string | undefined): void;
  /** Takes a block back: kept or released when the queue is done with it. */
  retire(block: Handle<Block>): void;
  /** A block goes to the user, uncounted. */
  forget(block: Handle<Block>): void;
}

/** The raw of texture and buffer handles. */
export class Hold<Raw extends RawShape = RawShape> {
  readonly keeper: Keeper;
  readonly label: string | undefined;
  readonly bytes: number;
  readonly #make: () => Handle<Block>;
  readonly #restored: ((raw: Raw) => void) | undefined;
  #block: Handle<Block> | undefined;
  #device: number;

  /** `make` is asked for another block, within the call, when the device has changed. */
  constructor(keeper: Keeper, block: Handle<Block>, label: string | undefined, make: () => Handle<Block>, restored: ((raw: Raw) => void) | undefined) {
    this.keeper = keeper;
    this.label = label;
    this.bytes = block.value.bytes;
    this.#block = block;
    this.#device = keeper.device;
    this.#make = make;
    this.#restored = restored;
  }

  /** What the platform made, whatever a former owner left in it; on a new device, made there now. Throws DeviceLostError, GpuOutOfMemoryError, or BudgetExceededError. */
  get raw(): Raw {
    this.keeper.requireDevice(this.label);
    if (this.#device !== this.keeper.device || this.#block === undefined) {
      this.#block = this.#make();
      this.#device = this.keeper.device;
      const raw = this.#block.value.raw as Raw;
      try {
        this.#restored?.(raw);
      } catch (error) {
        // Nothing was restored: the next use tries again.
        this.retire();
        throw error;
      }
      return raw;
    }
    const { failed, raw } = this.#block.value;
    if (failed !== undefined) throw failed;
    return raw as Raw;
  }

  /** The same, for the app, which may put it into commands. */
  lend(): Raw {
    const raw = this.clear();
    (this.#block as Handle<Block>).value.lent = true;
    return raw;
  }

  /** The same, cleared of what a former owner left. */
  clear(): Raw {
    const { raw } = this;
    const block = (this.#block as Handle<Block>).value;
    block.clear?.();
    block.clear = undefined;
    return raw;
  }

  /** All of it was overwritten. */
  overwritten(): void {
    (this.#block as Handle<Block>).value.clear = undefined;
  }

  /** The same, where it is still there: with a device go its blocks. */
  get present(): Raw | undefined {
    return this.#block?.state === 'open' ? (this.#block.value.raw as Raw) : undefined;
  }

  /** The number of the device that `raw` is of: views and bind groups are made anew with it. */
  get device(): number {
    return this.#device;
  }

  /** Gives the block back. On a lost device there is none. */
  retire(): void {
    const block = this.#block;
    this.#block = undefined;
    if (block !== undefined && this.#device === this.keeper.device) this.keeper.retire(block);
  }

  /** Leaves what the platform made to the caller, uncounted. */
  leave(): Raw {
    const raw = this.clear();
    const block = this.#block as Handle<Block>;
    this.#block = undefined;
    this.keeper.forget(block);
    block.detach();
    return raw;
  }
}

/** Uses what stands for a handle, which is not lent to the app by that. */
export function useHold<Raw extends RawShape, R>(handle: Handle<unknown>, operation: (hold: Hold<Raw>) => R): R {
  return Handle.prototype.use.call(handle, operation as (hold: unknown) => unknown) as R;
}
