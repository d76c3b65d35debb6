/** Estimates of memory against what operations on images really take, each in fresh processes: the highest of three. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { animated, images, type Make } from './decode-peaks-images.ts';
import { median, table } from './numbers.ts';

const child = fileURLToPath(new URL('decode-peaks-child.js', import.meta.url));
const ROUNDS = Number(process.env['ROUNDS'] ?? 3);
const MIB = 2 ** 20;
const MOST = 1.5;
const SLACK = 4 * MIB;
const SIZES = [
  [300, 200],
  [2_400, 1_600],
  [3_600, 2_700],
] as const;
const LOW_AND_NARROW = [
  [16_000, 30],
  [30, 16_000],
] as const;

interface Found {
  readonly peak: number;
  readonly reserved: number;
  readonly header: number;
}

function measure(operation: string, file: string, warm: string, options: object): Found {
  const found = Array.from({ length: ROUNDS }, () => {
    return JSON.parse(execFileSync(process.execPath, [child, operation, file, warm, JSON.stringify(options)], { encoding: 'utf8' })) as Found;
  });
  const peak = Math.max(...found.map((one) => one.peak));
  return { peak, reserved: found[0]?.reserved ?? 0, header: median(found.map(({ header }) => header)) };
}

export async function decodePeaks(): Promise<void> {
  if (!existsSync('/proc/self/clear_refs')) {
    console.log('\ndecode peaks: skipped, only Linux tells the peak of a process');
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'handback-'));
  const rows: string[][] = [];
  const add = async (name: string, make: Make, [width, height]: readonly [number, number], operation: string, options: object = {}): Promise<void> => {
    const [file, warm] = [join(folder, 'image'), join(folder, 'small')] as const;
    writeFileSync(file, await make(width, height));
    writeFileSync(warm, await make(64, 48));
    const { peak, reserved, header } = measure(operation, file, warm, options);
    const verdict = reserved < peak ? 'BELOW' : reserved <= MOST * peak + SLACK ? 'within' : 'ABOVE';
    const figures = [peak / MIB, reserved / MIB, reserved / peak].map((figure) => figure.toFixed(2));
    rows.push([
      name,
      `${width} × ${height}`,
      `${operation} ${JSON.stringify(options)}`,
      ...figures,
      `${header.toFixed(2)} ms${header < 1 ? '' : ' SLOW'}`,
      verdict,
    ]);
  };
  try {
    for (const [name, make] of Object.entries(images)) {
      for (const size of SIZES) await add(name, make, size, 'decode');
      await add(name, make, SIZES[1], 'decode', { resize: { width: 700 } });
      await add(name, make, SIZES[1], 'thumbnail');
    }
    for (const name of ['JPEG', 'PNG', 'TIFF']) for (const size of LOW_AND_NARROW) await add(name, images[name] as Make, size, 'decode');
    for (const [name, make] of Object.entries(animated)) await add(name, make, [800, 600], 'decode', { pages: 'all' });
    for (const format of ['jpeg', 'png', 'webp', 'avif', 'tiff', 'gif']) await add('PNG', images['PNG'] as Make, [1_200, 800], 'encode', { format });
  } finally {
    rmSync(folder, { recursive: true });
  }
  console.log(`\ndecode peaks: growth of resident memory, and what was reserved (MiB; within: never below, at most ${MOST} × and ${SLACK / MIB} MiB)\n`);
  console.log(table(['image', 'size', 'operation', 'peak', 'reserved', 'ratio', 'header', 'verdict'], rows));
}
