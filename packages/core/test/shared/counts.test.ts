// One count for all threads of the process, by name.
import { describe, expect, test } from 'vitest';
import { SharedBudget } from '@handback/core';
import { nodes, useThreads } from './threads.ts';

const { run, exit } = useThreads();

describe.each(nodes)('on Node $major', ({ node }) => {
  test.skipIf(node === undefined)('what a worker takes, a worker of a worker, and this thread are one count', async () => {
    const told = await run(
      `
      roles.outer = async () => {
        kept.push(seats(100).acquireSync(10));
        const inner = start('inner');
        say(await inner.next());
        await forever();
      };
      roles.inner = async () => {
        kept.push(seats(100).acquireSync(20));
        say(seats(100).stats());
        await forever();
      };
      await main(async () => {
        const budget = seats(100);
        kept.push(budget.acquireSync(5));
        const { capacity, used, available } = await start('outer').next();
        const here = budget.stats();
        tell([capacity, used, available, here.used, here.available]);
        // All that is left, and no more.
        kept.push(await budget.acquire(65));
        tell([budget.tryAcquire() === undefined, budget.stats().available]);
        process.exit();
      });`,
      node,
    );
    expect(told).toEqual([
      [100, 35, 65, 35, 65],
      [true, 0],
    ]);
  });
});

test('a name that a worker was first to say is the same count for all', async () => {
  const told = await run(`
    roles.namer = async () => {
      kept.push(new SharedBudget({ name: 'theirs', capacity: 7 }).acquireSync(2));
      say('named');
      await forever();
    };
    await main(async () => {
      seats(1);
      await start('namer').next();
      tell(new SharedBudget({ name: 'theirs', capacity: 7 }).stats().used);
      process.exit();
    });`);
  expect(told).toEqual([2]);
});

test('a worker that was started before its parent made a shared budget counts apart, and says so', async () => {
  const { code, errors } = await exit(`
    roles.apart = () => void seats(3);
    await main(async () => {
      await start('apart').end;
    });`);
  expect(code, errors).toBe(0);
  expect(errors).toMatch(/\[HANDBACK_THREADS\] HandbackWarning: Budget 'seats' counts in worker \d+ alone/);
});

test('a capacity that differs throws, with both numbers, in the same thread and in another', async () => {
  const told = await run(`
    const differ = () => { try { seats(6); } catch (error) { return [error.name, error.message]; } };
    roles.differs = () => say(differ());
    await main(async () => {
      seats(5);
      seats(5).resize(9);
      tell(differ());
      tell(await start('differs').next());
    });`);
  const error = [
    'RangeError',
    "Expected `capacity` of the shared budget 'seats' to be 5, as it was first declared in this process, got 6. One name has one capacity in all threads: change it with `resize`.",
  ];
  expect(told).toEqual([error, error]);
});

test('a capacity to be looked up is looked up once, by the first thread that uses it', async () => {
  const told = await run(`
    const found = (capacity) => new SharedBudget({ name: 'found', capacity: () => { tell(['looked', capacity]); return capacity; } });
    roles.user = () => say(found(2).stats().capacity);
    await main(async () => {
      const budget = found(1);
      tell(await start('user').next());
      tell(budget.stats().capacity);
    });`);
  expect(told).toEqual([['looked', 2], 2, 2]);
});

test('a capacity is looked up again on demand, told what is in use in all threads; never where it was set', async () => {
  const told = await run(`
    const found = () => new SharedBudget({ name: 'found', capacity: (used) => 10 + used });
    roles.user = async () => {
      kept.push(found().acquireSync(3));
      say('taken');
      await heard();
      say(found().refresh());
    };
    await main(async () => {
      const budget = found();
      const user = start('user');
      await user.next();
      tell([budget.stats().capacity, budget.refresh(), budget.stats().capacity]);
      budget.resize(4);
      user.tell('again');
      tell([await user.next(), budget.refresh()]);
    });`);
  expect(told).toEqual([
    [10, 13, 13],
    [4, 4],
  ]);
});

test('budgets within it, and budgets taken together with it, are counted in all threads', async () => {
  const told = await run(`
    import { defineResource } from '@handback/core';
    roles.child = async () => {
      kept.push(seats(10).child({ name: 'child', capacity: 6 }).acquireSync(6));
      say('taken');
      await heard();
      kept.pop().dispose();
      say(seats(10).stats().used);
    };
    await main(async () => {
      const budget = seats(10), other = new Budget({ name: 'other', capacity: 1 });
      const both = defineResource({ kind: 'both', openSync: () => 1, release: () => {}, cost: () => [{ budget, amount: 5 }, { budget: other, amount: 1 }] });
      const child = start('child');
      await child.next();
      const waiting = both.acquire();
      tell([budget.stats().used, other.stats().used, budget.stats().waiting]);
      child.tell('release');
      const held = await waiting;
      tell([budget.stats().used, other.stats().used, await child.next() % 5]);
      held.dispose();
      tell([budget.stats().used, other.stats().used]);
    });`);
  expect(told).toEqual([
    [6, 0, 1],
    [5, 1, 0],
    [0, 0],
  ]);
});

test('copies of the package in one thread share what it has borrowed', async () => {
  const told = await run(`
    import * as copy from '@handback/core/copy';
    roles.other = async () => { kept.push(seats(10).acquireSync(4)); say('taken'); await forever(); };
    await main(async () => {
      const ours = seats(10), theirs = new copy.SharedBudget({ name: 'seats', unit: 'seat', capacity: 10 });
      await start('other').next();
      const held = theirs.acquireSync(3);
      tell([ours.stats().used, theirs.stats().used]);
      const waiting = ours.acquire(6);
      held.dispose();
      tell((await waiting).amount);
      process.exit();
    });`);
  expect(told).toEqual([[7, 7], 6]);
});

describe('refused', () => {
  test.each([
    ['no name', { name: '', capacity: 1 }, TypeError],
    ['no capacity', { name: 'x', capacity: -1 }, RangeError],
    ['an oversize that is none', { name: 'x', capacity: 1, oversize: 'later' }, TypeError],
    ['a name that is too long', { name: 'x'.repeat(121), capacity: 1 }, RangeError],
    ['nothing at all', undefined, TypeError],
  ])('%s', (_, options, error) => {
    expect(() => new SharedBudget(options as unknown as { name: string; capacity: number })).toThrow(error);
  });

  test('more names than can be shared', () => {
    const share = (): void => {
      for (let index = 0; index <= 64; index++) void new SharedBudget({ name: `name ${index}`, capacity: 1 });
    };
    expect(share).toThrow(/No place for the shared budget 'name \d+': 64 names are shared already, and that is the most\. Share fewer/);
  });
});
