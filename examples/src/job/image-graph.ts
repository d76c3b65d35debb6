// Part 4, the memory graph again, with real images: a photograph of 4096 × 2048 pixels is decoded 25 times, one after the other, to
// pixels of 32 MiB each. Sharp tells the engine what it holds, so a few forgotten ones are collected in time; how many is left to chance.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { enlarged, loadSharp, photographs } from '../images/photographs.ts';
import { lineChart } from './charts/line-chart.ts';
import { axisEnd, runStrategies, seriesOf, tableOf, type Row, type Strategy } from './over-base.ts';
import type { PartReport } from './part.ts';
import { heading, say } from './progress.ts';
import { nodeChild } from './run-child.ts';
import { canSample } from './sampler.ts';

const WIDTH = 4096;
const HEIGHT = 2048;

/** Node 20 cannot take over what a native library allocated: the pixels are copied, and the decoder's own go when they are collected. */
const isCopied = !('transfer' in ArrayBuffer.prototype);

/** Decodes with every strategy in a fresh process, one after the other. */
export async function imageGraph(): Promise<PartReport> {
  heading('4  A photograph decoded 25 times to 32 MiB of pixels, each kept for a twentieth of a second');
  const why = await whyNot();
  if (why !== undefined) {
    say(`  – skipped: ${why}`);
    return { table: tableOf('4  25 photographs decoded', []), remarks: ['Not measured here.'], plots: [], failures: [] };
  }
  const failures: string[] = [];
  using photograph = await PhotographFile.make();
  const rows = await runStrategies(strategies(photograph.path), failures);
  return {
    table: tableOf(`4  25 photographs decoded to ${WIDTH} × ${HEIGHT} RGBA, 32 MiB each, resident memory over base`, rows),
    remarks: [
      'Over base: above what the process holds when it has decoded one small photograph, so that the decoder is loaded.',
      isCopied
        ? 'On Node 20 the memory of a native library cannot be given back by hand, so each image is copied to memory that can; the decoder’s own goes when it is collected.'
        : 'While an image is decoded the decoder takes some 10 MiB besides the pixels.',
    ],
    plots: rows.length === 0 ? [] : [{ fileName: 'images.svg', svg: draw(rows) }],
    failures,
  };
}

async function whyNot(): Promise<string | undefined> {
  if (!canSample) return 'resident memory is read from /proc, which this system does not have';
  const found = await loadSharp();
  return typeof found === 'string' ? `sharp, which decodes, cannot be loaded here (${found})` : undefined;
}

function strategies(path: string): Strategy[] {
  const small = photographs[0]!.path;
  const child = (name: string): string[] => nodeChild(name, [path, small]);
  return [
    { name: 'sharp', note: 'dropped', colour: 'vermilion', isDashed: false, command: child('images-sharp') },
    { name: 'Handback, 64 MiB budget', note: 'forgotten', colour: 'blue', isDashed: false, command: child('images-budget'), promised: 100 },
    { name: 'Handback, using', note: 'given back', colour: 'green', isDashed: false, command: child('images-using'), promised: isCopied ? 90 : 60 },
  ];
}

function draw(rows: Row[]): string {
  const all = seriesOf(rows);
  return lineChart({
    title: 'A photograph decoded 25 times to 32 MiB of pixels',
    subtitle: 'Resident memory over the process’s own base, read from outside every 10 ms; a collection is asked for at the very end',
    xLabel: 'seconds',
    panels: [
      { title: 'All together', yLabel: 'MiB resident', height: 220, series: all, yEnd: axisEnd(rows, 64), yStep: 64 },
      ...all.map((series, i) => ({
        title: i === 0 ? 'One by one' : undefined,
        height: 80,
        series: [series],
        yEnd: axisEnd([rows[i]!], 64),
        yStep: 64,
        levels: series.name.includes('budget') ? [{ value: 64, name: 'budget' }] : [],
      })),
    ],
  });
}

/** The photograph, in a file that every child reads, gone when the part ends. */
class PhotographFile implements Disposable {
  readonly #folder: string = mkdtempSync(join(tmpdir(), 'handback-job-'));
  readonly path: string = join(this.#folder, 'photograph.jpg');

  static async make(): Promise<PhotographFile> {
    const bytes = await enlarged(photographs[3]!.path, WIDTH, HEIGHT);
    const file = new PhotographFile();
    writeFileSync(file.path, bytes);
    return file;
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
