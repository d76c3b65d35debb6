// A waiting acquire keeps the process alive, and nothing else does: never a hang, never a silent exit.
import { describe, expect, test } from 'vitest';
import { useCopies } from './copies.ts';

const { run } = useCopies();

/** A budget of one, which is held; what prints is seen by the test. */
const full = `
  import { Budget, defineResource } from '@handback/core';
  const budget = new Budget({ name: 'seats', capacity: 1 });
  const held = budget.acquireSync();
`;

describe('while an acquire waits', () => {
  test('the process lives, until a permit comes from something that would not keep it alive', async () => {
    const { code, output } = await run(`${full}
      setTimeout(() => held.dispose(), 700).unref();
      await budget.acquire();
      console.log('served');
    `);
    expect([code, output]).toEqual([0, 'served\n']);
  });

  test('the process lives, however long it may wait', async () => {
    const { code, output } = await run(`${full}
      setTimeout(() => held.dispose(), 1_500).unref();
      await budget.acquire(1, { timeout: Infinity });
      console.log('served');
    `);
    expect([code, output]).toEqual([0, 'served\n']);
  });

  test('the process lives after another wait has ended, too', async () => {
    const { code, output } = await run(`${full}
      await budget.acquire(1, { timeout: 5 }).catch(({ code }) => console.log(code));
      setTimeout(() => held.dispose(), 1_200).unref();
      await budget.acquire();
      console.log('served');
    `);
    expect([code, output]).toEqual([0, 'ERR_ACQUIRE_TIMEOUT\nserved\n']);
  });

  test('it ends with an error in the end, never silently', async () => {
    const { code, errors } = await run(`${full}
      await budget.acquire(1, { timeout: 50 });
      console.log(held.amount);
    `);
    expect(code).toBe(1);
    // The stack of the error begins in a timer: the line that asked is in the message.
    expect(errors).toMatch(/AcquireTimeoutError: No permit within 50 ms, asked for at \S+program-\d+\.mjs:6:20: the time went by waiting for budget 'seats'\./);
  });
});

describe('when nobody waits', () => {
  test.each([
    ['a budget that was never full', "console.log('done');"],
    ['a wait that was served', "const wait = budget.acquire(); held.dispose(); await wait; console.log('done');"],
    ['a wait that was aborted', "await budget.acquire(1, { signal: AbortSignal.timeout(5) }).catch(() => {}); console.log('done', held.amount);"],
    ['a wait that has timed out', "await budget.acquire(1, { timeout: 5 }).catch(() => {}); console.log('done', held.amount);"],
    [
      'a wait that an hour would not have ended',
      "const controller = new AbortController(); const wait = budget.acquire(1, { timeout: 3_600_000, signal: controller.signal }); controller.abort(); await wait.catch(() => {}); console.log('done', held.amount);",
    ],
    ['permits that are held', "globalThis.held = held; console.log('done');"],
  ])('the process ends at once after %s', async (_, rest) => {
    // A tick of the lines comes each second: nothing waits for it.
    const { code, output } = await run(`${full}
      ${rest}
      const start = performance.now();
      process.on('exit', () => console.log(performance.now() - start < 900));
    `);
    expect(code).toBe(0);
    expect(output).toMatch(/^done.*\ntrue\n$/);
  });
});

describe('a program that holds everything on purpose', () => {
  test('gets an error that says so, without a hang, synchronously and asynchronously', async () => {
    const { code, output } = await run(`
      import { Budget } from '@handback/core';
      const budget = new Budget({ name: 'seats', unit: 'seat', capacity: 100 });
      const held = [];
      try {
        for (;;) held.push(budget.acquireSync(1, { label: 'kept' }));
      } catch (error) {
        console.log(held.length, error.code, error.message.split('\\n')[1]);
      }
      await budget.acquire(1, { timeout: 20 }).catch((error) => console.log(held.length, error.code, error.message.split('\\n')[1]));
    `);
    expect(code).toBe(0);
    // A few of them are named by their line, in a group of their own.
    expect(output).toMatch(
      /^100 ERR_BUDGET_EXCEEDED +\d+ seats held by \d+ permits 'kept' .*\n100 ERR_ACQUIRE_TIMEOUT +\d+ seats held by \d+ permits 'kept' .*\n$/,
    );
  });
});
