// The time-out error of a deadlock says so, and names who holds and where each of them waits.
import { AcquireTimeoutError, BudgetExceededError, defineResource, Pool, type Budget } from '@handback/core';
import { describe, expect, test } from 'vitest';
import { budgetOf, thrownBy, useFakeClock, withoutCollections } from '../budget/support.ts';
import { atLevel, failures, told, work } from './support.ts';

useFakeClock();
withoutCollections();
atLevel('trace');

const soon = { timeout: 100 };
const seatOf = (budget: Budget, amount = 1) =>
  defineResource({ kind: 'chair', open: async () => 1, openSync: () => 1, release: () => {}, cost: () => ({ budget, amount }) });

describe('a deadlock is told', () => {
  test('of a function that acquires again what it holds the last of', async () => {
    const budget = budgetOf(1);
    async function nested(): Promise<void> {
      using _outer = await budget.acquire();
      await work(1);
      using _inner = await budget.acquire(1, soon);
    }
    const [error] = await failures([nested()]);
    expect(error).toBeInstanceOf(AcquireTimeoutError);
    expect(error).toMatchObject({ deadlock: true, budget: 'seats', used: 1, waiting: 1 });
    expect(error?.message).toContain("Probably a deadlock: all of budget 'seats' that is in use was acquired by those that now wait for more.");
    expect(error?.message).toContain('1 seat asked for, 1 of 1 seat in use, 1 waiting.');
    expect(error?.message).toContain("(one acquire of the sum, or acquireAll), give back before acquiring again, or raise the capacity of 'seats'.");
    expect(told(error)).toEqual(["1 seat held by 1 permit at told.test.ts:N (nested), which waits for budget 'seats' at told.test.ts:N (nested)"]);
  });

  test('of two flows that hold one of two each and want one more', async () => {
    const budget = budgetOf(2);
    async function left(): Promise<void> {
      using _one = await budget.acquire();
      using _two = await budget.acquire(1, soon);
    }
    async function right(): Promise<void> {
      using _one = await budget.acquire();
      await work(20);
      using _two = await budget.acquire(1, { timeout: 500 });
    }
    const errors = await failures([left(), right()]);
    expect(told(errors[0])).toEqual([
      "1 seat held by 1 permit at told.test.ts:N (right), which waits for budget 'seats' at told.test.ts:N (right)",
      "1 seat held by 1 permit at told.test.ts:N (left), which waits for budget 'seats' at told.test.ts:N (left)",
    ]);
    expect(errors[0]?.deadlock).toBe(true);
    // The first gave its seat back when it failed.
    expect(errors[1]).toBeUndefined();
  });

  test('of a parent that holds while it awaits children that want the same', async () => {
    const budget = budgetOf(1);
    const child = async (): Promise<void> => {
      await work(5);
      using _permit = await budget.acquire(1, soon);
    };
    async function parent(): Promise<void> {
      using _permit = await budget.acquire();
      await Promise.all([child(), child()]);
    }
    const [error] = await failures([parent()]);
    expect(error?.deadlock).toBe(true);
    expect(told(error)).toEqual(["1 seat held by 1 permit at told.test.ts:N (parent), which waits for budget 'seats' at told.test.ts:N (child)"]);
  });

  test('where kinds and permits hold it together, each with its label', async () => {
    const budget = budgetOf(3);
    const chairs = seatOf(budget, 2);
    async function sit(): Promise<void> {
      using _chair = await chairs.acquire(undefined, { label: 'red' });
      await work(10);
      using _permit = await budget.acquire(1, soon);
    }
    async function stand(): Promise<void> {
      using _permit = await budget.acquire();
      using _chair = await chairs.acquire(undefined, { timeout: 200 });
    }
    const [error] = await failures([sit(), stand()]);
    expect(error).toMatchObject({ deadlock: true, used: 3 });
    expect(told(error)).toEqual([
      "2 seats held by 1 chair 'red' at told.test.ts:N (sit), which waits for budget 'seats' at told.test.ts:N (sit)",
      "1 seat held by 1 permit at told.test.ts:N (stand), which waits for budget 'seats' at told.test.ts:N (stand)",
    ]);
  });

  test('of what acquireAll holds', async () => {
    const budget = budgetOf(2);
    const chairs = seatOf(budget);
    async function all(): Promise<void> {
      using _chairs = await chairs.acquireAll([undefined, undefined]);
      await chairs.acquireAll([undefined], soon);
    }
    const [error] = await failures([all()]);
    expect(error?.deadlock).toBe(true);
    expect(told(error)).toEqual(["2 seats held by 2 chairs at told.test.ts:N (all), which wait for budget 'seats' at told.test.ts:N (all)"]);
  });

  test('in the parent of two child budgets, whichever was asked', async () => {
    const root = budgetOf(2, { name: 'root' });
    const [one, two] = [root.child({ name: 'one', capacity: 2 }), root.child({ name: 'two', capacity: 2 })];
    const cross = async (from: Budget, to: Budget): Promise<void> => {
      using _first = await from.acquire();
      await work(1);
      using _second = await to.acquire(1, soon);
    };
    const [error] = await failures([cross(one, two), cross(two, one)]);
    expect(error).toMatchObject({ deadlock: true, budget: 'root', used: 2 });
  });

  test('over several budgets that wait for each other', async () => {
    const [ink, paper] = [budgetOf(1, { name: 'ink' }), budgetOf(1, { name: 'paper' })];
    async function write(): Promise<void> {
      using _ink = await ink.acquire();
      await work(1);
      using _paper = await paper.acquire(1, soon);
    }
    async function draw(): Promise<void> {
      using _paper = await paper.acquire();
      await work(1);
      using _ink = await ink.acquire(1, soon);
    }
    const errors = await failures([write(), draw()]);
    expect(errors.map((error) => error?.deadlock)).toEqual([true, true]);
    expect(told(errors[0])).toEqual(["1 seat held by 1 permit at told.test.ts:N (draw), which waits for budget 'ink' at told.test.ts:N (draw)"]);
  });

  test('by acquireSync, where its own flow holds everything', async () => {
    const budget = budgetOf(1);
    async function nested(): Promise<unknown> {
      using _outer = await budget.acquire();
      await work(1);
      return thrownBy(() => budget.acquireSync());
    }
    const flow = nested();
    await failures([flow]);
    const error = (await flow) as BudgetExceededError;
    expect(error).toBeInstanceOf(BudgetExceededError);
    expect(error.deadlock).toBe(true);
    expect(told(error)).toEqual(["1 seat held by 1 permit at told.test.ts:N (nested), which waits for budget 'seats' here"]);
  });

  test('of what a function of the app has acquired and returned', async () => {
    const budget = budgetOf(1);
    const chairs = seatOf(budget);
    async function take(): Promise<Disposable> {
      const chair = await chairs.acquire(undefined, soon);
      return chair;
    }
    async function takeTwice(): Promise<Disposable> {
      return await take();
    }
    async function nested(): Promise<void> {
      using _outer = await takeTwice();
      await work(1);
      using _inner = await takeTwice();
    }
    const [error] = await failures([nested()]);
    expect(error?.deadlock).toBe(true);
    expect(told(error)).toEqual(["1 seat held by 1 chair at told.test.ts:N (take), which waits for budget 'seats' at told.test.ts:N (take)"]);
  });

  test('of a pool, whose borrower borrows again', async () => {
    const pool = new Pool(defineResource({ kind: 'chair', openSync: () => 1, release: () => {} }), { max: 1 });
    async function nested(): Promise<void> {
      using _outer = await pool.acquire();
      using _inner = await pool.acquire(undefined, soon);
    }
    const [error] = await failures([nested()]);
    expect(error?.deadlock).toBe(true);
    expect(error?.message).toContain("a deadlock: all of pool 'chair' that is in use was acquired by those that now wait for more");
    expect(told(error)).toEqual(["1 lease held by 1 chair lease at told.test.ts:N (nested), which waits for pool 'chair' at told.test.ts:N (nested)"]);
    // What a pool has opened for somebody is not held by them: it is idle now, and nobody is stuck.
    expect(pool.stats()).toMatchObject({ idle: 1, leased: 0, waiting: 0 });
  });

  test('not of a pool and of a budget that its idle resources hold, which are evicted', async () => {
    const budget = budgetOf(1);
    const pool = new Pool(seatOf(budget), { max: 2 });
    async function flow(): Promise<number> {
      (await pool.acquire()).dispose();
      using permit = await budget.acquire(1, soon);
      return permit.amount;
    }
    const running = flow();
    expect(await failures([running])).toEqual([undefined]);
    expect(await running).toBe(1);
  });

  test('at the default time-out, after 30 s without a grant', async () => {
    const budget = budgetOf(1);
    async function nested(): Promise<void> {
      using _outer = await budget.acquire();
      using _inner = await budget.acquire();
    }
    const [error] = await failures([nested()], 40_000);
    expect(error).toMatchObject({ code: 'ERR_ACQUIRE_TIMEOUT', deadlock: true });
  });
});
