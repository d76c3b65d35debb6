/** WebCodecs, and ImageBitmap: what a browser closes only when it is told to, as a handle. */
import type { Handle } from '@handback/core';
import { can, ownable, ownFirst, type OwnObjectOptions, type Shape } from './adopt.ts';

export type { OwnObjectOptions } from './adopt.ts';

/** Whatever a browser lets one close: VideoFrame, ImageBitmap, AudioData, VideoDecoder, ImageDecoder …. */
export interface Closeable {
  close(): void;
}

interface FrameLike extends Closeable {
  readonly codedWidth: number;
  readonly codedHeight: number;
  allocationSize(): number;
}

interface BitmapLike extends Closeable {
  readonly width: number;
  readonly height: number;
}

interface AudioLike extends Closeable {
  readonly numberOfFrames: number;
  readonly numberOfChannels: number;
  allocationSize(options: { planeIndex: number }): number;
}

interface CodecLike extends Closeable {
  readonly state: string;
}

/**
 * Owns a VideoFrame, an ImageBitmap, an AudioData, or a codec (VideoDecoder, VideoEncoder, AudioDecoder, AudioEncoder): closed when the
 * handle is disposed. To post one to a worker, `detach()` it: what is transferred is closed at its source. Throws TypeError for
 * anything else, and for what has an owner; DisposedError for what is closed or transferred, and under a closed parent.
 */
export function own<M extends Closeable>(object: M, options: OwnObjectOptions = {}): Handle<M> {
  return ownFirst(object, options, sorts, 'a VideoFrame, an ImageBitmap, an AudioData or a codec of WebCodecs');
}

const close = (raw: Closeable): void => raw.close();
const has = (raw: Shape, name: string, type: string): boolean => typeof raw[name] === type && can(raw, 'close');

const frames = ownable<FrameLike>({
  kind: 'video frame',
  is: (raw) => has(raw, 'codedWidth', 'number') && can(raw, 'allocationSize'),
  bytes: frameBytes,
  isReleased: ({ codedWidth }) => codedWidth === 0,
  release: close,
  describe: ({ codedWidth, codedHeight }) => `${codedWidth} × ${codedHeight}`,
});
const audio = ownable<AudioLike>({
  kind: 'audio data',
  is: (raw) => has(raw, 'numberOfFrames', 'number') && can(raw, 'allocationSize'),
  bytes: audioBytes,
  isReleased: ({ numberOfFrames }) => numberOfFrames === 0,
  release: close,
  describe: ({ numberOfFrames, numberOfChannels }) => `${numberOfFrames} frames of ${numberOfChannels} channels`,
});
const bitmaps = ownable<BitmapLike>({
  kind: 'image bitmap',
  is: (raw) => has(raw, 'width', 'number') && has(raw, 'height', 'number'),
  bytes: ({ width, height }) => width * height * 4,
  isReleased: ({ width }) => width === 0,
  release: close,
  describe: ({ width, height }) => `${width} × ${height}`,
});
const codecs = ownable<CodecLike>({
  kind: 'codec',
  is: (raw) => has(raw, 'state', 'string') && can(raw, 'configure', 'flush', 'reset'),
  // What a codec holds, often in hardware, no call tells.
  bytes: () => 0,
  isReleased: ({ state }) => state === 'closed',
  release: close,
  describe: (raw) => `${raw.constructor.name}, ${raw.state}`,
});
const sorts = [frames, audio, bitmaps, codecs];

function frameBytes(frame: FrameLike): number {
  try {
    return frame.allocationSize();
  } catch {
    // The format of a frame that lives on the GPU may not be told.
    return frame.codedWidth * frame.codedHeight * 4;
  }
}

/** One plane where the samples of all channels alternate, else one for each channel: past the last the size is refused. */
function audioBytes(audio: AudioLike): number {
  let bytes = 0;
  try {
    for (let planeIndex = 0; planeIndex < audio.numberOfChannels; planeIndex++) bytes += audio.allocationSize({ planeIndex });
  } catch {
    // That was the last plane.
  }
  return bytes;
}
