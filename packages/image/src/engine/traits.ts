/** What an estimate has to know of a file besides what its decoder says of it. */
import type { Header } from '../estimate/header.ts';
import { about, ImageTooLargeError } from '../errors.ts';
import { peeking, type Peek } from './peek.ts';
import type { Sharp } from './sharp.ts';
import type { Source } from './source.ts';
import { drawingOf } from './traits/svg.ts';
import { bufferedByTiff } from './traits/tiff.ts';
import { isLossless } from './traits/webp.ts';

type Traits = Pick<Header, 'lossless' | 'layers' | 'buffered'>;
type Known = Pick<Header, 'format' | 'channels' | 'bits'>;

/** Bytes a pixel of an image within an SVG: as decoded, and as it is drawn. */
const EMBEDDED_BYTES = 12;

export function traitsOf(sharp: Sharp, source: Source, known: Known): Promise<Traits> {
  return peeking(source, async (peek) => {
    const plain: Traits = { lossless: false, layers: 1, buffered: peek.isFile ? peek.size : 0 };
    switch (known.format) {
      case 'png':
        // Read piece by piece.
        return { ...plain, buffered: 0 };
      case 'tiff':
        return { ...plain, buffered: await bufferedByTiff(peek, (known.channels * known.bits) / 8) };
      case 'webp':
        return { ...plain, lossless: await isLossless(peek) };
      case 'svg':
        return { ...plain, ...(await svg(sharp, source, peek)) };
      case 'heif':
        // The data of a frame is copied out of its box.
        return { ...plain, buffered: plain.buffered + peek.size };
      default:
        return plain;
    }
  });
}

async function svg(sharp: Sharp, source: Source, peek: Peek): Promise<Pick<Traits, 'layers' | 'buffered'>> {
  const { layers, embedded, hidden } = await drawingOf(peek);
  if (hidden)
    throw new ImageTooLargeError(
      `What ${source.name === undefined ? 'the SVG' : `'${source.name}'`} embeds cannot be told: its references are written by entities. Write them out.`,
      about(source.name),
    );
  let buffered = peek.size * 2;
  for (const file of embedded) {
    // What cannot be read here is not drawn either: the image is left out.
    const found = await sharp(file, { limitInputPixels: false })
      .metadata()
      .catch(() => undefined);
    buffered += file.length + (found === undefined ? 0 : found.width * found.height * EMBEDDED_BYTES);
  }
  return { layers, buffered };
}
