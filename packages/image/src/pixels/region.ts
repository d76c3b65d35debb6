/** A rectangle of an image: a view, which dies with its owner. */
import type { AllocateOptions, AllocateRequest, AllocateSyncOptions, ImageBuffer } from './image-buffer.ts';
import { bytesOfSample, refused, samplesOver, show, type Channels, type Depth, type Samples } from './shape.ts';

/** Is a rectangle of an image, on its memory. It has nothing to dispose; once its image is disposed, it throws as the image does. */
export class ImageRegion<D extends Depth = Depth> {
  /** The left edge in the image, in pixels. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly #image: ImageBuffer<D>;

  /** @internal Regions come from an ImageBuffer. */
  constructor(image: ImageBuffer<D>, x: number, y: number, width: number, height: number) {
    requireWithin('x', x, 'width', width, image.width, image.label);
    requireWithin('y', y, 'height', height, image.height, image.label);
    this.x = x;
    this.y = y;
    this.width = width;
    this.height = height;
    this.#image = image;
  }

  get image(): ImageBuffer<D> {
    return this.#image;
  }

  get channels(): Channels {
    return this.#image.channels;
  }

  get depth(): D {
    return this.#image.depth;
  }

  /** Bytes from the start of a row to the start of the next: those of the image. */
  get stride(): number {
    return this.#image.stride;
  }

  /** The samples from the first of the rectangle to its last; rows are `stride` bytes apart. Throws DisposedError or MovedError. */
  get data(): Samples<D> {
    return this.#samples(0, this.height);
  }

  /** The samples of one row. Throws RangeError for a row that is not there, DisposedError or MovedError. */
  row(y: number): Samples<D> {
    if (!Number.isSafeInteger(y) || y < 0 || y >= this.height) throw new RangeError(`Expected \`y\` to be a row from 0 to ${this.height - 1}, got ${show(y)}`);
    return this.#samples(y, 1);
  }

  /** Copies it to an image of its own, when there is room for that. Rejects as `ImageBuffer.allocate` does. */
  async clone(options: AllocateOptions = {}): Promise<ImageBuffer<D>> {
    return this.#image.use(async () => this.#copied(await this.#owner.allocate<D>(this.#shape(), options)));
  }

  /** The same within the call. */
  cloneSync(options: AllocateSyncOptions = {}): ImageBuffer<D> {
    return this.#image.use(() => this.#copied(this.#owner.allocateSync<D>(this.#shape(), options)));
  }

  get #owner(): typeof ImageBuffer {
    return this.#image.constructor as typeof ImageBuffer;
  }

  #shape(): AllocateRequest<D> {
    const { width, height, channels, depth } = this;
    return { width, height, channels, depth, clear: false };
  }

  #copied(copy: ImageBuffer<D>): ImageBuffer<D> {
    try {
      const row = copy.stride / bytesOfSample(this.depth);
      for (let y = 0; y < this.height; y++) copy.data.set(this.#samples(y, 1) as never, y * row);
      return copy;
    } catch (error) {
      copy.dispose();
      throw error;
    }
  }

  #samples(row: number, rows: number): Samples<D> {
    const { data, channels, depth, stride } = this.#image;
    const pixel = channels * bytesOfSample(depth);
    const begin = (this.y + row) * stride + this.x * pixel;
    return samplesOver(data.buffer, depth, begin, (rows - 1) * stride + this.width * pixel) as Samples<D>;
  }
}

function requireWithin(at: string, from: unknown, size: string, length: unknown, whole: number, label: string | undefined): void {
  if (!Number.isSafeInteger(from) || (from as number) < 0 || (from as number) >= whole)
    throw refused(`expected the region's \`${at}\` to be a whole number from 0 to ${whole - 1}, got ${show(from)}`, label);
  const most = whole - (from as number);
  if (!Number.isSafeInteger(length) || (length as number) < 1 || (length as number) > most)
    throw refused(`expected the region's \`${size}\` to be a whole number from 1 to ${most}, got ${show(length)}`, label);
}
