// Bundles the packages: one file loads in a fraction of the time that fifty take (an unbundled core costs 1.4 × a bare Node to
// import), and holds one descriptor while it does: on Node 20 a worker that imports eight files holds eight at once, which at a low
// limit ended in EMFILE inside the module loader. Types stay as tsc emits them. The helpers of tslib and p-limit are inlined. What an
// earlier build left and this one does not make is removed, since all of `dist` is packed: chunks whose name has changed, types of
// sources that are gone.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { fileURLToPath } from 'node:url';

const adopts = Object.fromEntries(['canvas', 'canvaskit', 'opencv', 'webcodecs'].map((engine) => [engine, `src/adopt/${engine}.ts`]));
const packages = [
  { name: 'core', input: { index: 'src/index.ts', polyfill: 'src/polyfill.ts' }, platform: 'neutral', external: [] },
  { name: 'fs', input: { index: 'src/index.ts' }, platform: 'node', external: [/^@handback\//] },
  { name: 'image', input: { index: 'src/index.ts', ...adopts }, platform: 'neutral', external: [/^@handback\//, 'sharp', /^node:/] },
  { name: 'gpu', input: { index: 'src/index.ts', webgl: 'src/webgl.ts' }, platform: 'neutral', external: [/^@handback\//] },
];

for (const { name, input, platform, external } of packages) {
  const folder = fileURLToPath(new URL(`../packages/${name}/`, import.meta.url));
  const bundle = await rolldown({
    cwd: folder,
    input,
    platform,
    external,
    tsconfig: `${folder}/tsconfig.json`,
    resolve: { mainFields: ['module', 'main'] },
    transform: { target: 'es2022' },
  });
  const { output } = await bundle.write({ dir: `${folder}/dist`, format: 'esm', sourcemap: true, chunkFileNames: 'shared-[hash].js', minify: false });
  await bundle.close();
  const made = new Set(['types', ...output.map(({ fileName }) => fileName)]);
  for (const file of readdirSync(`${folder}/dist`)) if (!made.has(file)) rmSync(join(folder, 'dist', file), { recursive: true });
  for (const file of readdirSync(`${folder}/dist/types`, { recursive: true })) {
    const source = join(folder, 'src', file.replace(/\.d\.ts$/, '.ts'));
    if (!existsSync(source)) rmSync(join(folder, 'dist/types', file), { recursive: true, force: true });
  }
}
