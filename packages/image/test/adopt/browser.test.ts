// VideoFrame, ImageBitmap and the rest of WebCodecs, in a real browser.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missing, openTab, type Tab } from './chromium.ts';

if (missing !== undefined) console.log(`skipped: ${missing}`);
const BITMAP = 320 * 240 * 4;
const FRAME = (320 * 240 * 3) / 2;
const kinds = {
  VideoFrame: ['video frame', FRAME],
  ImageBitmap: ['image bitmap', BITMAP],
  AudioData: ['audio data', 3840],
  VideoDecoder: ['codec', 0],
} as const;
const forEach = (make: (kind: string, bytes: number) => unknown): unknown =>
  Object.fromEntries(Object.entries(kinds).map(([name, [kind, bytes]]) => [name, make(kind, bytes)]));

describe.skipIf(missing !== undefined)('in Chromium', () => {
  let tab: Tab;
  beforeAll(async () => void (tab = await openTab(['--js-flags=--expose-gc'])));
  afterAll(async () => tab?.[Symbol.asyncDispose]());

  it('each is counted while it is held, and closed by a dispose, once; then its handle throws, and it cannot be owned', async () => {
    expect(await tab.run('lifetime')).toEqual(forEach((kind, bytes) => [kind, bytes, false, 'TypeError', 0, true, 'DisposedError', 'DisposedError']));
  });

  it('each may be closed by its user under the handle, which then refunds alone', async () => {
    expect(await tab.run('closedByUser')).toEqual(forEach(() => ['nothing', 0, true]));
  });

  it('each is found when it is forgotten, closed, refunded, and reported with the line that owned it', async () => {
    expect(await tab.run('forgotten')).toEqual(forEach(() => [true, 3, true, 0, true]));
  });

  it('a detached one can be posted to a worker, and is closed at its source', async () => {
    expect(await tab.run('posted')).toEqual({ VideoFrame: [320, true, 'moved', 0, 'DisposedError'], ImageBitmap: [320, true, 'moved', 0, 'DisposedError'] });
  });

  it('a clone of a frame is closed before the frame that is its parent', async () => {
    expect(await tab.run('clones')).toEqual(['closing', false, false, 'closed', true, true, 0]);
  });

  it('the modules of the other engines load there, and say what they expect', async () => {
    expect(await tab.run('others')).toEqual([
      BITMAP,
      1,
      1,
      'TypeError: Expected an object of OpenCV.js',
      true,
      'TypeError: Expected a VideoFrame, an ImageBitmap, an AudioData or a codec of WebCodecs, got an object of class Object',
      'TypeError: Expected a VideoFrame, an ImageBitmap, an AudioData or a codec of WebCodecs, got null',
    ]);
  });
});

it.skipIf(missing !== undefined)('forgotten frames are found where no collection can be forced, before they pile up', async () => {
  await using tab = await openTab();
  const { collected, most } = (await tab.run('pressure')) as { collected: boolean; most: number };
  expect([collected, most < 200]).toEqual([false, true]);
});
