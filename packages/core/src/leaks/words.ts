/** How messages to people say kinds, sizes and ages. */

/** `HANDBACK_LEAK_FILE` for the kind `file`. */
export function codeOf(kind: string): string {
  return `HANDBACK_LEAK_${kind.toUpperCase().replace(/[^A-Z0-9]+/g, '_')}`;
}

/** `3 files`, `1 file`, `2 GPU textures`, `2 directories`. */
export function plural(count: number, kind: string): string {
  if (count === 1) return `1 ${kind}`;
  if (/[^aeiou]y$/.test(kind)) return `${count} ${kind.slice(0, -1)}ies`;
  return `${count} ${kind}${/(?:s|x|ch|sh)$/.test(kind) ? 'es' : 's'}`;
}

/** Bytes in the largest unit that leaves at least 1: `12.0 KiB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  let value = bytes;
  for (; Math.abs(value) >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** Milliseconds as a person says them: `8.2 s`, `41 s`, `3 min`. */
export function formatAge(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1_000).toFixed(1)} s`;
  return ms < 120_000 ? `${Math.round(ms / 1_000)} s` : `${Math.round(ms / 60_000)} min`;
}
