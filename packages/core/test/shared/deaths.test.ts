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
