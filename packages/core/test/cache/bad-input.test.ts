// What makes no cache, or no acquire, is refused by name before anything is opened.
import { Budget, defineResource, ResourceCache, type CacheOptions } from '@handback/core';
import { expect, it } from 'vitest';
import { rejectionOf, thrownBy } from '../handle/platform.ts';
import { cacheWorld } from './library.ts';

const { kind } = cacheWorld();
const key = (name: string): string => name;

it.each<[string, unknown, unknown, typeof TypeError, RegExp]>([
  ['no kind', { kind: 'book' }, { key }, TypeError, /^Expected `kind` to be what defineResource .* answers, got \[object Object\]$/],
  ['a kind that opens nothing', defineResource({ kind: 'found book', release: () => {} }), { key }, TypeError, /kind 'found book' has no `open`$/],
  ['no options', kind, undefined, TypeError, /^Expected `key` to be a function that names what a request asks for, got undefined$/],
  ['a key that is a text', kind, { key: 'name' }, TypeError, /got "name"$/],
  ...[0, -1, 1.5, Number.NaN, '3'].map((max): [string, unknown, unknown, typeof TypeError, RegExp] => [
    `max ${max}`,
    kind,
    { key, max },
    RangeError,
    /^Expected `max` to be a whole number from 1 up, got /,
  ]),
  ...[-1, Number.NaN, '3'].map((idleTimeout): [string, unknown, unknown, typeof TypeError, RegExp] => [
    `idleTimeout ${idleTimeout}`,
    kind,
    { key, idleTimeout },
    RangeError,
    /^Expected `idleTimeout` to be a number of milliseconds from 0 up \(or Infinity\), got /,
  ]),
])('refuses %s', (_name, given, options, type, message) => {
  const error = thrownBy(() => new ResourceCache(given as typeof kind, options as CacheOptions<string>));
  expect(error).toBeInstanceOf(type);
  expect((error as Error).message).toMatch(message);
});

it.each<[string, () => object, RegExp]>([
  ['a negative time-out', () => ({ timeout: -1 }), /^Expected `timeout` to be a number of milliseconds/],
  ['a priority that is no number', () => ({ priority: 'high' }), /^Expected `priority` to be a finite number/],
  ['a signal that is none', () => ({ signal: {} }), /^Expected `signal` to be an AbortSignal/],
  ['a label that is no text', () => ({ label: {} }), /^Expected `label` to be a text/],
  ['a parent', () => ({ parent: {} }), /^Cache of book: what is shared has no `parent`/],
  ['a signal that has fired', () => ({ signal: AbortSignal.abort(new Error('too late')) }), /^too late$/],
])('refuses an acquire with %s, also where the key is open', async (_name, options, message) => {
  const { library, budget, cache } = cacheWorld();
  for (const opened of [0, 1]) {
    const error = await rejectionOf(cache.acquire('atlas', options() as never));
    expect((error as Error).message).toMatch(message);
    expect([library.opened.length, budget.stats().used, cache.stats().idle]).toEqual([opened, opened, opened]);
    (await cache.acquire('atlas')).dispose();
  }
  await cache.disposeAsync();
});

it('rejects with what `key` throws, and for what is no text', async () => {
  const { library, budget, cache } = cacheWorld(1, {
    key: (name) => {
      if (name === 'bad') throw new Error('no key');
      return 7 as unknown as string;
    },
  });
  expect(await rejectionOf(cache.acquire('bad'))).toEqual(new Error('no key'));
  expect(await rejectionOf(cache.acquire('atlas'))).toEqual(new TypeError('Cache of book: expected `key` to answer a text, got 7'));
  expect([library.opened, budget.stats().used, cache.stats()]).toEqual([[], 0, { size: 0, idle: 0, opening: 0 }]);
});

it('rejects at once with BudgetExceededError where a budget can never admit the key, and takes nothing', async () => {
  const small = new Budget({ name: 'small', capacity: 1 });
  const heavy = defineResource({ kind: 'heavy book', openSync: () => 1, release: () => {}, cost: () => ({ budget: small, amount: 2 }) });
  const cache = new ResourceCache(heavy, { key: () => 'book', max: 1 });
  for (let time = 0; time < 2; time++) {
    expect(await rejectionOf(cache.acquire())).toMatchObject({ code: 'ERR_BUDGET_EXCEEDED', budget: 'small', kind: 'heavy book' });
    expect([small.stats().used, cache.stats()]).toEqual([0, { size: 0, idle: 0, opening: 0 }]);
  }
});

it('refuses to evict nothing: an unknown key is no error', () => {
  const { cache } = cacheWorld();
  cache.evict('never heard of');
  cache.evictAll();
  expect(cache.stats()).toEqual({ size: 0, idle: 0, opening: 0 });
});
