// The list that every way of hashing works through: regular files under a folder, in a fixed order. Symbolic links are not followed.
import { readdirSync, statSync, type Dirent } from 'node:fs';
import { join, relative } from 'node:path';

/** More would not be done in a minute; a file this large would weigh on memory, since all are asked for at once. */
export const MAX_FILES = 50_000;
export const MAX_TOTAL_BYTES: number = 2 * 2 ** 30;
export const MAX_FILE_BYTES: number = 64 * 2 ** 20;

export interface FileList {
  /** Paths relative to the folder, sorted. */
  paths: string[];
  bytes: number;
  /** What was left out, in words, if anything was. */
  leftOut: string[];
}

/** Lists the regular files under `folder`; folders whose name is in `ignored` are left out. */
export function listFiles(folder: string, ignored: readonly string[] = []): FileList {
  const found: string[] = [];
  const leftOut: string[] = [];
  const folders = [folder];
  for (let current = folders.pop(); current !== undefined; current = folders.pop()) {
    for (const entry of entriesOf(current, leftOut)) {
      const path = join(current, entry.name);
      if (entry.isDirectory() && ignored.includes(entry.name)) leftOut.push(`${relative(folder, path)} was left out`);
      else if (entry.isDirectory()) folders.push(path);
      else if (entry.isFile()) found.push(path);
    }
  }
  return withinLimits(folder, found.sort(), leftOut);
}

function withinLimits(folder: string, found: string[], leftOut: string[]): FileList {
  const paths: string[] = [];
  let bytes = 0;
  let large = 0;
  for (const path of found) {
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (size > MAX_FILE_BYTES) large += 1;
    else if (paths.length === MAX_FILES || bytes + size > MAX_TOTAL_BYTES) break;
    else bytes += paths.push(relative(folder, path)) && size;
  }
  const rest = found.length - paths.length - large;
  if (large > 0) leftOut.push(`${large} larger than 64 MiB were left out`);
  if (rest > 0) leftOut.push(`${rest} more were left out, to end within two minutes`);
  return { paths, bytes, leftOut };
}

function entriesOf(folder: string, leftOut: string[]): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    leftOut.push(`${folder} could not be read (${(error as { code?: string }).code ?? String(error)})`);
    return [];
  }
}
