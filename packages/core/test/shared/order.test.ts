// Threads are served in order of arrival: none is starved, and none that is busy or gone holds up the others.
import { expect, test } from 'vitest';
import { useThreads } from './threads.ts';

const { run } = useThreads();

test('threads that wait are served in the order in which they came', async () => {
  const told = await run(`
    roles.waiter = async () => {
      const budget = seats(1), waiting = budget.acquire();
      say('waits');
      const permit = await waiting;
      say('served');
      await heard();
      permit.dispose();
    };
    await main(async () => {
      const held = seats(1).acquireSync(), waiters = [], order = [];
      for (let index = 0; index < 4; index++) {
        const waiter = start('waiter');
        await waiter.next();
        waiters.push(waiter);
      }
      const served = waiters.map(async (waiter, index) => {
        await waiter.next();
        order.push(index);
        waiter.tell('on');
      });
      held.dispose();
      await Promise.all(served);
      tell(order);
    });`);
  expect(told).toEqual([[0, 1, 2, 3]]);
});

test('a large request is not starved by a stream of small ones from other threads, nor they by it', async () => {
  const told = (await run(`
    roles.stream = async () => {
      const budget = seats(16);
      let served = 0;
      const task = async () => {
        for (;;) {
          const permit = await budget.acquire();
          if (++served === 100) say('streams');
          await new Promise(setImmediate);
          permit.dispose();
        }
      };
      for (let index = 0; index < 20; index++) void task();
      for (;;) { await heard(); say(served); }
    };
    await main(async () => {
      const budget = seats(16), streams = [start('stream'), start('stream')];
      const ask = () => Promise.all(streams.map(async (stream) => { stream.tell('count'); return stream.next(); }));
      await Promise.all(streams.map((stream) => stream.next()));
      const times = [];
      const before = await ask();
      for (let round = 0; round < 20; round++) {
        const from = performance.now();
        const permit = await budget.acquire(16, { timeout: 10_000 });
        times.push(performance.now() - from);
        permit.dispose();
      }
      const after = await ask();
      tell([Math.max(...times) < 5_000, after.every((count, index) => count > before[index])]);
      process.exit();
    });`)) as unknown[];
  expect(told).toEqual([[true, true]]);
});

test('a thread that serves a long line of its own lets others have their turn', async () => {
  const told = (await run(`
    roles.long = async () => {
      const budget = seats(1);
      let served = 0;
      const task = async () => {
        for (;;) {
          const permit = await budget.acquire();
          served++;
          await undefined;
          permit.dispose();
          if (served % 50 === 0) await new Promise(setImmediate);
        }
      };
      for (let index = 0; index < 10; index++) void task();
      say('long');
      await forever();
    };
    await main(async () => {
      const budget = seats(1);
      await start('long').next();
      const times = [];
      for (let round = 0; round < 10; round++) {
        const from = performance.now();
        (await budget.acquire(1, { timeout: 5_000 })).dispose();
        times.push(performance.now() - from);
      }
      tell(Math.max(...times) < 1_000);
      process.exit();
    });`)) as unknown[];
  expect(told).toEqual([true]);
});

test('a thread that is first in line and kept busy does not hold up the others', async () => {
  const told = await run(`
    roles.busy = async (stop) => {
      const waiting = seats(2).acquire();
      say('waits');
      await sleep(1);
      while (Atomics.load(stop, 0) === 0) block(5);
      (await waiting).dispose();
      say('served');
    };
    await main(async () => {
      const budget = seats(2), stop = new Int32Array(new SharedArrayBuffer(4));
      const held = budget.acquireSync(2);
      const busy = start('busy', stop);
      await busy.next();
      await sleep(20);
      held.dispose();
      const permit = await budget.acquire(2, { timeout: 5_000 });
      Atomics.store(stop, 0, 1);
      permit.dispose();
      tell([permit.amount, await busy.next()]);
    });`);
  expect(told).toEqual([[0, 'served']]);
});

test('a thread that is served late hears of it', async () => {
  // A hundred hand-overs of the one permit: a wake-up that was missed would cost a time-out.
  const told = await run(`
    roles.other = async () => {
      const budget = seats(1);
      for (let index = 0; index < 300; index++) (await budget.acquire(1, { timeout: 5_000 })).dispose();
      say('done');
    };
    await main(async () => {
      const budget = seats(1), others = [start('other'), start('other'), start('other')];
      for (let index = 0; index < 300; index++) (await budget.acquire(1, { timeout: 5_000 })).dispose();
      for (const other of others) tell(await other.next());
    });`);
  expect(told).toEqual(['done', 'done', 'done']);
});
