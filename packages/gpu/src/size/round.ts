/** Sizes of buffers that are worth keeping. */

/** To eighths of a power of two, at least 16 bytes: so that buffers of about a size are of one size. */
export function roundedUp(bytes: number): number {
  const step = Math.max(16, 2 ** (Math.floor(Math.log2(bytes)) - 3));
  return Math.ceil(bytes / step) * step;
}
