/** What importing core costs: whole processes, the empty script as the floor. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { median, quartiles, table } from './numbers.ts';

const ROUNDS = 41;
const MOST = 1.25;

/** Wall time of a process: its start is on one thread and waits for files. */
function timeOf(file: string): number {
  const start = process.hrtime.bigint();
  const { status } = spawnSync(process.execPath, [file], { stdio: 'ignore' });
  if (status !== 0) throw new Error(`${file} ended with ${status}`);
  return Number(process.hrtime.bigint() - start) / 1e6;
}

export function importCosts(): void {
  const folder = mkdtempSync(join(tmpdir(), 'handback-import-'));
  const core = fileURLToPath(import.meta.resolve('@handback/core'));
  const scripts: Record<string, string> = {
    'empty script': '',
    '@handback/core': `import ${JSON.stringify(pathToFileURL(core).href)};`,
  };
  try {
    const files = Object.entries(scripts).map(([name, text], index) => {
      const file = join(folder, `${index}.mjs`);
      writeFileSync(file, text);
      return { name, file, times: [] as number[] };
    });
    for (let round = 0; round < ROUNDS; round++) for (const { file, times } of files) times.push(timeOf(file));
    const floor = median(files[0]?.times ?? []);
    const rows = files.map(({ name, times }, index) => {
      const [low, high] = quartiles(times);
      const ratio = median(times) / floor;
      return [
        name,
        `${median(times).toFixed(1)} ms`,
        `${low.toFixed(1)}–${high.toFixed(1)}`,
        `${ratio.toFixed(2)} ×`,
        index === 0 ? '' : `${ratio <= MOST ? 'within' : 'ABOVE'} ${MOST}`,
      ];
    });
    console.log('\nimport: starting a process (wall time)\n');
    console.log(table(['script', 'median', 'middle half', 'ratio to the floor', 'target'], rows));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
