// Everything that CI checks besides the tests, each by its name, all of them even if one fails: format, lint (with the direction of
// imports), types of sources and tests, unused files and dependencies, the packed packages, the size of core, the examples in the docs.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const checks = [
  ['format', 'oxfmt', '--check', '.'],
  ['lint', 'oxlint', '--type-aware'],
  ['build', 'tsc', '-b'],
  ['bundle', 'node', 'scripts/bundle.mjs'],
  ['types of tests', 'tsc', '-p', 'tsconfig.test.json'],
  ['unused code', 'knip'],
  ['size', 'node', 'scripts/size.mjs'],
  ['packages', 'node', 'scripts/pack.mjs'],
  ['docs', 'node', 'scripts/docs.mjs'],
];

let failed = 0;
for (const [name, command, ...parameters] of checks) {
  const start = Date.now();
  const { status, stdout, stderr } = spawnSync(command, parameters, {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, PATH: `${root}node_modules/.bin:${process.env.PATH}` },
  });
  const seconds = ((Date.now() - start) / 1000).toFixed(1);
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
  if (status === 0) continue;
  failed++;
  console.log(`${stdout}${stderr}`.trimEnd());
}
console.log(`checks: ${checks.length - failed} ok, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
