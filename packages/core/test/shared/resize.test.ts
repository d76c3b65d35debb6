// Any thread may change the capacity; what exists already is counted, wherever it is.
import { expect, test } from 'vitest';
import { useThreads } from './threads.ts';

const { run } = useThreads();

const roles = `
  roles.waiter = async (amount) => {
    const waiting = seats(4).acquire(amount);
    say('waits');
    say(await waiting.then((permit) => (kept.push(permit), permit.amount), ({ code }) => code));
    await heard();
  };
  roles.resizer = async (capacity) => {
    seats(4).resize(capacity);
    say(seats(4).stats());
  };`;

test('raised, it serves those who wait in other threads', async () => {
  const told = await run(`${roles}
    await main(async () => {
      const budget = seats(4);
      kept.push(budget.acquireSync(4));
      const waiters = [start('waiter', 2), start('waiter', 3)];
      for (const waiter of waiters) await waiter.next();
      await start('resizer', 9).next();
      tell([await waiters[0].next(), await waiters[1].next(), budget.stats().available]);
      process.exit();
    });`);
  expect(told).toEqual([[2, 3, 0]]);
});

test('lowered, it revokes nothing, and refuses those who can never be served, in all threads', async () => {
  const told = await run(`${roles}
    await main(async () => {
      const budget = seats(4), held = budget.acquireSync(4);
      const large = start('waiter', 3), small = start('waiter', 2);
      await large.next();
      await small.next();
      const { capacity, available } = await start('resizer', 2).next();
      tell([capacity, available, held.amount]);
      tell(await large.next());
      held.dispose();
      tell([await small.next(), budget.stats().available]);
      process.exit();
    });`);
  expect(told).toEqual([[2, -2, 4], 'ERR_BUDGET_EXCEEDED', [2, 0]]);
});

test('what is reserved and what settles to more never waits, may leave available negative, and comes back', async () => {
  const told = await run(`
    roles.other = async () => {
      const budget = seats(4);
      kept.push(budget.reserve(3));
      say(budget.stats().available);
      await heard();
      kept.pop().dispose();
      say('back');
    };
    await main(async () => {
      const budget = seats(4), permit = budget.acquireSync(1), other = start('other');
      permit.settle(3);
      tell([await other.next(), budget.stats().available]);
      const waiting = budget.acquire(1, { timeout: 5_000 });
      other.tell('back');
      tell([(await waiting).amount, budget.stats().available]);
    });`);
  expect(told).toEqual([
    [-2, -2],
    [1, 0],
  ]);
});

test('lowered, or overdrawn by a reserve, it lets no thread spend what it has idle', async () => {
  const told = await run(`
    roles.other = async () => {
      const budget = seats(8);
      budget.acquireSync(6).dispose();
      say('idle');
      for (;;) {
        const refused = await heard();
        // It hears of the change in a turn of its own, soon.
        while (isRefused(budget) !== refused) await new Promise(setImmediate);
        say(refused);
      }
    };
    const isRefused = (budget) => {
      const permit = budget.tryAcquire(3);
      permit?.dispose();
      return permit === undefined;
    };
    await main(async () => {
      const budget = seats(8), other = start('other');
      const ask = (refused) => { other.tell(refused); return other.next(); };
      await other.next();
      budget.resize(2);
      tell(await ask(true));
      budget.resize(8);
      tell(await ask(false));
      kept.push(budget.reserve(6));
      tell(await ask(true));
      process.exit();
    });`);
  expect(told).toEqual([true, false, true]);
});

test('bytes count beyond 32 bits, and no capacity at all is as much as anybody wants', async () => {
  const told = await run(`
    const bytes = () => new SharedBudget({ name: 'bytes', unit: 'bytes', capacity: 2 ** 40 });
    const endless = () => new SharedBudget({ name: 'endless', capacity: Infinity });
    roles.other = async () => { kept.push(bytes().acquireSync(2 ** 39), endless().acquireSync(2 ** 45)); say('taken'); await forever(); };
    await main(async () => {
      bytes();
      endless();
      await start('other').next();
      kept.push(bytes().acquireSync(2 ** 39), endless().acquireSync(2 ** 50));
      tell([bytes().stats().used === 2 ** 40, bytes().tryAcquire() === undefined, endless().stats().used === 2 ** 45 + 2 ** 50]);
      process.exit();
    });`);
  expect(told).toEqual([[true, true, true]]);
});

test('disposed in one thread, it goes on in the others', async () => {
  const told = await run(`
    roles.other = async () => {
      const budget = seats(4);
      budget.acquireSync(4).dispose();
      const waiting = budget.acquire(4).then((permit) => permit.dispose());
      await waiting;
      budget.dispose();
      say(await budget.acquire().catch(({ code }) => code));
      await forever();
    };
    await main(async () => {
      const budget = seats(4);
      tell(await start('other').next());
      tell(budget.tryAcquire(4).amount);
      process.exit();
    });`);
  expect(told).toEqual(['ERR_CLOSED', 4]);
});

test('lowered, it lends no more to a thread that is kept busy, and holds idle what was lent before', async () => {
  const told = await run(`
    roles.busy = (turn) => {
      const budget = seats(100);
      budget.acquireSync(50).dispose();
      Atomics.store(turn, 0, 1);
      while (Atomics.load(turn, 0) === 1);
      for (let index = 0; index < 50; index++) kept.push(budget.tryAcquire());
      say(kept.filter((permit) => permit !== undefined).length);
    };
    await main(async () => {
      const budget = seats(100), turn = new Int32Array(new SharedArrayBuffer(4));
      const busy = start('busy', turn);
      while (Atomics.load(turn, 0) === 0) await sleep(1);
      budget.resize(3);
      Atomics.store(turn, 0, 2);
      tell(await busy.next());
      process.exit();
    });`);
  expect(told).toEqual([3]);
});

test('of workers that are terminated in the middle of it loses no permit', { timeout: 60_000 }, async () => {
  const told = await run(`
    roles.resizes = () => {
      const budget = seats(10);
      say('begun');
      for (;;) budget.resize(1 + Math.floor(Math.random() * 40));
    };
    await main(async () => {
      const budget = seats(10);
      for (let round = 0; round < 15; round++) {
        const workers = [start('resizes'), start('resizes'), start('resizes')];
        for (const { next } of workers) await next();
        await Promise.all(workers.map(({ worker }) => worker.terminate()));
        budget.resize(10);
        const [all, more] = [budget.tryAcquire(10), budget.tryAcquire(1)];
        tell([all?.amount, more?.amount]);
        all?.dispose();
      }
      process.exit();
    });`);
  expect(told).toEqual(Array.from({ length: 15 }, () => [10, null]));
});
