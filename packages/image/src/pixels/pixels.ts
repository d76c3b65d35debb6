/** Pixels as an ImageBuffer holds them: what the handle guards, lends and releases. */
import type { Budget, Costs, Handle } from '@handback/core';
import { samplesOver, type Channels, type Depth, type Samples, type Shape } from './shape.ts';
import { moveOrCopy, releaseStore } from './store.ts';

/** Pixels as plain data, which can be posted to a worker: `postMessage(pixels, [pixels.data.buffer])`. */
export interface Pixels<D extends Depth = Depth> {
  /** The samples, row by row. The array begins at the start of its ArrayBuffer. */
  readonly data: Samples<D>;
  readonly width: number;
  readonly height: number;
  readonly channels: Channels;
  readonly depth: D;
  /** Bytes from the start of a row to the start of the next. */
  readonly stride: number;
}

/** Where a store goes when nobody needs it any more: back to the pool that it came from. */
export interface StoreKeeper {
  put(store: Handle<Store>): void;
}

/** A store of a pool: the raw of the handles that the pool keeps. Each tenant gets a buffer of its own on the same memory. */
export class Store {
  buffer: ArrayBuffer;
  readonly costs: Costs;

  constructor(buffer: ArrayBuffer, budget: Budget, remainder = 0) {
    this.buffer = buffer;
    this.costs = { budget, amount: buffer.byteLength + remainder };
  }
}

/** A store on loan, and who takes it back. */
export interface Loan {
  readonly keeper: StoreKeeper;
  readonly store: Handle<Store>;
}

/** The raw of an ImageBuffer. */
export class HeldPixels implements Pixels {
  data: Samples;
  readonly width: number;
  readonly height: number;
  readonly channels: Channels;
  readonly depth: Depth;
  readonly stride: number;
  readonly byteLength: number;
  /** What is counted for it: nothing for a store on loan, which its pool counts. */
  readonly costs: Costs;
  #buffer: ArrayBuffer;
  #loan: Loan | undefined;

  /** `remainder`: bytes of the decoder's that the collector has not taken back yet, and that stay on the account with it. */
  constructor(shape: Shape, buffer: ArrayBuffer, paid: { readonly budget: Budget; readonly remainder?: number } | Loan) {
    this.data = samplesOver(buffer, shape.depth, 0, shape.byteLength);
    this.width = shape.width;
    this.height = shape.height;
    this.channels = shape.channels;
    this.depth = shape.depth;
    this.stride = shape.stride;
    this.byteLength = shape.byteLength;
    this.#buffer = buffer;
    this.#loan = 'store' in paid ? paid : undefined;
    this.costs = 'store' in paid ? undefined : { budget: paid.budget, amount: buffer.byteLength + (paid.remainder ?? 0) };
  }

  /** Moves the memory to a buffer that nobody else knows, or copies it where it cannot be moved. */
  moveIn(): void {
    this.#buffer = moveOrCopy(this.#buffer);
    this.data = samplesOver(this.#buffer, this.depth, 0, this.byteLength);
  }

  release(): void {
    if (this.#loan === undefined) releaseStore(this.#buffer);
    else this.#loan.keeper.put(this.#loan.store);
  }

  /** Leaves the pixels to the caller; their array fills its buffer, so that they can be owned anew. */
  leave(): Pixels {
    const { width, height, channels, depth, stride } = this;
    let { data } = this;
    this.#loan?.store.detach();
    if (data.byteLength < this.#buffer.byteLength) {
      data = data.slice();
      releaseStore(this.#buffer);
    }
    return { data, width, height, channels, depth, stride };
  }
}
