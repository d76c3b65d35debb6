// The size that core promises: what an app's bundler makes of `import * from '@handback/core'`, minified and compressed, without the
// stacks that only Node 20 and 22 need (their own chunk, and the polyfill entry).
import { rolldown } from 'rolldown';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const LIMIT = 22_000;
const core = fileURLToPath(new URL('../packages/core/', import.meta.url));
const bundle = await rolldown({
  cwd: core,
  input: { index: 'src/index.ts', polyfill: 'src/polyfill.ts' },
  platform: 'neutral',
  tsconfig: `${core}tsconfig.json`,
  resolve: { mainFields: ['module', 'main'] },
  transform: { target: 'es2022' },
});
const { output } = await bundle.generate({ format: 'esm', minify: true });
await bundle.close();
const index = output.find((chunk) => chunk.name === 'index');
const size = gzipSync(index.code, { level: 9 }).length;
console.log(`@handback/core: ${size} bytes gzip (${index.code.length} minified), limit ${LIMIT}`);
if (size > LIMIT) process.exitCode = 1;
