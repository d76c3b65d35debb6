// The folder that is served, and nothing else: no path leads out of it, and neither does a link.
import { isAbsolute, join, relative, sep } from 'node:path';
import { opendir, realpath } from '@handback/fs';
import { HttpError } from './errors.ts';

const PICTURES = /\.(avif|gif|jpe?g|png|tiff?|webp)$/i;

/** The pictures in a folder and in those below it, as paths within it, in order. */
export async function listPictures(folder: string, below = ''): Promise<string[]> {
  const found: string[] = [];
  const folders: string[] = [];
  await using directory = await opendir(join(folder, below));
  for await (const entry of directory) {
    const path = join(below, entry.name);
    if (entry.isDirectory()) folders.push(path);
    else if (entry.isFile() && PICTURES.test(entry.name)) found.push(path);
  }
  // One directory is open at a time: it was closed by the end of its loop.
  for (const path of folders) found.push(...(await listPictures(folder, path)));
  return found.sort();
}

/** The path of a picture in the folder, or HttpError. */
export async function pathWithin(folder: string, asked: string): Promise<string> {
  if (asked.includes('\0')) throw new HttpError(400, 'a path has no NUL');
  const root = await realpath(folder);
  const path = join(root, asked);
  requireWithin(root, path);
  // Links are followed here and not later, so that what is opened is what was looked at.
  const real = await realpath(path);
  requireWithin(root, real);
  return real;
}

function requireWithin(root: string, path: string): void {
  const way = relative(root, path);
  if (way === '' || way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way)) throw new HttpError(403, 'outside of the folder');
}
