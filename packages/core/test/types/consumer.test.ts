// Strict consumers compile against what is published: they can write down every type, and wrong uses do not compile.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { everywhere, primitives, withAbortSignal, withoutAbortSignal } from './consumers.ts';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'handback-consumer-'));
afterAll(() => rmSync(folder, { recursive: true }));

function tsc(...options: string[]): string {
  try {
    return execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...options], { cwd: root, encoding: 'utf8' });
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

beforeAll(() => {
  // The types that would be published, as of now.
  expect(tsc('-b', 'packages/core')).toBe('');
  for (const [scope, name, target] of [
    ['@handback', 'core', 'packages/core'],
    ['@types', 'node', 'node_modules/@types/node'],
  ] as const) {
    mkdirSync(join(folder, 'node_modules', scope), { recursive: true });
    symlinkSync(join(root, target), join(folder, 'node_modules', scope, name));
  }
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
}, 120_000);

/** Compiles a consumer with declarations of its own; answers what the compiler says. */
function compile(name: string, source: string, options: { readonly lib: string[]; readonly types: string[] }): string {
  mkdirSync(join(folder, name));
  writeFileSync(join(folder, name, 'main.ts'), source);
  const strict = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noPropertyAccessFromIndexSignature: true,
    noImplicitOverride: true,
    verbatimModuleSyntax: true,
    skipLibCheck: false,
  };
  const emit = { target: 'es2022', module: 'nodenext', declaration: true, emitDeclarationOnly: true, outDir: 'out', rootDir: '.' };
  writeFileSync(join(folder, name, 'tsconfig.json'), JSON.stringify({ compilerOptions: { ...strict, ...emit, ...options }, files: ['main.ts'] }));
  return tsc('-p', join(folder, name));
}

const hosts = {
  'no host at all': { lib: ['es2022'], types: [] },
  'the DOM': { lib: ['es2022', 'dom'], types: [] },
  Node: { lib: ['es2022'], types: ['node'] },
  'Node and the newest library': { lib: ['esnext', 'dom', 'esnext.disposable'], types: ['node'] },
};

it.each(Object.entries(hosts))('can write down all types, and nothing that is wrong, with lib for %s', { timeout: 60_000 }, (host, options) => {
  const name = host.replaceAll(' ', '-');
  expect(compile(name, everywhere, options)).toBe('');
  expect(compile(`${name}-primitives`, primitives, options)).toBe('');
  expect(compile(`${name}-signal`, host === 'no host at all' ? withoutAbortSignal : withAbortSignal, options)).toBe('');
});

it('fails where it ought to: the checks above are not empty', { timeout: 60_000 }, () => {
  const said = compile('wrong', everywhere.replaceAll(/\/\/ @ts-expect-error.*/g, ''), hosts['no host at all']);
  const expected = everywhere.match(/@ts-expect-error/g)?.length as number;
  expect(said.match(/error TS/g)?.length).toBeGreaterThanOrEqual(expected);
});
