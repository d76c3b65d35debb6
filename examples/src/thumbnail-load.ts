// The thumbnail server under load, without a limit and with a budget: pictures of 24 megapixels and small ones, all uploaded at once.
// A third of the large ones get more contrast, for which all their pixels are held; the others become thumbnails.
//   node examples/dist/thumbnail-load.js [--large 24] [--small 96] [--budget 256MiB] [--out out]
// Ends with a table and a plot of the server's memory over time, read from outside.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { LARGE } from './images/demo-folder.ts';
import { enlarged, photographs } from './images/photographs.ts';
import { sendAll, type Outcome, type Wanted } from './images/requests.ts';
import { bytesIn, mib, MIB } from './images/sizes.ts';
import { lineChart, type Series } from './job/charts/line-chart.ts';
import { heading, say, Step } from './job/progress.ts';
import { Sampler } from './job/sampler.ts';
import { formatTable, seconds } from './job/table.ts';

const { values } = parseArgs({
  options: {
    large: { type: 'string', default: '24' },
    small: { type: 'string', default: '96' },
    budget: { type: 'string', default: '256MiB' },
    out: { type: 'string', default: 'out' },
  },
});

interface Run {
  name: string;
  base: number;
  peak: number;
  seconds: number;
  outcomes: Outcome[];
  points: [number, number][];
}

/** The requests, large and small ones mixed evenly. */
async function wantedMix(): Promise<Wanted[]> {
  const large = Number(values.large);
  const small = Number(values.small);
  const files = await Promise.all(photographs.slice(0, 2).map(({ path }) => enlarged(path, LARGE.width, LARGE.height)));
  const all: (Wanted & { place: number })[] = [];
  for (let i = 0; i < large; i++) {
    all.push({ verb: i % 3 === 0 ? 'contrast' : 'thumbnail?width=320', body: files[i % files.length]!, isLarge: true, place: (i + 0.5) / large });
  }
  for (let i = 0; i < small; i++) {
    const body = readFileSync(photographs[i % photographs.length]!.path);
    all.push({ verb: i % 2 === 0 ? 'contrast' : 'thumbnail?width=320', body, isLarge: false, place: (i + 0.5) / small });
  }
  return all.sort((a, b) => a.place - b.place);
}

function startServer(parameters: string[]): ChildProcess {
  const script = fileURLToPath(new URL(`thumbnail-server${extname(import.meta.filename)}`, import.meta.url));
  const command = [...process.execArgv, script, '--port', '0', ...parameters, fileURLToPath(new URL('.', import.meta.url))];
  return spawn(process.execPath, command, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
}

async function run(name: string, parameters: string[], wanted: Wanted[]): Promise<Run> {
  using step = new Step(name);
  const server = startServer(parameters);
  const [{ port }] = (await once(server, 'message')) as [{ port: number }];
  await sendAll(port, wanted.filter(({ isLarge }) => !isLarge).slice(0, 2), () => {}); // the decoder is loaded
  using sampler = new Sampler(server.pid, 10);
  const base = sampler.look();
  const outcomes = await sendAll(port, wanted, (answered) => step.advance(answered, wanted.length));
  const end = sampler.look();
  const exited = once(server, 'exit');
  server.disconnect();
  await exited;
  const points = sampler.samples.map(({ time, resident }): [number, number] => [(time - base.time) / 1000, resident / MIB]);
  const result: Run = {
    name,
    base: base.resident,
    peak: Math.max(...sampler.samples.map(({ resident }) => resident)),
    seconds: (end.time - base.time) / 1000,
    outcomes,
    points,
  };
  step.end(`peak ${mib(result.peak)} resident, ${seconds(result.seconds)}`, failed(outcomes) === 'none' ? 'good' : 'expected');
  return result;
}

function failed(outcomes: Outcome[]): string {
  const counts = new Map<number, number>();
  for (const { status } of outcomes) if (status !== 200) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts].map(([status, n]) => `${n} × ${status === 0 ? 'no answer' : status}`).join(', ') || 'none';
}

function halfDone(outcomes: Outcome[], isLarge: boolean): string {
  const times = outcomes.filter((each) => each.isLarge === isLarge).map((each) => each.seconds);
  return times.length === 0 ? '–' : seconds(times.sort((a, b) => a - b)[times.length >> 1]!);
}

function draw(runs: Run[]): string {
  const colours = ['vermilion', 'blue'] as const;
  const series = runs.map(({ name, points, peak }, i): Series => ({ name, note: `peak ${mib(peak)}`, colour: colours[i]!, points }));
  const highest = Math.max(...runs.map(({ peak }) => peak / MIB));
  const step = highest > 1000 ? 500 : 200;
  return lineChart({
    title: `${values.large} pictures of 24 megapixels and ${values.small} small ones, uploaded at once`,
    subtitle: 'Resident memory of the server, read from outside every 10 ms',
    xLabel: 'seconds',
    panels: [
      {
        yLabel: 'MiB resident',
        height: 320,
        series,
        yEnd: Math.ceil(highest / step) * step,
        yStep: step,
        levels: [{ value: (runs.at(-1)!.base + bytesIn(values.budget)) / MIB, name: 'base and budget' }],
      },
    ],
  });
}

heading(`${values.large} pictures of 24 megapixels and ${values.small} small ones, all uploaded at once`);
const wanted = await wantedMix();
const runs = [await run('no limit', ['--unbounded'], wanted), await run(`budget ${values.budget}`, ['--budget', values.budget], wanted)];
const table = {
  caption: `The server, Node ${process.versions.node}`,
  head: ['pixels', 'base', 'peak over base', 'time', 'half of the large', 'half of the small', 'not answered'],
  rows: runs.map(({ name, base, peak, seconds: taken, outcomes }) => [
    name,
    mib(base),
    mib(peak - base),
    seconds(taken),
    halfDone(outcomes, true),
    halfDone(outcomes, false),
    failed(outcomes),
  ]),
};
mkdirSync(values.out, { recursive: true });
const plot = join(values.out, 'thumbnail-load.svg');
writeFileSync(plot, draw(runs));
say(['', formatTable(table), '“Half of”: when half of those requests were answered.', `Plot: ${plot}`].join('\n'));
