// Dispose of iterators, as functions: what installs them is tested in polyfill.test.ts.
import { describe, expect, it } from 'vitest';
import { asyncIteratorDispose, iteratorDispose } from '../../src/primitives/iterators.ts';

describe('Iterator.prototype[Symbol.dispose]', () => {
  it('ends a generator that was left half-way', () => {
    let ended = false;
    const generator = (function* () {
      try {
        yield 1;
      } finally {
        ended = true;
      }
    })();
    generator.next();
    expect([iteratorDispose.call(generator), ended, generator.next().done]).toEqual([undefined, true, true]);
  });

  it('calls return on the receiver without arguments, and drops the result', () => {
    let seen: unknown[] = [];
    const iterator = {
      return(...args: unknown[]) {
        seen = [this, ...args];
        return 'dropped';
      },
    };
    expect([iteratorDispose.call(iterator), seen]).toEqual([undefined, [iterator]]);
  });

  it('does nothing where there is no return, and throws where it cannot be called', () => {
    for (const iterator of [{}, { return: undefined }, { return: null }, 1]) expect(iteratorDispose.call(iterator)).toBe(undefined);
    for (const iterator of [{ return: 1 }, { return: {} }, undefined, null]) expect(() => iteratorDispose.call(iterator)).toThrow(TypeError);
  });
});

describe('AsyncIterator.prototype[Symbol.asyncDispose]', () => {
  it('ends an asynchronous generator that was left half-way', async () => {
    let ended = false;
    const generator = (async function* () {
      try {
        yield 1;
      } finally {
        await Promise.resolve();
        ended = true;
      }
    })();
    await generator.next();
    expect([await asyncIteratorDispose.call(generator), ended]).toEqual([undefined, true]);
  });

  it('calls return on the receiver without arguments (ES2027; V8 hands it an undefined), waits for the result and drops it', async () => {
    let seen: unknown[] = [];
    const iterator = {
      return(...args: unknown[]) {
        seen = [this, ...args];
        return Promise.resolve('dropped');
      },
    };
    expect([await asyncIteratorDispose.call(iterator), seen]).toEqual([undefined, [iterator]]);
  });

  it('takes one turn where there is a return, none where there is not', async () => {
    const turns = async (iterator: unknown): Promise<number> => {
      const state = { settled: false };
      void asyncIteratorDispose.call(iterator).then(() => (state.settled = true));
      let count = 0;
      for (; !state.settled; count += 1) await Promise.resolve();
      return count;
    };
    const none = await turns({});
    expect(await turns({ return: () => 1 })).toBe(none + 1);
    expect(await turns({ return: () => Promise.resolve() })).toBe(none + 1);
  });

  it('rejects whatever throws: the getter, the call, the promise', async () => {
    const error = new Error('failed');
    const fail = (): never => {
      throw error;
    };
    for (const iterator of [Object.defineProperty({}, 'return', { get: fail }), { return: fail }, { return: () => Promise.reject(error) }]) {
      await expect(asyncIteratorDispose.call(iterator)).rejects.toBe(error);
    }
    for (const iterator of [{ return: 1 }, undefined, null]) await expect(asyncIteratorDispose.call(iterator)).rejects.toBeInstanceOf(TypeError);
  });
});
