/** Decoding by sharp, to raw pixels in one block. */
import type { Plan, Resize } from '../plan.ts';
import { requireShape, type Channels, type Shape } from '../pixels/shape.ts';
import { open } from './header.ts';
import { engine, firstLine, type Pipeline, type Sharp } from './sharp.ts';
import { refusedInput, type Source } from './source.ts';
import { collectCopied, takeOver, type Room } from './take-over.ts';

/** What the decoder made, in memory of our own. */
export interface Decoded {
  readonly buffer: ArrayBuffer;
  /** Bytes that the decoder made besides, and that the collector has not taken back yet. */
  readonly remainder: number;
  readonly shape: Shape;
}

/** Decodes, or throws ImageInputError. Where pixels are copied, `room` may have memory for them. */
export async function decodeRaw(source: Source, plan: Plan, room?: Room): Promise<Decoded> {
  const sharp = await engine();
  const { channels, depth } = plan.shape;
  const grey = channels < 3;
  const space = depth === 16 ? (grey ? 'grey16' : 'rgb16') : grey ? 'b-w' : 'srgb';
  const pipeline = opened(sharp, source, plan).toColourspace(space);
  const ready = channels % 2 === 0 ? pipeline.ensureAlpha() : pipeline.removeAlpha();
  const decoded = await pixelsOf(ready.raw({ depth: depth === 16 ? 'ushort' : 'uchar' }), depth, source.name, room);
  return { ...decoded, remainder: await collectCopied() };
}

/**
 * What a pipeline makes, in memory of our own. By a callback: what a promise was resolved with outlives it by a while, and on Node 20
 * the decoder's memory is to be collected at once.
 *
 * Not `toUint8Array`: in sharp 0.35.5 it leaks its whole output at every call, where no counter sees it.
 */
function pixelsOf(pipeline: Pipeline, depth: Plan['shape']['depth'], name: string | undefined, room: Room | undefined): Promise<Omit<Decoded, 'remainder'>> {
  return new Promise((resolve, reject) => {
    pipeline.toBuffer((error, data, info) => {
      try {
        if (error !== null) throw refusedInput(firstLine(error), name, error);
        const shape = requireShape({ width: info.width, height: info.height, channels: info.channels as Channels, depth }, name);
        resolve({ buffer: takeOver(data, room), shape });
      } catch (cause) {
        reject(cause);
      }
    });
  });
}

/** The source, turned and resized as planned. The decoder is held to the size that its header gave. */
export function opened(sharp: Sharp, source: Source, { pages, orient, resize, pixels }: Plan): Pipeline {
  // libvips cannot turn several pages at once.
  const pipeline = reading(source, () => open(sharp, source, { pages, limitInputPixels: pixels, autoOrient: orient && pages === 1 }));
  return resize === undefined ? pipeline : resized(pipeline, resize);
}

/** Sharp refuses some at once: bytes that their owner has transferred while they waited, more pages than it can count. */
function reading(source: Source, start: () => Pipeline): Pipeline {
  try {
    return start();
  } catch (cause) {
    throw refusedInput(firstLine(cause), source.name, cause);
  }
}

export function resized(pipeline: Pipeline, { width, height, fit = 'inside', enlarge = false }: Resize): Pipeline {
  return pipeline.resize({ ...(width === undefined ? {} : { width }), ...(height === undefined ? {} : { height }), fit, withoutEnlargement: !enlarge });
}
