// At level strict the acquire that closes a circle is refused when its line has stood still for a moment, not at its time-out; and only
// where all that is held is bound by `using`, so that nobody else can give it back.
import { BudgetExceededError, defineResource, type Budget, type Permit } from '@handback/core';
import { describe, expect, test } from 'vitest';
import { budgetOf, outcomeOf, pass, useFakeClock, withoutCollections } from '../budget/support.ts';
import { atLevel, failures, told, work } from './support.ts';

useFakeClock();
withoutCollections();
atLevel('strict');

const STILL = 5_000;

describe('who closes a circle is refused', () => {
  test('in a function that acquires again what it holds the last of', async () => {
    const budget = budgetOf(1);
    async function nested(): Promise<void> {
      using _outer = await budget.acquire();
      await work(1);
      using _inner = await budget.acquire();
    }
    const [error] = await failures([nested()], STILL);
    expect(error).toBeInstanceOf(BudgetExceededError);
    expect(error).toMatchObject({ deadlock: true, used: 1, requested: 1 });
    expect(error?.message).toContain("No room for a permit: budget 'seats' is full, and nobody can give any of it back.");
    expect(error?.message).toContain("Deadlock: all of budget 'seats' that is in use is held by those that wait for more.\n");
    expect(told(error)).toEqual(["1 seat held by 1 permit at strict.test.ts:N (nested), which waits for budget 'seats' at strict.test.ts:N (nested)"]);
  });

  test('the last of two that cross, and the other goes on', async () => {
    const budget = budgetOf(2);
    const cross = async (delay: number): Promise<void> => {
      using _one = await budget.acquire();
      await work(delay);
      using _two = await budget.acquire();
      await work(10);
    };
    const errors = await failures([cross(1), cross(20)], STILL);
    expect(errors.map((error) => error?.deadlock)).toEqual([undefined, true]);
    expect(budget.stats()).toMatchObject({ used: 0, waiting: 0 });
  });

  test('in a chain of several budgets, and of kinds whose releases are asynchronous', async () => {
    const [ink, paper] = [budgetOf(1, { name: 'ink' }), budgetOf(1, { name: 'paper' })];
    const sheets = defineResource({ kind: 'sheet', open: async () => 1, release: () => {}, cost: () => ({ budget: paper, amount: 1 }) });
    async function write(): Promise<void> {
      using _ink = await ink.acquire();
      await work(1);
      await using _paper = await sheets.acquire();
    }
    async function draw(): Promise<void> {
      await using _paper = await sheets.acquire();
      await work(2);
      using _ink = await ink.acquire();
    }
    const errors = await failures([write(), draw()], STILL);
    expect(errors.map((error) => error?.deadlock)).toEqual([undefined, true]);
  });

  test('a child whose parent holds all and awaits it', async () => {
    const budget = budgetOf(1);
    const child = async (): Promise<void> => {
      using _permit = await budget.acquire();
    };
    async function parent(): Promise<void> {
      using _permit = await budget.acquire();
      await child();
    }
    const [error] = await failures([parent()], STILL);
    expect(error?.deadlock).toBe(true);
  });
});

describe('nobody is refused', () => {
  /** Looks at what waits for long, then lets it go. */
  const waits = async (budget: Budget, flow: Promise<unknown>): Promise<string> => {
    const outcome = outcomeOf(flow);
    await pass(10_000);
    const { state } = outcome;
    budget.resize(100);
    await pass(10_000);
    return state;
  };

  test('at the first look: a parent may go on without its children', async () => {
    const budget = budgetOf(1);
    let served = false;
    const child = async (): Promise<void> => {
      using _permit = await budget.acquire();
      served = true;
    };
    async function parent(): Promise<void> {
      using _permit = await budget.acquire();
      void child();
      await work(100);
    }
    expect(await failures([parent()], STILL)).toEqual([undefined]);
    expect(served).toBe(true);
  });

  test('where a loop hands its permits on to the tasks that it starts', async () => {
    const budget = budgetOf(2);
    const task = async (permit: Permit): Promise<void> => {
      await work(5_000);
      permit.dispose();
    };
    async function loop(): Promise<void> {
      for (let index = 0; index < 4; index++) void task(await budget.acquire());
    }
    expect(await waits(budget, loop())).toBe('granted');
  });

  test('where those tasks bind them by `using`', async () => {
    const budget = budgetOf(2);
    const task = async (permit: Permit): Promise<void> => {
      using _permit = permit;
      await work(5_000);
    };
    async function loop(): Promise<void> {
      for (let index = 0; index < 4; index++) void task(await budget.acquire());
    }
    expect(await waits(budget, loop())).toBe('granted');
  });

  test('where one of the holders works', async () => {
    const budget = budgetOf(2);
    const works = async (): Promise<void> => {
      using _permit = await budget.acquire();
      await work(9_000);
    };
    void works();
    async function nested(): Promise<void> {
      using _one = await budget.acquire();
      using _two = await budget.acquire();
    }
    expect(await waits(budget, nested())).toBe('granted');
  });

  test('where a wait in the circle ends by itself, at its time-out or by its signal: its caller said what is to become of it', async () => {
    const budget = budgetOf(1);
    const ends = [{ timeout: 5_000 }, { signal: new AbortController().signal }];
    const [late, aborted] = ends as [{ timeout: number }, { signal: AbortSignal }];
    async function nested(options: { timeout?: number; signal?: AbortSignal }): Promise<void> {
      using _outer = await budget.acquire();
      await work(1);
      using _inner = await budget.acquire(1, options);
    }
    const [error] = await failures([nested(late)], 10_000);
    expect(error).toMatchObject({ code: 'ERR_ACQUIRE_TIMEOUT', deadlock: true });
    expect(await waits(budget, nested(aborted))).toBe('waiting');
  });

  test('where the next one is only begun, to be awaited when what is held was given back', async () => {
    const budget = budgetOf(1);
    async function ahead(): Promise<void> {
      let next: Promise<Permit>;
      {
        using _permit = await budget.acquire();
        next = budget.acquire();
        await work(5_000);
      }
      using _next = await next;
    }
    expect(await waits(budget, ahead())).toBe('granted');
  });

  test('where nothing binds what is held: it is told at the time-out', async () => {
    const budget = budgetOf(1);
    async function nested(): Promise<void> {
      const outer = await budget.acquire();
      try {
        await budget.acquire(1, { timeout: 5_000 });
      } finally {
        outer.dispose();
      }
    }
    const [error] = await failures([nested()], 10_000);
    expect(error).toMatchObject({ code: 'ERR_ACQUIRE_TIMEOUT', deadlock: true });
    expect(error?.message).toContain('Probably a deadlock');
  });
});

test('a handle that a declaration has bound is as it was before', async () => {
  const budget = budgetOf(1);
  using permit = await budget.acquire();
  expect(Object.getOwnPropertySymbols(permit)).toEqual([]);
});
