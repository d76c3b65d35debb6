// Merges 10,000 log files by time, and searches them, in a process that may have 256 descriptors. All of them are asked for at once.
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createWriteStream, descriptors, opendir, readLines, rm, stat, writeFile } from '@handback/fs';
import { startLimited } from './limited.ts';

const FILES = 10_000;

async function writeLogs(folder: string): Promise<void> {
  const lineAt = (file: number, second: number): string =>
    `${new Date(1e12 + second * 1_000 + (file % 1_000)).toISOString()} host-${file} ${(file + second) % 997 === 0 ? 'ERROR disk full' : 'ok'}\n`;
  const write = (file: number): Promise<void> =>
    writeFile(join(folder, `host-${file}.log`), Array.from({ length: 20 }, (_, second) => lineAt(file, second)).join(''));
  await Promise.all(Array.from({ length: FILES }, (_, file) => write(file)));
}

async function mergeLogs(folder: string, merged: string): Promise<void> {
  const lines: string[] = [];
  let errors = 0;
  const read = async (path: string): Promise<void> => {
    for await (const line of readLines(path)) {
      lines.push(line);
      if (line.includes('ERROR')) errors += 1;
    }
  };
  const reads: Promise<void>[] = [];
  for await (const entry of await opendir(folder)) reads.push(read(join(folder, entry.name)));
  await Promise.all(reads);
  await pipeline(
    lines.sort().map((line) => `${line}\n`),
    createWriteStream(merged),
  );
  console.log(`${reads.length} files, ${lines.length} lines merged into ${(await stat(merged)).size} bytes, ${errors} errors among them.`);
}

if (process.argv.at(-1) === 'merge') {
  const folder = await mkdtemp(join(tmpdir(), 'logs-'));
  try {
    await writeLogs(folder);
    await mergeLogs(folder, `${folder}.merged`);
    const { peak, capacity, used } = descriptors.stats();
    console.log(`Open at once at most: ${peak} of ${capacity}; now: ${used}.`);
  } finally {
    await rm(folder, { recursive: true });
    await rm(`${folder}.merged`, { force: true });
  }
  process.disconnect();
} else startLimited(256, import.meta.filename, 'merge');
