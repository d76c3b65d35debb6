// What the job was asked for on its command line.
import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

export const HELP = `Usage: npm start [-- [FOLDER] [--only PART] [--out FOLDER]]

Shows what Handback does, in two minutes and four parts:
  1  opens    a loop that opens files and closes none, with 256 descriptors
  2  hash     the SHA-256 of every file under FOLDER, all asked for at once, with 256 descriptors
  3  memory   25 blocks of 32 MiB of native memory, each dropped after a tenth of a second
  4  images   a photograph decoded 25 times to 32 MiB of pixels, each dropped after a twentieth of a second
  5  textures 25 WebGPU textures of 32 MiB, each uploaded and dropped after a fiftieth of a second, where there is a device

  FOLDER        the folder to hash; by default this workspace's node_modules
  --only PART   runs one part: opens, hash, memory, images or textures
  --out FOLDER  where the plots go; by default out/ in this workspace
  --help        this text`;

export type PartName = 'opens' | 'hash' | 'memory' | 'images' | 'textures';
const PART_NAMES: readonly PartName[] = ['opens', 'hash', 'memory', 'images', 'textures'];

export interface JobOptions {
  folder: string;
  /** Names of folders that the listing leaves out. */
  ignored: string[];
  outFolder: string;
  parts: readonly PartName[];
}

/** A mistake on the command line, told without a stack. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError';
}

const workspace = fileURLToPath(new URL('../../../', import.meta.url));

/** Reads the arguments; undefined means that help was asked for. */
export function readArguments(argv: string[]): JobOptions | undefined {
  const { values, positionals } = parse(argv);
  if (values.help) return undefined;
  if (positionals.length > 1) throw new UsageError(`expected one folder, got ${positionals.length}: ${positionals.join(' ')}`);
  const parts = PART_NAMES.filter((name) => values.only === undefined || values.only === name);
  if (parts.length === 0) throw new UsageError(`expected --only to name one of ${PART_NAMES.join(', ')}, got ${values.only}`);
  const from = process.env['INIT_CWD'] ?? process.cwd(); // npm runs scripts in the workspace, wherever it was called
  const [asked] = positionals;
  return {
    folder: requireFolder(asked === undefined ? join(workspace, 'node_modules') : resolve(from, asked)),
    ignored: asked === undefined ? ['.cache', '.vite', '.vite-temp'] : [], // tools write there while this runs
    outFolder: values.out === undefined ? join(workspace, 'out') : resolve(from, values.out),
    parts,
  };
}

function parse(argv: string[]): { values: { help?: boolean; only?: string; out?: string }; positionals: string[] } {
  const options = { help: { type: 'boolean', short: 'h' }, only: { type: 'string' }, out: { type: 'string' } } as const;
  try {
    return parseArgs({ args: argv, allowPositionals: true, options });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function requireFolder(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new UsageError(`there is no folder ${path}`);
  if (!stats.isDirectory()) throw new UsageError(`expected a folder, got the file ${path}`);
  return path;
}
