/** Decoding by sharp, to raw pixels in one block. */
import type { Plan } from '../plan.ts';
import { requireShape, type Channels, type Shape } from '../pixels/shape.ts';
import { open } from './header.ts';
import { engine, firstLine, type Pipeline, type Sharp } from './sharp.ts';
import { refusedInput, type Source } from './source.ts';
import { collectCopied, takeOver } from './take-over.ts';

/** What the decoder made, in memory of our own. */
export interface Decoded {
  readonly buffer: ArrayBuffer;
  /** Bytes that the decoder made besides, and that the collector has not taken back yet. */
  readonly remainder: number;
  readonly shape: Shape;
}

/** Decodes, or throws ImageInputError. */
export async function decodeRaw(source: Source, plan: Plan): Promise<Decoded> {
  const sharp = await engine();
  const { channels, depth } = plan.shape;
  const grey = channels < 3;
  const space = depth === 16 ? (grey ? 'grey16' : 'rgb16') : grey ? 'b-w' : 'srgb';
  const pipeline = opened(sharp, source, plan).toColourspace(space);
  const ready = channels % 2 === 0 ? pipeline.ensureAlpha() : pipeline.removeAlpha();
  try {
    // Not `toUint8Array`: in sharp 0.35.5 it leaks its whole output at every call, where no counter sees it.
    const output = ready.raw({ depth: depth === 16 ? 'ushort' : 'uchar' }).toBuffer({ resolveWithObject: true });
    // In a function of its own, so that nothing here holds the decoder's memory while it is to be collected.
    const decoded = await output.then(({ data, info }) => ({
      buffer: takeOver(data),
      shape: requireShape({ width: info.width, height: info.height, channels: info.channels as Channels, depth }, source.name),
    }));
    return { ...decoded, remainder: await collectCopied() };
  } catch (cause) {
    throw refusedInput(firstLine(cause), source.name, cause);
  }
}

/** The source, turned and resized as planned. The decoder is held to the size that its header gave. */
export function opened(sharp: Sharp, source: Source, { pages, orient, resize, pixels }: Plan): Pipeline {
  // libvips cannot turn several pages at once.
  const pipeline = open(sharp, source, { pages, limitInputPixels: pixels, autoOrient: orient && pages === 1 });
  if (resize === undefined) return pipeline;
  const { width, height, fit = 'inside', enlarge = false } = resize;
  return pipeline.resize({ ...(width === undefined ? {} : { width }), ...(height === undefined ? {} : { height }), fit, withoutEnlargement: !enlarge });
}
