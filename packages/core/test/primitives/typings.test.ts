// A consumer with lib es2022, `types: []` and `skipLibCheck: false` compiles against what tsc emits for the primitives, although it never
// asked for the library of disposables.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'handback-typings-'));
afterAll(() => rmSync(folder, { recursive: true }));

function tsc(...options: string[]): string {
  try {
    return execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...options], { encoding: 'utf8' });
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

function project(name: string, config: object): string {
  mkdirSync(join(folder, name), { recursive: true });
  const path = join(folder, name, 'tsconfig.json');
  writeFileSync(path, JSON.stringify(config));
  return path;
}

it('compiles for a consumer with lib es2022 and no types', { timeout: 60_000 }, () => {
  const emit = project('emit', {
    extends: join(root, 'tsconfig.base.json'),
    compilerOptions: {
      rootDir: join(root, 'packages/core/src'),
      outDir: join(folder, 'types'),
      tsBuildInfoFile: join(folder, 'emit.tsbuildinfo'),
      emitDeclarationOnly: true,
    },
    include: [join(root, 'packages/core/src/primitives/*.ts'), join(root, 'packages/core/src/polyfill.ts')],
  });
  expect(tsc('-p', emit)).toBe('');
  const consumer = project('consumer', {
    compilerOptions: {
      target: 'es2022',
      lib: ['es2022'],
      module: 'nodenext',
      types: [],
      skipLibCheck: false,
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
    },
    files: ['main.ts'],
  });
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(
    join(folder, 'consumer/main.ts'),
    `import '../types/polyfill.js';
     import { AsyncDisposableStack, DisposableStack, SuppressedError } from '../types/primitives/index.js';
     class Special extends DisposableStack { extra = 1; }
     export function move(stack: DisposableStack): DisposableStack { return stack.move(); }
     export const moved: DisposableStack = move(new Special());
     export const value: string = moved.adopt('value', (text: string) => void text.length);
     export const used: { [Symbol.dispose](): void } = moved.use({ [Symbol.dispose]() {} });
     export const asynchronous: AsyncDisposableStack = new AsyncDisposableStack();
     export const promise: Promise<void> = asynchronous[Symbol.asyncDispose]();
     export const error: SuppressedError = SuppressedError(1, 2, 'text');
     // @ts-expect-error A number is not disposable.
     moved.use(1);`,
  );
  expect(tsc('-p', consumer)).toBe('');
});
