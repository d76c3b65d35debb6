// A folder of pictures for those who named none: the photographs from npm, and some of them as large as those of a camera. Gone when
// it is disposed, or at the exit.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { copyFile, mkdir, mkdtempDisposable, writeFile, type TemporaryDirectory } from '@handback/fs';
import { enlarged, photographs } from './photographs.ts';

/** 24 megapixels. */
export const LARGE = { width: 6000, height: 4000 };

/** Makes the folder, with `large` large pictures in a folder of their own. */
export async function demoFolder(large: number): Promise<TemporaryDirectory> {
  const folder = await mkdtempDisposable(join(tmpdir(), 'handback-pictures-'), { atExit: true });
  for (const { name, path } of photographs) await copyFile(path, join(folder.path, `${name}.jpg`));
  await mkdir(join(folder.path, 'large'));
  for (const { name, path } of photographs.slice(0, large)) {
    await writeFile(join(folder.path, 'large', `${name}.jpg`), await enlarged(path, LARGE.width, LARGE.height));
  }
  return folder;
}
