// Packs the public packages as npm would get them, and looks at the result with publint and are-the-types-wrong.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'handback-pack-'));
const run = (command, parameters, cwd = root) => execFileSync(command, parameters, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
try {
  for (const name of ['core', 'fs', 'image', 'gpu']) {
    const from = join(root, 'packages', name);
    console.log(run('publint', ['--strict'], from).trim());
    run('pnpm', ['pack', '--pack-destination', folder], from);
  }
  for (const file of readdirSync(folder)) {
    const contents = run('tar', ['-tzf', join(folder, file)]);
    if (/\/(src|test)\//.test(contents)) throw new Error(`${file} holds sources or tests:\n${contents}`);
    console.log(
      run('attw', [join(folder, file), '--profile', 'esm-only', '--format', 'ascii'])
        .split('\n')
        .slice(0, 3)
        .join('\n'),
    );
  }
} catch (error) {
  console.error(error.stdout ?? error.message, error.stderr ?? '');
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
