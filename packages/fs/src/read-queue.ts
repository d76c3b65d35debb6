/**
 * The cheap road of `readFile`: reads that ask for nothing special stand in one queue, and a few lanes work it off. A lane takes one
 * permit and reads file after file under it, each by one plain callback call of Node (on Node 26 one job of the thread pool for all of
 * it): no handle and no turn in the line of the budget for each, which would cost more than a small read does.
 */
import { readFile } from 'node:fs';
import type { AcquireOptions, Permit } from '@handback/core';
import { countOpening, descriptors, isExhausted } from './descriptors.ts';
import { withStack } from './files.ts';
import { pathNow, type FileRequest } from './request.ts';

/** A few times the thread pool: more permits are not more speed, and would be taken from those who hold files open. */
const LANES = 32;
/** After so many reads a lane stands in line again, so that others in line for a descriptor get their turn. */
const READS_A_PERMIT = 64;

type Contents = Buffer | string;

/** What is to be read. `readByHandle` does it in the careful way, where the system has no descriptor in spite of the permit. */
export interface Reading {
  readonly request: FileRequest;
  readonly encoding: BufferEncoding | undefined;
  readonly readByHandle: (request: FileRequest, encoding: BufferEncoding | undefined, options: AcquireOptions) => Promise<Contents>;
}

interface Wanted {
  readonly reading: Reading;
  readonly turn: number;
  readonly resolve: (contents: Contents | Promise<Contents>) => void;
  readonly reject: (error: unknown) => void;
}

let queue: Wanted[] = [];
let head = 0;
let lanes = 0;
let turns = 0;

/** Reads a whole file in its turn. */
export function readInTurn(reading: Reading): Promise<Contents> {
  return new Promise((resolve, reject) => {
    queue.push({ reading, turn: ++turns, resolve, reject });
    if (lanes < LANES) startLane();
  });
}

function next(): Wanted | undefined {
  const wanted = queue[head];
  if (wanted === undefined) return undefined;
  if (++head === queue.length) {
    queue = [];
    head = 0;
  }
  return wanted;
}

function startLane(): void {
  lanes++;
  const until = turns;
  // From here to its end: between two reads, too, the permit has no descriptor behind it.
  countOpening(1);
  descriptors.acquire(1, { label: 'readFile' }).then(work, (error: unknown) => {
    countOpening(-1);
    lanes--;
    // Others may get on; where none does, whoever waited as long as this lane did is told why. Who came later waits anew.
    if (lanes > 0) return;
    while (queue[head] !== undefined && (queue[head] as Wanted).turn <= until) next()?.reject(error);
    if (queue[head] !== undefined) startLane();
  });
}

function work(permit: Permit): void {
  let reads = 0;
  const step = (): void => {
    const wanted = reads++ < READS_A_PERMIT ? next() : undefined;
    if (wanted !== undefined) return readOne(wanted, step);
    countOpening(-1);
    permit.dispose();
    lanes--;
    if (queue[head] !== undefined) startLane();
  };
  step();
}

function readOne({ reading, resolve, reject }: Wanted, done: () => void): void {
  const { request, encoding } = reading;
  try {
    // Its types know no numbers as flags, which it takes.
    readFile(pathNow(request), { flag: request.flags as string, encoding }, (error, contents) => {
      if (error === null) resolve(contents);
      else if (isExhausted(error)) resolve(reading.readByHandle(request, encoding, {}));
      else reject(withStack(error));
      done();
    });
  } catch (error) {
    // What is no path is refused within the call.
    reject(error);
    process.nextTick(done);
  }
}
