// Thumbnails of every picture under a folder, all asked for at once, with the memory inside a number:
//   node examples/dist/thumbnails.js [FOLDER] [--out FOLDER] [--budget 128MiB] [--width 320]
// Ends with a page of them all. Without a folder: the photographs from npm, two of them with 24 megapixels.
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { cp, mkdir, mkdtempDisposable, writeFile } from '@handback/fs';
import { imageMemory, thumbnail } from '@handback/image';
import { demoFolder } from './images/demo-folder.ts';
import { listPictures } from './images/folder.ts';
import { bytesIn, mib } from './images/sizes.ts';
import { say, Step } from './job/progress.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    out: { type: 'string', default: 'out/thumbnails' },
    budget: { type: 'string', default: '128MiB' },
    width: { type: 'string', default: '320' },
  },
});

interface Failure {
  path: string;
  why: string;
}

/** One thumbnail: waits for its memory, then for a descriptor to write it with. */
async function make(folder: string, path: string, out: string): Promise<number> {
  const bytes = await thumbnail(join(folder, path), { width: Number(values.width), format: 'webp' });
  const target = join(out, `${path}.webp`);
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, bytes);
  return bytes.byteLength;
}

/** All of them, into a folder; answers those that failed. */
async function makeAll(folder: string, paths: string[], out: string, step: Step): Promise<Failure[]> {
  const failures: Failure[] = [];
  let done = 0;
  const one = async (path: string): Promise<void> => {
    try {
      await make(folder, path, out);
    } catch (error) {
      failures.push({ path, why: (error as Error).message.split('\n', 1)[0]! });
    }
    step.advance(++done, paths.length);
  };
  await Promise.all(paths.map(one));
  return failures;
}

function contactSheet(paths: string[]): string {
  const images = paths.map((path) => `<img loading="lazy" src="${encodeURI(path)}.webp" alt="">`).join('\n');
  const style = 'body{columns:240px;gap:8px;margin:8px;background:#14171a}img{width:100%;margin:0 0 8px;border-radius:4px}';
  return `<!doctype html><meta charset="utf-8"><title>Thumbnails</title><style>${style}</style>\n${images}\n`;
}

imageMemory.resize(bytesIn(values.budget));
await using demo = positionals[0] === undefined ? await demoFolder(2) : undefined;
const folder = resolve(positionals[0] ?? demo!.path);
const out = resolve(values.out);
const paths = await listPictures(folder);

{
  using step = new Step(`${paths.length} thumbnails`);
  await mkdir(dirname(out), { recursive: true });
  // Made beside their place and put there as a whole: whoever stops this half-way finds no half of a folder.
  await using made = await mkdtempDisposable(`${out}-`, { atExit: true });
  const failures = await makeAll(folder, paths, made.path, step);
  const failed = new Set(failures.map(({ path }) => path));
  await writeFile(join(made.path, 'index.html'), contactSheet(paths.filter((path) => !failed.has(path))));
  await cp(made.path, out, { recursive: true });
  const { peak, capacity } = imageMemory.stats();
  step.end(`${paths.length - failures.length} made, ${mib(peak)} of ${mib(capacity)} in use at most`, failures.length === 0 ? 'good' : 'expected');
  for (const { path, why } of failures) say(`    ${path}: ${why}`);
  say(`  Look at ${join(out, 'index.html')}`);
}
