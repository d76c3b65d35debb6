// What a worker held when it ended, in whatever way, comes back; and a waiting worker that dies holds up nobody.
import { describe, expect, test } from 'vitest';
import { nodes, useThreads } from './threads.ts';

const { run, exit } = useThreads();

const ways = {
  'comes to its end': 'return;',
  'ends with process.exit': 'process.exit(3);',
  throws: "throw new Error('thrown');",
  'is terminated': 'await forever();',
  'is terminated in a loop': 'for (;;) budget.tryAcquire()?.dispose();',
  'is terminated while it blocks': 'for (;;) block(1_000);',
};

describe.each(nodes)('on Node $major, a worker that holds permits', ({ node }) => {
  test.skipIf(node === undefined).each(Object.entries(ways))('and %s gives them back to those who wait', async (_, way) => {
    const told = await run(
      `
      roles.holder = async () => {
        const budget = seats(8);
        kept.push(budget.acquireSync(6));
        say('holds');
        await heard();
        ${way}
      };
      await main(async () => {
        const budget = seats(8), holder = start('holder');
        await holder.next();
        const waiting = budget.acquire(8, { timeout: 10_000 });
        holder.tell('go on');
        if (${JSON.stringify(way)}.includes('for')) { await sleep(30); void holder.worker.terminate(); }
        const permit = await waiting;
        tell([permit.amount, budget.stats().used]);
        permit.dispose();
        await holder.end;
        tell(budget.stats().used);
      });`,
      node,
    );
    expect(told).toEqual([[8, 8], 0]);
  });

  test.skipIf(node === undefined)('gives them back with those of the workers that it has started', async () => {
    const told = await run(
      `
      roles.outer = async () => {
        kept.push(seats(8).acquireSync(2));
        await start('inner').next();
        say('holds');
        await forever();
      };
      roles.inner = async () => {
        kept.push(seats(8).acquireSync(3));
        say('holds');
        await forever();
      };
      await main(async () => {
        // Whoever looks for the dead would find them too.
        process.getBuiltinModule('node:fs').readdirSync = () => { throw new Error('nothing to be seen'); };
        const budget = seats(8), outer = start('outer');
        await outer.next();
        tell(budget.stats().used);
        const waiting = budget.acquire(8, { timeout: 10_000 });
        await outer.worker.terminate();
        tell((await waiting).amount);
      });`,
      node,
    );
    expect(told).toEqual([5, 8]);
  });
});

describe('a waiting worker that dies', () => {
  test('does not stall those behind it, in other threads', async () => {
    const told = await run(`
      roles.waiter = async () => {
        void seats(4).acquire(4);
        say('waits');
        await forever();
      };
      await main(async () => {
        const budget = seats(4), held = budget.acquireSync(4), waiter = start('waiter');
        await waiter.next();
        const waiting = [budget.acquire(3, { timeout: 5_000 }), budget.acquire(1, { timeout: 5_000 })];
        await waiter.worker.terminate();
        held.dispose();
        tell((await Promise.all(waiting)).map(({ amount }) => amount));
      });`);
    expect(told).toEqual([[3, 1]]);
  });

  test('does not stall them even if it dies while it blocks in acquireSync', async () => {
    const told = await run(`
      roles.waiter = () => {
        for (;;) try { kept.push(seats(4).acquireSync(4)); } catch { say('waits'); }
      };
      await main(async () => {
        const budget = seats(4), held = budget.acquireSync(2), waiter = start('waiter');
        await waiter.next();
        void waiter.worker.terminate();
        const permit = await budget.acquire(2, { timeout: 5_000 });
        tell([permit.amount, held.amount]);
      });`);
    expect(told).toEqual([[2, 2]]);
  });
});

describe.skipIf(process.platform !== 'linux')('a worker whose parent knows nothing of budgets', () => {
  // The worker between loads no copy of the package: nobody is told of the end of the one below it.
  const between = `
    new Worker('const { Worker } = require("node:worker_threads"); const w = new Worker(new URL(' + JSON.stringify(import.meta.url) + '), { workerData: { role: "holder" } }); w.on("message", () => require("node:worker_threads").parentPort.postMessage("holds")); w.on("exit", () => { require("node:worker_threads").parentPort.postMessage("over"); setInterval(() => {}, 1000); });', { eval: true })`;

  test('is found to be gone by those who wait, and by those who block', async () => {
    const told = await run(`
      roles.holder = async () => {
        kept.push(seats(8).acquireSync(6));
        say('holds');
        await sleep(50);
        process.exit();
      };
      await main(async () => {
        const budget = seats(8);
        for (const acquire of [() => budget.acquire(8, { timeout: 5_000 }), () => budget.acquireSync(8)]) {
          const worker = ${between};
          const next = () => new Promise((resolve) => worker.once('message', resolve));
          tell([await next(), budget.stats().used, await next()]);
          const permit = await acquire();
          tell(permit.amount);
          permit.dispose();
          await worker.terminate();
        }
      });`);
    expect(told).toEqual([['holds', 6, 'over'], 8, ['holds', 6, 'over'], 8]);
  });
});

