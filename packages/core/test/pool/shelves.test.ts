// Keys that come and go: no shelf is left of one that nothing is on and nobody waits at.
import { beforeEach, expect, test, vi } from 'vitest';
import { Stock } from '../../src/pool/stock.ts';
import { outcomeOf, pass, settled, useFakeClock, withoutCollections } from '../budget/support.ts';
import { poolOf, Works } from './support.ts';

useFakeClock();
withoutCollections();

/** The stock of the pool that the test has used last. */
let stock: { readonly shelves: Iterable<{ readonly key: string }> } | undefined;
beforeEach(() => {
  const { shelf } = Stock.prototype;
  const spy = vi.spyOn(Stock.prototype, 'shelf').mockImplementation(function (this: Stock<unknown, unknown>, key) {
    stock = this;
    return shelf.call(this, key) as ReturnType<typeof shelf>;
  });
  return () => spy.mockRestore();
});

const keys = (): string[] => [...(stock?.shelves ?? [])].map(({ key }) => key);

test('after openings that succeed, fail, are waited for, discarded or shelved', async () => {
  const works = new Works();
  const pool = poolOf(works, { max: 4, key: (request) => request, check: works.check });
  for (let index = 0; index < 50; index++) {
    works.opens = index % 3 === 0 ? 'throw' : 'ok';
    await pool.warmUp(0, `key ${index}`);
    const outcome = outcomeOf(pool.acquire(`key ${index}`, { timeout: 500 }));
    const waits = outcomeOf(pool.acquire(`key ${index}`, { timeout: 5 }));
    await pass(600);
    if (index % 2 === 0) outcome.value?.discard();
    else outcome.value?.dispose();
    waits.value?.discard();
    await settled();
  }
  expect(keys().length).toBeLessThan(5);
  await pool.drain();
  expect(keys()).toEqual([]);
});

test('after an opening that fails when nobody waits for it any more', async () => {
  const works = new Works();
  works.opens = 'wait';
  const pool = poolOf(works, { key: (request) => request });
  const outcome = outcomeOf(pool.acquire('a', { timeout: 10 }));
  await pass(11);
  expect([outcome.state, keys()]).toEqual(['refused', ['a']]);
  works.gates.open[0]?.fail(0);
  await settled();
  expect(keys()).toEqual([]);
});

test('after one who had waited for a place was served by what came back from a check', async () => {
  const works = new Works();
  const pool = poolOf(works, { max: 1, key: (request) => request, check: works.check });
  (await pool.acquire('a')).dispose();
  works.checks = 'wait';
  const first = outcomeOf(pool.acquire('a', { timeout: 10 }));
  await pass(11);
  const second = outcomeOf(pool.acquire('a'));
  await settled();
  expect([first.state, second.state, keys()]).toEqual(['refused', 'waiting', ['a']]);
  works.gates.check[0]?.open(true);
  await settled();
  works.gates.check[1]?.open(true);
  await settled();
  expect([second.state, keys()]).toEqual(['granted', []]);
  second.value?.discard();
});
