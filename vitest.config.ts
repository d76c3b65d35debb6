import { defineConfig } from 'vitest/config';

// Tests run the sources of all packages, by the condition that each package.json names for them.
const conditions = ['handback-source'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  // Node 20 has no `using` syntax.
  oxc: { target: 'es2022' },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'examples/test/**/*.test.ts', 'scripts/test/**/*.test.ts'],
    pool: 'forks',
    testTimeout: 20_000,
    hookTimeout: 120_000,
    env: { NODE_ENV: 'test' },
    coverage: { include: ['packages/*/src/**'], reporter: ['text-summary', 'html'] },
  },
});
