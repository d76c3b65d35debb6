// A worker: paints the tiles that it is asked for, one after the other.
import type { Place } from './pyramid.ts';
import { paintTile } from './terrain.ts';

export interface Job {
  readonly place: Place;
  readonly side: number;
}

addEventListener('message', ({ data }: MessageEvent<Job>) => {
  const texels = paintTile(data.place, data.side);
  postMessage(texels, { transfer: [texels.buffer] });
});
