/** Encoding, and thumbnails, under the budget. */
import type { AcquireOptions } from '@handback/core';
import { admitting, untilAborted, type OversizeOptions } from './admission.ts';
import { opened } from './engine/decode.ts';
import { copiedBytes, encodePixels, requireEncoding, requireWritable, written, type EncodeShape } from './engine/encode.ts';
import { readHeader } from './engine/header.ts';
import { engine } from './engine/sharp.ts';
import { sourceOf, type ImageInput, type InputOptions } from './engine/source.ts';
import { encodePeak, thumbnailPeak } from './estimate/peak.ts';
import { imageMemory } from './memory.ts';
import { ImageBuffer, requireThere, type CountedIn } from './pixels/image-buffer.ts';
import { ImageRegion } from './pixels/region.ts';
import { bytesOfSample, refused, show } from './pixels/shape.ts';
import { admitHeld, holding } from './operations.ts';
import { fitted, planDecode, requireResize, type DecodeShape, type Resize } from './plan.ts';

/** Options of `encode`. */
export interface EncodeOptions extends EncodeShape, Omit<AcquireOptions, 'parent'>, CountedIn, OversizeOptions {
  /** Makes what is written smaller, or larger, than the image. */
  resize?: Resize | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Encodes an image, or a region of one, when there is room for what that takes. The image stays open until then; a dispose meanwhile
 * waits for it. The answer is not counted: it is the caller's. Rejects with ImageShapeError, DisposedError, BudgetExceededError,
 * AcquireTimeoutError, EngineMissingError, or the signal's reason.
 */
export async function encode(image: ImageBuffer | ImageRegion, options: EncodeOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
  const region = image instanceof ImageRegion ? image : undefined;
  const owner = region?.image ?? (image as ImageBuffer);
  if (owner?.kind !== 'image' || typeof owner.use !== 'function')
    throw refused(`expected an ImageBuffer, or a region of one, got ${show(image)}; \`thumbnail\` takes files`, options.label);
  const running = owner.use(async (pixels) => {
    const { channels, depth } = requireThere(pixels, owner.label);
    const { format, quality } = requireEncoding(options, channels % 2 === 0);
    if (depth === 'float32') throw refused('no format here keeps float32 samples; convert them to 8 or 16 bits', owner.label);
    const resize = options.resize === undefined ? undefined : requireResize(options.resize, owner.label);
    const { width, height } = resize === undefined ? (region ?? pixels) : fitted(region ?? pixels, resize);
    const { budget = imageMemory, label = owner.label, signal, timeout, priority } = options;
    requireWritable(format, { width, height }, resize !== undefined, label);
    const bytes = encodePeak(format, { width, height, channels, bytesPerSample: bytesOfSample(depth) }) + copiedBytes(pixels, region);
    const permit = await admitting(bytes, budget, options, (amount) => admitHeld(budget, amount, { label, signal, timeout, priority }));
    return holding(permit, budget, () => encodePixels(pixels, { part: region, resize, format, quality, name: label }));
  });
  return untilAborted(running, options.signal);
}

/** Options of `thumbnail`. */
export interface ThumbnailOptions extends Resize, Omit<EncodeOptions, 'resize'>, InputOptions, Pick<DecodeShape, 'maxPixels' | 'orient'> {
  signal?: AbortSignal | undefined;
}

/**
 * Makes a small picture of an image file, in one go: 320 pixels wide and high at most, unless told otherwise; a JPEG, or WebP where
 * there is alpha. It takes far less memory than a decode, since most formats are made small while they are read. Rejects as
 * `decode` does.
 */
export async function thumbnail(input: ImageInput, options: ThumbnailOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
  const source = await sourceOf(input, options);
  const header = await readHeader(source);
  const { width, height, fit, enlarge, budget = imageMemory, label = source.name, signal, priority, maxPixels, orient } = options;
  const resize = width === undefined && height === undefined ? { width: 320, height: 320, fit, enlarge } : { width, height, fit, enlarge };
  const plan = planDecode(header, { maxPixels, orient, resize }, label);
  const hasAlpha = header.channels % 2 === 0;
  const { format, quality } = requireEncoding({ format: options.format ?? (hasAlpha ? 'webp' : 'jpeg'), quality: options.quality }, hasAlpha);
  requireWritable(format, plan.output, true, label);
  const peak = thumbnailPeak(header, plan, format) + source.heldBytes;
  const permit = await admitting(peak, budget, options, (amount) => budget.acquire(amount, { label, signal, timeout: source.timeout, priority }));
  const write = async (): Promise<Uint8Array<ArrayBuffer>> => written(opened(await engine(), source, plan), format, quality, label);
  return untilAborted(holding(permit, budget, write), signal);
}
