// The memory graph of the GPU: 25 textures of 32 MiB, made and uploaded one after the other. The engine knows nothing of their memory,
// and the platform gives it back only when someone asks how far its queue has come.
import { lineChart } from './charts/line-chart.ts';
import { axisEnd, runStrategies, seriesOf, tableOf, type Row, type Strategy } from './over-base.ts';
import type { PartReport } from './part.ts';
import { heading, say } from './progress.ts';
import { nodeChild, runChild } from './run-child.ts';
import { canSample } from './sampler.ts';

/** Strategies that stay below this have a strip of their own in the plot. */
const LOW_MIB = 128;

/** Runs every strategy in a fresh process, one after the other. */
export async function textureGraph(number: number): Promise<PartReport> {
  heading(`${number}  25 textures of 32 MiB, each uploaded and kept for a fiftieth of a second`);
  const { name, missing } = canSample ? await probe() : { missing: 'resident memory is read from /proc, which this system does not have' };
  const failures: string[] = [];
  if (missing === undefined) say(`  on ${name}`);
  else say(`  – skipped: ${missing}`);
  const rows = missing === undefined ? await runStrategies(strategies(), failures) : [];
  return {
    table: tableOf(`${number}  25 textures of 32 MiB, resident memory over base`, rows),
    remarks:
      missing === undefined
        ? [
            `On ${name}. A software driver has its textures in the process’s own memory; a GPU has its own, of which less is seen here.`,
            'Uploads alone, as a loader does them: without a submit Dawn keeps what was destroyed, and its copies of the texels, so each texture costs 64 MiB.',
            'The heap has 64 MiB: an eighth for uploads, and room for one texture of 32 MiB in the rest. What `using` gives back is kept for the next.',
            'Promised is more than 64 MiB: Dawn holds copies of texels a little longer than its queue says, and its own bookkeeping counts here too.',
          ]
        : [`Not measured here: ${missing}.`],
    plots: rows.length === 0 ? [] : [{ fileName: 'textures.svg', svg: draw(rows) }],
    failures,
  };
}

/** What there is to run on, or why there is nothing. */
async function probe(): Promise<{ name?: string; missing?: string }> {
  const { result, stderr, exitCode } = await runChild({ command: nodeChild('textures-probe') });
  return result ?? { missing: `the driver ended the process (exit code ${exitCode}): ${stderr.at(-1) ?? 'silently'}` };
}

function strategies(): Strategy[] {
  const solid = { isDashed: false };
  return [
    { name: 'WebGPU', note: 'dropped', colour: 'vermilion', ...solid, command: nodeChild('textures-dropped') },
    { name: 'WebGPU, destroy()', note: 'not awaited', colour: 'amber', ...solid, command: nodeChild('textures-destroyed') },
    { name: 'Handback, 64 MiB heap', note: 'forgotten', colour: 'blue', ...solid, command: nodeChild('textures-budget'), promised: 128 },
    { name: 'Handback, using', note: 'given back', colour: 'green', ...solid, command: nodeChild('textures-using'), promised: 128 },
  ];
}

/** Above, all lines together; below, a strip for each that stays low. */
function draw(rows: Row[]): string {
  const all = seriesOf(rows);
  const low = all.filter((_, i) => rows[i]!.peak < LOW_MIB * 2 ** 20);
  return lineChart({
    title: '25 textures of 32 MiB, each uploaded and dropped after a fiftieth of a second',
    subtitle: 'Resident memory over the process’s own base, read from outside every 10 ms; a collection is asked for at the very end',
    xLabel: 'seconds',
    panels: [
      { title: 'All together', yLabel: 'MiB resident', height: 280, series: all, yEnd: axisEnd(rows, 400), yStep: 400 },
      ...low.map((series, i) => ({
        title: i === 0 ? `Those that stay below ${LOW_MIB} MiB` : undefined,
        height: 64,
        series: [series],
        yEnd: 128,
        yStep: 64,
        levels: [{ value: 64, name: 'capacity' }],
      })),
    ],
  });
}
