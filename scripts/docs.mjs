// Runs what the docs show: every `ts` block of the READMEs and docs is compiled against the built packages with the strictest
// settings, and run. A block with the word `norun` after its language is compiled alone.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const folder = join(root, 'examples', '.cache', 'docs');
const pages = [
  'README.md',
  ...['core', 'fs', 'image', 'gpu'].map((name) => `packages/${name}/README.md`),
  'examples/README.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

const blocks = [];
for (const page of pages) {
  let text;
  try {
    text = readFileSync(join(root, page), 'utf8');
  } catch {
    continue;
  }
  for (const match of text.matchAll(/^```ts(?: (norun))?\n([\s\S]*?)^```$/gm)) {
    const line = text.slice(0, match.index).split('\n').length;
    const name = `${page.replaceAll(/[^A-Za-z]+/g, '-')}-${line}`;
    writeFileSync(join(folder, `${name}.ts`), `${match[2]}\nexport {};\n`);
    blocks.push({ name, page, line, runs: match[1] === undefined });
  }
}
const compilerOptions = {
  target: 'es2022',
  lib: ['es2023', 'esnext.disposable'],
  module: 'nodenext',
  importHelpers: true,
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  types: ['node'],
  outDir: 'dist',
  rootDir: '.',
  skipLibCheck: false,
};
writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
// Where they run: what they write goes with it.
const place = join(folder, 'place');
mkdirSync(place);
for (const name of ['package.json', 'tsconfig.json', 'LICENSE']) copyFileSync(join(root, name), join(place, name));
let failed = 0;
try {
  execFileSync('tsc', ['-p', folder], { cwd: root, encoding: 'utf8' });
} catch (error) {
  failed++;
  console.error(error.stdout);
}
for (const { name, page, line, runs } of blocks) {
  if (!runs || failed > 0) continue;
  try {
    execFileSync(process.execPath, [join(folder, 'dist', `${name}.js`)], { cwd: place, encoding: 'utf8', timeout: 60_000, stdio: 'pipe' });
  } catch (error) {
    failed++;
    console.error(`${page}:${line} failed:\n${error.stdout}${error.stderr}`);
  }
}
rmSync(join(root, 'examples', '.cache'), { recursive: true, force: true });
console.log(`${blocks.length} blocks of ${new Set(blocks.map(({ page }) => page)).size} pages (${relative(root, folder)})`);
if (failed > 0) process.exitCode = 1;
