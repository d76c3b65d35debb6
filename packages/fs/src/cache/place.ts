/** Where an operation of a cached file reads or writes: there is no cursor, so it has to say. */
import { rangeOf, type Range } from '../range.ts';

export interface Place<P = number> {
  readonly offset: number;
  readonly length: number;
  readonly position: P;
}

export function placeOf(buffer: NodeJS.ArrayBufferView, first: unknown, count: unknown, place: unknown): Place {
  return placed(rangeOf(buffer, first, count, place));
}

export function placed(range: Range): Place {
  if (range.position !== undefined) return range as Place;
  throw new TypeError('A cached file has no cursor: give a `position`, a whole number from 0 up');
}
