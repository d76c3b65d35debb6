/** Decoding under the budget: header → estimate → admission → decode → settle to what it really takes → a handle. */
import type { AcquireOptions } from '@handback/core';
import { admitting, type OversizeOptions } from './admission.ts';
import { decodeRaw } from './engine/decode.ts';
import { readHeader } from './engine/header.ts';
import { sourceOf, type ImageInput, type InputOptions, type Source } from './engine/source.ts';
import type { Header } from './estimate/header.ts';
import { decodePeak } from './estimate/peak.ts';
import { imageMemory } from './memory.ts';
import { images, ownLoan, type CountedIn, type ImageBuffer } from './pixels/image-buffer.ts';
import { HeldPixels, Store } from './pixels/pixels.ts';
import type { PixelPool } from './pixels/pool.ts';
import type { Shape } from './pixels/shape.ts';
import { hasTransfer } from './pixels/store.ts';
import { opening } from './operations.ts';
import { planDecode, type DecodeShape, type Plan } from './plan.ts';
import { forwarding } from './signals.ts';

/** Options of `decode`. */
export interface DecodeOptions<D extends 8 | 16 = 8 | 16> extends DecodeShape<D>, AcquireOptions, CountedIn, InputOptions, OversizeOptions {
  signal?: AbortSignal | undefined;
  /** Where its memory goes when it is disposed; the budget is the pool's then. */
  pool?: PixelPool | undefined;
}

/**
 * Decodes an image to pixels: RGBA of 8 bits unless told otherwise. What it takes at most is estimated from the header and waited
 * for, so any number may be asked for at once; then it is settled to what the pixels take. Rejects with ImageInputError (unreadable),
 * ImageTooLargeError (`maxPixels`), BudgetExceededError (larger than the budget), AcquireTimeoutError, EngineMissingError, or the
 * signal's reason; then nothing is held, but for a decode that an abort has struck: sharp ends it by itself, and then it is refunded.
 */
export async function decode<D extends 8 | 16 = 8>(input: ImageInput, options: DecodeOptions<D> = {}): Promise<ImageBuffer<D>> {
  const source = await sourceOf(input, options);
  const header = await readHeader(source);
  const plan = planDecode(header, options, options.label ?? source.name);
  const budget = options.pool?.budget ?? options.budget ?? imageMemory;
  const bytes = decodeBytes(header, plan) + source.heldBytes;
  const wait = { ...options, label: options.label ?? source.name, timeout: source.timeout };
  const { signal } = wait;
  // None where there is none: a wait that a signal may end is never told to be a deadlock.
  const image = admitting(bytes, budget, options, (amount) =>
    signal === undefined
      ? admitAndDecode(source, plan, amount, wait)
      : forwarding(signal, (own) => admitAndDecode(source, plan, amount, { ...wait, signal: own.signal })),
  );
  return image as Promise<ImageBuffer<D>>;
}

async function admitAndDecode(source: Source, plan: Plan, bytes: number, options: DecodeOptions): Promise<ImageBuffer> {
  const { pool } = options;
  const budget = pool?.budget ?? options.budget ?? imageMemory;
  if (pool === undefined) {
    const make = async (): Promise<HeldPixels> => {
      const { buffer, remainder, shape } = await opening(budget, () => decodeRaw(source, plan));
      return new HeldPixels(shape, buffer, { budget, remainder });
    };
    return images.acquire({ budget, bytes, make }, options);
  }
  let found!: Shape;
  const make = async (): Promise<Store> => {
    const { buffer, remainder, shape } = await opening(budget, () => decodeRaw(source, plan, (length) => pool.room(length)));
    found = shape;
    return new Store(buffer, budget, remainder);
  };
  const loan = await pool.fill(bytes, make, options);
  return ownLoan(found, loan, options);
}

/** What a decode takes at most. On Node 20 the pixels are there twice for a moment: the decoder's, and ours. */
export function decodeBytes(header: Header, plan: Plan): number {
  return decodePeak(header, plan, !hasTransfer);
}
