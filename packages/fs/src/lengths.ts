/** How many bytes a transfer moves, and where the next one goes. */
/** Node cuts the lengths of transfers to 32 bits with a sign: one of 4 GiB would read nothing, as at the end of the file, and Linux moves less than 2 GiB at a time. */
const MOST_AT_A_TIME = 2 ** 30;

/** What Node's own readFile reads at most. */
export const MOST_IN_MEMORY: number = 2 ** 31 - 1;

export function atMost(length: number): number {
  return Math.min(length, MOST_AT_A_TIME);
}

export function after(position: number | null, written: number): number | null {
  return position === null ? null : position + written;
}

/** With the code that Node's own readFile gives. */
export function tooLarge(size: number): RangeError {
  return Object.assign(new RangeError(`Cannot read ${size} bytes into one buffer: 2 GiB is the most. Read it in pieces, or by a stream.`), {
    code: 'ERR_FS_FILE_TOO_LARGE',
  });
}
