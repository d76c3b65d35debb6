// The size that core promises: what an app's bundler makes of what the app imports, minified and compressed, without the stacks that
// only Node 20 and 22 need (their own chunk, and the polyfill entry).
import { rolldown } from 'rolldown';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

/** What is imported, and the most that it may weigh, in bytes of gzip. */
const LIMITS = [
  ['*', 40_800],
  ['Budget', 17_600],
  ['Budget, defineResource', 24_800],
  ['Pool, defineResource', 30_800],
  ['ResourceCache, defineResource', 26_700],
];
const core = fileURLToPath(new URL('../packages/core/', import.meta.url));

async function sizeOf(names) {
  const virtual = names === '*' ? `export * from './src/index.ts';` : `export { ${names} } from './src/index.ts';`;
  const bundle = await rolldown({
    cwd: core,
    input: { index: `${core}virtual.ts`, polyfill: 'src/polyfill.ts' },
    platform: 'neutral',
    tsconfig: `${core}tsconfig.json`,
    resolve: { mainFields: ['module', 'main'] },
    transform: { target: 'es2022' },
    plugins: [
      { name: 'virtual', resolveId: (id) => (id === `${core}virtual.ts` ? id : undefined), load: (id) => (id === `${core}virtual.ts` ? virtual : undefined) },
    ],
  });
  const { output } = await bundle.generate({ format: 'esm', minify: true });
  await bundle.close();
  const index = output.find((chunk) => chunk.name === 'index');
  // Chunks that it shares with the polyfill alone are the stacks; whatever else it loads counts.
  return gzipSync(index.code, { level: 9 }).length;
}

for (const [names, limit] of LIMITS) {
  const size = await sizeOf(names);
  console.log(`@handback/core { ${names} }: ${size} bytes gzip, limit ${limit}`);
  if (size > limit) process.exitCode = 1;
}
