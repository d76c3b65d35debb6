/** Sharp, which decodes, resizes and encodes: loaded at the first use, since it is an optional peer. */
import type { default as sharp, Sharp as SharpPipeline } from 'sharp';
import { about, EngineMissingError } from '../errors.ts';

export type Sharp = typeof sharp;
export type Pipeline = SharpPipeline;

const COMMAND = 'npm install sharp@^0.35.5';
const OLDEST = [0, 34, 5] as const;

let loading: Promise<Sharp> | undefined;

/** Sharp, or EngineMissingError. */
export function engine(): Promise<Sharp> {
  return (loading ??= load().catch((error: unknown) => {
    loading = undefined;
    throw error;
  }));
}

async function load(): Promise<Sharp> {
  let found: Sharp;
  try {
    found = ((await import('sharp')) as { default: Sharp }).default;
  } catch (cause) {
    throw new EngineMissingError(
      `Images are decoded and encoded by sharp, which cannot be loaded here (${firstLine(cause)}). Install it: ${COMMAND}`,
      about(undefined, cause),
    );
  }
  const version = found.versions.sharp ?? '0.0.0';
  if (isOlder(version))
    throw new EngineMissingError(`Sharp ${version} is too old: ${OLDEST.join('.')} or later is needed. Install it: ${COMMAND}`, about(undefined));
  // Its cache of operations keeps up to 50 MiB of pixels, outside any budget; images that strangers upload are seldom seen twice.
  found.cache(false);
  return found;
}

function isOlder(version: string): boolean {
  const parts = version.split('.').map((part) => Number.parseInt(part, 10));
  for (const [index, least] of OLDEST.entries()) {
    const part = parts[index] ?? 0;
    if (part !== least) return part < least;
  }
  return false;
}

export function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const line = (text.trim().split('\n', 1)[0] as string).trim();
  // What sharp says where it lost the decoder's own words.
  return line.replace(/^Warning treated as error due to failOn setting$/, 'its data are damaged, or end too early');
}
