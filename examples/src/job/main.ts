// The main job, `npm start`: four parts, each strategy in a process of its own, then one table a part and the plots.
// It ends with 0 if Handback kept its promises; that plain Node runs out of descriptors is expected and no failure.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { HELP, readArguments, UsageError, type JobOptions, type PartName } from './arguments.ts';
import { forgottenOpens } from './forgotten-opens.ts';
import { hashTree } from './hash-tree.ts';
import { imageGraph } from './image-graph.ts';
import { memoryGraph } from './memory-graph.ts';
import type { PartReport } from './part.ts';
import { heading, paint, say } from './progress.ts';
import { canLimitDescriptors } from './run-child.ts';
import { formatTable } from './table.ts';
import { textureGraph } from './texture-graph.ts';

async function main(): Promise<number> {
  const options = readArguments(process.argv.slice(2));
  if (options === undefined) {
    say(HELP);
    return 0;
  }
  const started = performance.now();
  say(`Handback on Node ${process.versions.node}: what is forgotten, and what comes of it.`);
  const reports: PartReport[] = [];
  for (const name of options.parts) {
    const report = await runPart(name, options);
    if (report !== undefined) reports.push(report);
  }
  return conclude(reports, options.outFolder, (performance.now() - started) / 1000);
}

async function runPart(name: PartName, { folder, ignored }: JobOptions): Promise<PartReport | undefined> {
  if (name === 'memory') return memoryGraph();
  if (name === 'images') return imageGraph();
  if (name === 'textures') return textureGraph(5);
  if (!canLimitDescriptors) {
    say(`\nPart "${name}" is skipped: it needs a POSIX shell to limit descriptors.`);
    return undefined;
  }
  return name === 'opens' ? forgottenOpens() : hashTree(folder, ignored);
}

function conclude(reports: PartReport[], outFolder: string, taken: number): number {
  heading('What came of it');
  for (const { table, remarks } of reports) say(['', formatTable(table), ...remarks.map((remark) => paint('dim', remark))].join('\n'));
  mkdirSync(outFolder, { recursive: true });
  const plots = reports.flatMap((report) => report.plots);
  for (const { fileName, svg } of plots) writeFileSync(join(outFolder, fileName), svg);

  const failures = reports.flatMap((report) => report.failures);
  say();
  for (const failure of failures) say(paint('red', `Not as promised: ${failure}`));
  if (failures.length === 0) say(paint('green', 'Handback kept every promise checked here.'));
  say(`Done in ${taken.toFixed(0)} s. Plots: ${plots.map(({ fileName }) => join(outFolder, fileName)).join(', ') || 'none'}`);
  return failures.length === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`handback: ${error.message}\nTry: npm start -- --help`);
  process.exitCode = 2;
}
