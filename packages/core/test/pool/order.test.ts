// Who waits, and who does not: tryAcquire overtakes nobody.
import { describe, expect, test } from 'vitest';
import { outcomeOf, pass, settled, useFakeClock, withoutCollections } from '../budget/support.ts';
import { expectQuiet, poolOf, Works } from './support.ts';

useFakeClock();
withoutCollections();

describe('who waits', () => {
  test('is served in order within a priority, a higher one first', async () => {
    const pool = poolOf(new Works(), { max: 1 });
    const held = await pool.acquire('a');
    const order: string[] = [];
    const wait = (name: string, options: object): Promise<void> =>
      pool.acquire('a', options).then((lease) => {
        order.push(name);
        lease.dispose();
      });
    const waits = [wait('first', {}), wait('second', { label: 'x' }), wait('urgent', { priority: 1 }), wait('third', { timeout: 1_000 })];
    held.dispose();
    await Promise.all(waits);
    expect(order).toEqual(['urgent', 'first', 'second', 'third']);
  });

  test('is not overtaken by one who comes in the moment in which room is made', async () => {
    const works = new Works();
    const pool = poolOf(works);
    const [a, b] = [await pool.acquire('a'), await pool.acquire('a')];
    const waits = outcomeOf(pool.acquire('a', { label: 'who waits' }));
    a.discard();
    b.dispose();
    const late = pool.tryAcquire('a');
    const later = outcomeOf(pool.acquire('a'));
    await settled();
    expect([waits.value?.value.id, late, later.value?.value.id]).toEqual([2, undefined, 3]);
    waits.value?.dispose();
    later.value?.dispose();
  });

  test('on another key goes before those who lack a place for less long', async () => {
    const works = new Works();
    const pool = poolOf(works, { max: 3, key: (request) => request });
    works.releases = 'wait';
    for (const lease of await Promise.all(['x', 'y', 'z'].map((key) => pool.acquire(key)))) lease.dispose();
    const order: string[] = [];
    const outcomes = ['a', 'b', 'c'].map((key) => {
      const acquire = pool.acquire(key);
      void acquire.then(() => order.push(key));
      return outcomeOf(acquire);
    });
    await settled();
    for (let index = 0; index < 3; index++) {
      works.gates.release[index]?.open();
      await settled();
    }
    expect(order).toEqual(['a', 'b', 'c']);
    works.releases = 'ok';
    for (const { value } of outcomes) value?.dispose();
    await settled();
    expect(works.most).toBe(3);
  });
});

describe('tryAcquire', () => {
  test('lends what is idle, opens nothing, and overtakes nobody', async () => {
    const works = new Works();
    const pool = poolOf(works, { max: 1 });
    expect(pool.tryAcquire('a')).toBeUndefined();
    (await pool.acquire('a')).dispose();
    const lease = pool.tryAcquire('a');
    expect(lease?.value.id).toBe(1);
    expect(pool.tryAcquire('a')).toBeUndefined();
    lease?.dispose();
    expect(pool.stats()).toMatchObject({ idle: 1, leased: 0 });
  });

  test('takes another where a check within the call says no', async () => {
    const works = new Works();
    const pool = poolOf(works, { check: ({ id }) => id !== 2 });
    const both = [await pool.acquire('a'), await pool.acquire('a')];
    for (const lease of both) lease.dispose();
    using lease = pool.tryAcquire('a');
    expect(lease?.value.id).toBe(1);
    expect(works.released.map(({ id }) => id)).toEqual([2]);
  });

  test('begins no check that was seen to take its time', async () => {
    const works = new Works();
    works.checks = 'wait';
    const pool = poolOf(works, { max: 3, check: works.check });
    for (const lease of await Promise.all([pool.acquire('a'), pool.acquire('a'), pool.acquire('a')])) lease.dispose();
    // The first of all finds out.
    for (let round = 0; round < 3; round++) expect(pool.tryAcquire('a')).toBeUndefined();
    expect(works.gates.check).toHaveLength(1);
    expect(pool.stats()).toMatchObject({ size: 3, idle: 2, leased: 0 });
    works.gates.check[0]?.open(true);
    await settled();
    expectQuiet(pool, works);
  });

  test('lends what was idle for too short to need a check', async () => {
    const works = new Works();
    works.checks = 'wait';
    const pool = poolOf(works, { check: works.check, checkAfter: 500 });
    (await pool.acquire('a')).dispose();
    pool.tryAcquire('a')?.dispose();
    await pass(600);
    expect(pool.tryAcquire('a')).toBeUndefined();
    expect(works.gates.check).toHaveLength(1);
    works.gates.check[0]?.open(true);
    await settled();
    const lease = pool.tryAcquire('a');
    expect(lease).toBeDefined();
    lease?.dispose();
  });
});
