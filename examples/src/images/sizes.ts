// Sizes in bytes, as people write and read them.
export const MIB: number = 2 ** 20;

const UNITS: Record<string, number> = { '': 1, KIB: 2 ** 10, MIB, GIB: 2 ** 30, KB: 1e3, MB: 1e6, GB: 1e9 };

/** "256MiB" → 268435456. Throws RangeError for what is no size. */
export function bytesIn(text: string): number {
  const [, number = '', unit = ''] = /^\s*([\d.]+)\s*([a-z]*)\s*$/i.exec(text) ?? [];
  const bytes = Number(number) * (UNITS[unit.toUpperCase()] ?? Number.NaN);
  if (number === '' || !(bytes > 0)) throw new RangeError(`expected a size such as 256MiB, got ${text}`);
  return Math.round(bytes);
}

/** Bytes → "256 MiB". */
export function mib(bytes: number): string {
  return `${Math.max(0, Math.round(bytes / MIB))} MiB`;
}
