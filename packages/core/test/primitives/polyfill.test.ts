// The polyfill entry, bundled and run in fresh processes: what it installs where something is missing, and that it leaves alone what is there.
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Portrait } from './reflection.ts';
import { type Runtime, runtime } from './runtimes.ts';

const folder = mkdtempSync(join(tmpdir(), 'handback-polyfill-'));
const tslib = pathToFileURL(createRequire(import.meta.url).resolve('tslib/tslib.es6.mjs')).href;

const nodes = new Map<number, Runtime | undefined>();
beforeAll(async () => {
  for (const major of [20, 22, 24, 26]) nodes.set(major, runtime(major));
  const bundle = await rolldown({
    input: fileURLToPath(new URL('./polyfill-child.ts', import.meta.url)),
    platform: 'node',
    external: [/^node:/],
    treeshake: false,
  });
  await bundle.write({ dir: folder, format: 'esm', entryFileNames: '[name].mjs', chunkFileNames: '[name].mjs' });
}, 240_000);
afterAll(() => rmSync(folder, { recursive: true }));

/** What polyfill-child.ts answers. */
interface Answer {
  readonly before: Portrait;
  readonly after: Portrait;
  readonly kept: Record<string, boolean>;
  readonly iterators: Portrait;
  readonly lowered: { readonly name: string; readonly isInstance: boolean; readonly disposed: boolean };
}

function answerOf(major: number, options: { polyfill: boolean }): Answer | undefined {
  return nodes.get(major)?.run<Answer>(join(folder, 'polyfill-child.mjs'), { tslib, ...options });
}

const missing = [
  'DisposableStack',
  'AsyncDisposableStack',
  'SuppressedError',
  'Iterator.prototype[Symbol.dispose]',
  'AsyncIterator.prototype[Symbol.asyncDispose]',
];

describe.each([20, 22])('Node %i, which lacks all but the symbols', (major) => {
  it('has everything afterwards, with the attributes that Node 26 has it with', ({ skip }) => {
    const answer = answerOf(major, { polyfill: true });
    const native = answerOf(26, { polyfill: false });
    if (answer === undefined || native === undefined) {
      skip(`no binary of Node ${major} or 26`);
      return;
    }
    for (const name of missing) expect(answer.before[name]).toBe(undefined);
    expect(answer.after).toEqual(native.before);
  });

  it('ends generators by using them', ({ skip }) => {
    const answer = answerOf(major, { polyfill: true });
    if (answer === undefined) {
      skip(`no binary of Node ${major}`);
      return;
    }
    expect(answer.iterators).toEqual({ sync: 'ended', async: 'ended' });
  });

  it('makes lowered `using` throw our SuppressedError where it is loaded before tslib, and a plain Error where it is not loaded', ({ skip }) => {
    const [polyfilled, bare] = [answerOf(major, { polyfill: true }), answerOf(major, { polyfill: false })];
    if (polyfilled === undefined || bare === undefined) {
      skip(`no binary of Node ${major}`);
      return;
    }
    expect(polyfilled.lowered).toEqual({ name: 'SuppressedError', isInstance: true, disposed: true });
    expect(bare.lowered).toEqual({ name: 'SuppressedError', isInstance: false, disposed: true });
  });
});

it.for([24, 26])('overrides nothing on Node %i', (major, { skip }) => {
  const answer = answerOf(major, { polyfill: true });
  if (answer === undefined) {
    skip(`no binary of Node ${major}`);
    return;
  }
  expect(answer.kept).toEqual(Object.fromEntries([...missing, 'Symbol.dispose', 'Symbol.asyncDispose'].map((name) => [name, true])));
  expect(answer.after).toEqual(answer.before);
});

describe('in a realm without the symbols', () => {
  /** A `vm` context; Node 20 and 22 define the symbols in their main realm alone. Minified, as an app may ship it. */
  async function realmWithPolyfill(prelude = ''): Promise<object> {
    const bundle = await rolldown({ input: fileURLToPath(new URL('../../src/polyfill.ts', import.meta.url)) });
    const { output } = await bundle.generate({ format: 'iife', minify: true });
    const realm = createContext({});
    runInContext(`for (const name of ['DisposableStack', 'AsyncDisposableStack', 'SuppressedError']) delete globalThis[name]; ${prelude}`, realm);
    runInContext(output[0].code, realm);
    return realm;
  }
  const nativeSymbols = runInContext('Symbol.dispose', createContext({})) !== undefined;

  it.skipIf(nativeSymbols)('installs the symbols as the specification has them, and everything else under them', async () => {
    const realm = await realmWithPolyfill();
    const run = (code: string): unknown => runInContext(code, realm);
    for (const name of ['dispose', 'asyncDispose']) {
      expect(run(`Object.getOwnPropertyDescriptor(Symbol, '${name}')`)).toMatchObject({ writable: false, enumerable: false, configurable: false });
      expect(run(`[Symbol.${name}.description, Symbol.keyFor(Symbol.${name})].join()`)).toBe(`Symbol.${name},`);
    }
    expect(
      run('let log = []; const stack = new DisposableStack(); stack.use({ [Symbol.dispose]: () => log.push(1) }); stack[Symbol.dispose](); log.length'),
    ).toBe(1);
    expect(run('typeof [].values()[Symbol.dispose] + typeof (async function* () {})()[Symbol.asyncDispose]')).toBe('functionfunction');
  });

  it.skipIf(nativeSymbols)('takes the symbols that another polyfill has installed', async () => {
    const realm = await realmWithPolyfill('var theirs = Symbol(); Object.defineProperty(Symbol, "dispose", { value: theirs });');
    expect(runInContext('Symbol.dispose === theirs && typeof DisposableStack.prototype[theirs]', realm)).toBe('function');
  });

  it('keeps the names of the classes and methods when it is minified', async () => {
    const realm = await realmWithPolyfill();
    const names = runInContext('[DisposableStack, AsyncDisposableStack, SuppressedError, DisposableStack.prototype.use].map((f) => f.name).join()', realm);
    expect(names).toBe('DisposableStack,AsyncDisposableStack,SuppressedError,use');
  });
});
