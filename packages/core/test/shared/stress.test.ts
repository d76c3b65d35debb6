// Never above the capacity, in any interleaving; and all of it is free in the end. What is held is counted by the test itself, in
// memory of its own; what happens when comes from a seed, and from the machine.
import { describe, expect, test } from 'vitest';
import { nodes, useThreads } from './threads.ts';

const { run } = useThreads();

const CAPACITY = 12;
const program = (seed: number, rounds: number): string => `
  const CAPACITY = ${CAPACITY};
  let seed = workerData?.data.seed ?? ${seed};
  const random = () => (seed = (seed * 1_664_525 + 1_013_904_223) >>> 0) / 2 ** 32;
  const amount = () => 1 + Math.floor(random() * random() * CAPACITY);
  // Of the test: 0 in use, 1 the most ever, 2 grants, from 16 on what each worker holds.
  roles.user = ({ index, counts }) => {
    const budget = seats(CAPACITY);
    // Those who look for the dead might find one before the main thread hears of it, and counts what it held as given back.
    process.getBuiltinModule('node:fs').readdirSync = () => { throw new Error('nothing to be seen'); };
    const take = (amount) => {
      Atomics.add(counts, 16 + index, amount);
      const used = Atomics.add(counts, 0, amount) + amount;
      for (let most = Atomics.load(counts, 1); most < used; most = Atomics.load(counts, 1)) Atomics.compareExchange(counts, 1, most, used);
      Atomics.add(counts, 2, 1);
    };
    const give = (amount) => {
      Atomics.sub(counts, 0, amount);
      Atomics.sub(counts, 16 + index, amount);
    };
    const work = async () => {
      for (;;) {
        const how = random();
        let permit;
        try {
          permit = how < 0.6 ? await budget.acquire(amount()) : how < 0.9 ? budget.tryAcquire(amount()) : budget.acquireSync(amount());
        } catch {}
        if (permit !== undefined) {
          const held = permit.amount;
          take(held);
          if (random() < 0.3) await new Promise(setImmediate);
          else if (random() < 0.1) await sleep(2);
          give(held);
          permit.dispose();
        } else await new Promise(setImmediate);
      }
    };
    for (let task = 0; task < 5; task++) void work();
  };
  await main(async () => {
    const budget = seats(CAPACITY), counts = new Int32Array(new SharedArrayBuffer(4_096)), live = new Map();
    let started = 0;
    const begin = () => {
      const index = started++;
      const { worker, end } = start('user', { index, counts, seed: Math.floor(random() * 2 ** 31) });
      live.set(index, worker);
      void end.then((problems) => problems.length > 1 && tell(problems));
      // Before the budget hears of it: what is counted here is never more than what is held.
      worker.prependOnceListener('exit', () => {
        live.delete(index);
        Atomics.sub(counts, 0, Atomics.exchange(counts, 16 + index, 0));
      });
    };
    for (let index = 0; index < 4; index++) begin();
    for (let round = 0; round < ${rounds}; round++) {
      await sleep(random() * 60);
      const indices = [...live.keys()];
      await live.get(indices[Math.floor(random() * indices.length)])?.terminate();
      begin();
      if (random() < 0.3) (await budget.acquire(amount(), { timeout: 10_000 })).dispose();
    }
    await Promise.all([...live.values()].map((worker) => worker.terminate()));
    const all = await budget.acquire(CAPACITY, { timeout: 10_000 });
    all.dispose();
    tell([counts[1], counts[2] > 100, budget.stats().used, all.amount || 'given back']);
  });`;

describe.each(nodes)('on Node $major', ({ node }) => {
  test.skipIf(node === undefined).each([1, 2])(
    'four workers, one after the other terminated in the middle of what it does (seed %i)',
    async (seed) => {
      const told = (await run(program(seed, 40), node)) as [[number, boolean, number, string]];
      expect(told).toHaveLength(1);
      const [most, busy, used, all] = told[0];
      expect(most).toBeLessThanOrEqual(CAPACITY);
      expect(most).toBeGreaterThan(CAPACITY / 2);
      expect([busy, used, all]).toEqual([true, 0, 'given back']);
    },
    60_000,
  );
});
