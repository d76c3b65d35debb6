// Installs the workspace's packages when node_modules is missing or older than the lockfile. It needs Node and npm alone:
// the package manager that package.json pins is fetched by npx, into npm's cache, without root.
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';

const root = new URL('../', import.meta.url);
const modified = (path) => {
  try {
    return statSync(new URL(path, root)).mtimeMs;
  } catch {
    return 0;
  }
};

if (modified('node_modules/.modules.yaml') <= modified('pnpm-lock.yaml')) {
  const { packageManager } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
  console.log(`installing packages with ${packageManager} …`);
  const { status } = spawnSync('npx', ['--yes', packageManager, 'install', '--frozen-lockfile'], {
    cwd: root,
    stdio: 'inherit',
  });
  process.exit(status ?? 1);
}