describe.each(nodes)('on Node $major, an event loop', ({ node }) => {
  const runs = test.skipIf(node === undefined);

  runs('is kept alive by an acquire that waits for another thread', async () => {
    const told = await run(
      `
      roles.waiter = async () => {
        const waiting = seats(1).acquire();
        say('waits');
        // Nothing else keeps this worker alive.
        await waiting;
        say('served');
      };
      await main(async () => {
        const held = seats(1).acquireSync(), waiter = start('waiter');
        await waiter.next();
        await sleep(300);
        held.dispose();
        tell([await waiter.next(), await waiter.end]);
      });`,
      node,
    );
    expect(told).toEqual([['served', [0]]]);
  });

  runs('is not kept alive by permits, idle or held, nor by having shared a budget', async () => {
    const { code, output } = await exit(
      `
      roles.holder = async () => {
        kept.push(seats(8).acquireSync(2));
        (await seats(8).acquire()).dispose();
      };
      await main(async () => {
        const budget = seats(8), { end } = start('holder');
        (await budget.acquire(2)).dispose();
        kept.push(budget.acquireSync(1));
        const from = performance.now();
        tell(await end);
        process.on('exit', () => tell(performance.now() - from < 5_000));
      });`,
      node,
    );
    expect([code, output]).toEqual([0, '[0]\ntrue\n']);
  });
});

describe('workers of a thread that shares nothing, whose ends nobody tells of', () => {
  // It never loads the package: what it starts finds the memory of the main thread all the same.
  const program = (leaves: number): string => `
    roles.leaf = () => { kept.push(seats(8).tryAcquire(1)); };
    await main(async () => {
      const budget = seats(8);
      const middle = new Worker(\`
        const { Worker, workerData } = require('node:worker_threads');
        const leaf = () => new Promise((resolve) => {
          const worker = new Worker(new URL(workerData), { workerData: { role: 'leaf' }, execArgv: [] });
          worker.once('error', (error) => console.log(JSON.stringify(error.message)));
          worker.once('exit', resolve);
        });
        void (async () => { for (let begun = 0; begun < ${leaves}; begun += 8) await Promise.all(Array.from({ length: 8 }, leaf)); })();
      \`, { eval: true, workerData: import.meta.url, execArgv: [] });
      await new Promise((resolve) => middle.once('exit', resolve));
      await sleep(250);
      tell(budget.tryAcquire(8)?.amount);
    });`;

  test.skipIf(process.platform !== 'linux')('give back to whoever finds no room, also without waiting', async () => {
    expect(await run(program(8))).toEqual([8]);
  });

  test.skipIf(process.platform !== 'linux')('leave their slots to others, however many there were', { timeout: 120_000 }, async () => {
    expect(await run(program(520))).toEqual([8]);
  });
});

test('a worker that begins while another thread looks for the dead is not taken for one', async () => {
  const told = await run(`
    roles.holder = (taken) => {
      kept.push(seats(8).acquireSync(2));
      Atomics.store(taken, 0, 1);
      Atomics.notify(taken, 0);
      setInterval(() => {}, 1_000);
    };
    await main(async () => {
      const budget = seats(8), taken = new Int32Array(new SharedArrayBuffer(4)), fs = process.getBuiltinModule('node:fs');
      kept.push(budget.acquireSync(4));
      const { readdirSync } = fs;
      fs.readdirSync = (path) => {
        fs.readdirSync = readdirSync;
        const names = readdirSync(path);
        start('holder', taken);
        Atomics.wait(taken, 0, 0, 10_000);
        return names;
      };
      await budget.acquire(8, { timeout: 300 }).catch(() => {});
      tell([Atomics.load(taken, 0), budget.stats().used, budget.tryAcquire(4) === undefined]);
      process.exit();
    });`);
  expect(told).toEqual([[1, 6, true]]);
});
