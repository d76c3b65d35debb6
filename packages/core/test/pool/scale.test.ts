// A hundred thousand who wait for a pool: each costs about as much as the first, wherever in line it leaves. What is counted is looks
// at a capacity, of which every decision takes one at least; not time. And what one who waits weighs.
import { expect, test } from 'vitest';
import { AsyncHandle, defineResource, leaks, Pool, type Handle } from '@handback/core';
import { Account } from '../../src/budget/account.ts';
import { settled, useFakeClock, withoutCollections } from '../budget/support.ts';
import { useCopies } from '../budget/copies.ts';

useFakeClock();
withoutCollections();
leaks.configure({ level: 'count' });

const MANY = 100_000;
const { run } = useCopies();

async function looksEach(count: number, act: () => unknown): Promise<number> {
  let sum = 0;
  const { capacity, hasRoom } = Account.prototype;
  Account.prototype.capacity = function (this: Account) {
    sum++;
    return capacity.call(this);
  };
  Account.prototype.hasRoom = function (this: Account, amount) {
    sum++;
    return hasRoom.call(this, amount);
  };
  try {
    await act();
    await settled();
  } finally {
    Object.assign(Account.prototype, { capacity, hasRoom });
  }
  return sum / count;
}

let opened = 0;
let keys = 0;
function poolOf(max: number, keyed = false): Pool<Handle<object>, string> {
  const kind = defineResource({
    kind: 'thing',
    openSync: (_: string) => {
      opened++;
      return {};
    },
    release: () => {},
  });
  return new Pool(kind, {
    max,
    key: keyed
      ? (request) => {
          keys++;
          return request;
        }
      : undefined,
  });
}

interface Ends {
  granted: number;
  refused: number;
}

function line(
  pool: Pool<Handle<object>, string>,
  count: number,
  options: (index: number) => object | undefined,
  request: (index: number) => string = () => 'a',
): Ends {
  const ends = { granted: 0, refused: 0 };
  for (let index = 0; index < count; index++) {
    pool.acquire(request(index), { timeout: Number.POSITIVE_INFINITY, ...options(index) }).then(
      (lease) => {
        ends.granted++;
        lease.dispose();
      },
      () => void ends.refused++,
    );
  }
  return ends;
}

test('joining and being served', { timeout: 60_000 }, async () => {
  const pool = poolOf(10);
  const held = await Promise.all(Array.from({ length: 10 }, () => pool.acquire('a')));
  let ends = { granted: 0, refused: 0 };
  expect(await looksEach(MANY, () => (ends = line(pool, MANY, () => undefined)))).toBeLessThan(8);
  const served = await looksEach(MANY, async () => {
    for (const lease of held) lease.dispose();
    while (ends.granted < MANY) await settled();
  });
  expect(served).toBeLessThan(8);
  expect(pool.stats()).toMatchObject({ idle: 10, leased: 0, waiting: 0 });
  await pool.drain();
});

test('being aborted one by one, from the middle', async () => {
  const pool = poolOf(1);
  const held = await pool.acquire('a');
  const controllers = Array.from({ length: MANY / 5 }, () => new AbortController());
  const ends = line(pool, controllers.length, (index) => ({ signal: controllers[index]?.signal }));
  const middle = controllers.length / 2;
  const inTurn = controllers.map((_, index) => controllers[(middle + (index % 2 === 0 ? index / 2 : -(index + 1) / 2)) % controllers.length]);
  expect(await looksEach(controllers.length, () => inTurn.forEach((controller) => controller?.abort()))).toBeLessThan(4);
  expect([ends.refused, pool.stats().waiting]).toEqual([controllers.length, 0]);
  held.dispose();
  await pool.drain();
});

test('waiting for openings, and leaving them, in constant time each', async () => {
  // All hold a slot, and wait for something that is being opened.
  const count = MANY / 10;
  const gates: (() => void)[] = [];
  const kind = defineResource({ kind: 'slow', open: () => new Promise<object>((resolve) => gates.push(() => resolve({}))), release: () => {} });
  const pool = new Pool(kind, { max: count });
  const controllers = Array.from({ length: count }, () => new AbortController());
  let refused = 0;
  const start = process.cpuUsage();
  for (const { signal } of controllers) pool.acquire(undefined, { signal }).catch(() => refused++);
  await settled();
  expect(pool.stats()).toMatchObject({ leased: 0, opening: count });
  for (const controller of controllers) controller.abort();
  await settled();
  // Were each to look through the others, this would be a hundred million looks.
  expect(process.cpuUsage(start).user).toBeLessThan(4_000_000);
  expect([refused, pool.stats().leased]).toEqual([count, 0]);
  for (const open of gates) open();
  while (pool.stats().opening > 0) await settled();
  expect(pool.stats()).toMatchObject({ opening: 0, idle: 16 });
  await pool.drain();
});

test('for as many keys as there are who wait: no shelf is left of one that has gone', { timeout: 60_000 }, async () => {
  const pool = poolOf(10, true);
  opened = keys = 0;
  const held = await Promise.all(Array.from({ length: 10 }, () => pool.acquire('a')));
  const count = MANY / 20;
  const ends = line(
    pool,
    count,
    () => undefined,
    (index) => `key ${index}`,
  );
  for (const lease of held) lease.dispose();
  while (ends.granted < count) await settled();
  expect([opened, keys]).toEqual([count + 10, count + 10]);
  expect(pool.stats()).toMatchObject({ size: 10, idle: 10 });
  await pool.drain();
});

test('the fast way is taken without a promise of its own: an idle one is lent within the call', async () => {
  const pool = poolOf(1);
  (await pool.acquire('a')).dispose();
  const acquire = pool.acquire('a');
  expect(pool.stats()).toMatchObject({ leased: 1, idle: 0 });
  expect(await acquire).toBeInstanceOf(AsyncHandle);
  (await acquire).dispose();
  await pool.drain();
});

test('one who waits weighs 400 bytes at most', { timeout: 60_000 }, async () => {
  const { code, output, errors } = await run(
    `import { collectGarbage, defineResource, Pool } from '@handback/core';
     const kind = defineResource({ kind: 'thing', openSync: () => ({}), release: () => {} });
     const pool = new Pool(kind, { max: 1 });
     const held = await pool.acquire();
     const weigh = async (options) => {
       const waits = [];
       // Leave room first, or the growth of the list would be weighed.
       const count = 50_000;
       for (let index = 0; index < count; index++) waits.push(undefined);
       await collectGarbage();
       await collectGarbage();
       const before = process.memoryUsage().heapUsed;
       for (let index = 0; index < count; index++) waits[index] = pool.acquire(undefined, options);
       await collectGarbage();
       await collectGarbage();
       const bytes = (process.memoryUsage().heapUsed - before) / count;
       for (const wait of waits) wait.then((lease) => lease.dispose());
       return [Math.round(bytes), waits];
     };
     const [plain, first] = await weigh(undefined);
     const [timed] = await weigh({ timeout: 1e6 });
     console.log(JSON.stringify({ plain, timed }));
     held.dispose();
     await Promise.all(first);
     process.exit(0);`,
  );
  expect([code, errors]).toEqual([0, '']);
  const bytes = JSON.parse(output) as { plain: number; timed: number };
  console.info(`bytes a waiter of a pool: ${bytes.plain}, with a time-out of its own: ${bytes.timed}`);
  expect(bytes.plain).toBeGreaterThan(50);
  expect(bytes.plain).toBeLessThanOrEqual(400);
});
