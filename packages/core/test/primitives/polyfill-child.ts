// Bundled and run by polyfill.test.ts in a fresh process: portrays what this kind of Node has before and after the polyfill was loaded, then
// loads tslib and lets a `using` block, lowered as TypeScript does it, fail twice.
import { properties } from './reflection.ts';
import { answer, question } from './talk.ts';

const { tslib, polyfill } = question<{ tslib: string; polyfill: boolean }>();
const iterator = Object.getPrototypeOf(Object.getPrototypeOf([].values())) as object;
const asyncIterator = Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}.prototype)) as object;
const places: Record<string, readonly [object, PropertyKey]> = {
  'Symbol.dispose': [Symbol, 'dispose'],
  'Symbol.asyncDispose': [Symbol, 'asyncDispose'],
  DisposableStack: [globalThis, 'DisposableStack'],
  AsyncDisposableStack: [globalThis, 'AsyncDisposableStack'],
  SuppressedError: [globalThis, 'SuppressedError'],
  'Iterator.prototype[Symbol.dispose]': [iterator, Symbol.dispose],
  'AsyncIterator.prototype[Symbol.asyncDispose]': [asyncIterator, Symbol.asyncDispose],
};

function found(): Record<string, PropertyDescriptor> {
  const entries = Object.entries(places).map(([name, [holder, key]]) => [name, Object.getOwnPropertyDescriptor(holder, key)]);
  return Object.fromEntries(entries.filter(([, descriptor]) => descriptor !== undefined)) as Record<string, PropertyDescriptor>;
}

/** Each property as its holder shows it; the symbols' own descriptions are Node's on Node 20 and 22. */
function portrayed(descriptors: Record<string, PropertyDescriptor>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(descriptors).map(([name, descriptor]) => {
      const shown = properties(Object.defineProperty({}, 'it', descriptor)).it as object;
      return [name, typeof descriptor.value === 'symbol' ? { ...shown, value: 'symbol' } : shown];
    }),
  );
}

const before = found();
if (polyfill) await import('../../src/polyfill.ts');
const after = found();
const kept = Object.fromEntries(Object.keys(before).map((name) => [name, before[name]?.value === after[name]?.value]));

async function endedByUsing(): Promise<{ sync: string; async: string }> {
  const result = { sync: 'left', async: 'left' };
  const started = (function* () {
    try {
      yield;
    } finally {
      result.sync = 'ended';
    }
  })() as unknown as Disposable & Iterator<undefined>;
  const startedAsync = (async function* () {
    try {
      yield;
    } finally {
      result.async = 'ended';
    }
  })() as unknown as AsyncDisposable & AsyncIterator<undefined>;
  started.next();
  await startedAsync.next();
  started[Symbol.dispose]?.();
  await startedAsync[Symbol.asyncDispose]?.();
  return result;
}

async function failedTwice(): Promise<unknown> {
  const { __addDisposableResource, __disposeResources } = (await import(tslib)) as {
    __addDisposableResource<T>(env: object, value: T, isAsync: boolean): T;
    __disposeResources(env: object): unknown;
  };
  let disposed = false;
  const env: { stack: unknown[]; error: unknown; hasError: boolean } = { stack: [], error: undefined, hasError: false };
  try {
    try {
      __addDisposableResource(
        env,
        {
          [Symbol.dispose]() {
            disposed = true;
            throw new Error('second');
          },
        },
        false,
      );
      throw new Error('first');
    } catch (error) {
      env.error = error;
      env.hasError = true;
    } finally {
      __disposeResources(env);
    }
  } catch (error) {
    const known = (globalThis as { SuppressedError?: SuppressedErrorConstructor }).SuppressedError;
    return { name: (error as Error).name, isInstance: known !== undefined && error instanceof known, disposed };
  }
  return undefined;
}

answer({ before: portrayed(before), after: portrayed(after), kept, iterators: await endedByUsing().catch(String), lowered: await failedTwice() });
