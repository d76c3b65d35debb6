// The platform has run out for longer than ten tries take: who named a time waits it out.
import { Budget, BudgetExceededError, defineResource } from '@handback/core';
import { expect, it } from 'vitest';
import { rejectionOf } from './platform.ts';

const emfile = Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' });

function failing(times: number) {
  const budget = new Budget({ name: 'descriptors', capacity: 100 });
  let tries = 0;
  const kind = defineResource({
    kind: 'file',
    open: async () => {
      if (++tries <= times) throw emfile;
      return tries;
    },
    release: () => {},
    isExhausted: (error) => error === emfile,
    cost: () => ({ budget, amount: 1 }),
  });
  return { kind, tries: () => tries, budget };
}

it('tries on while the time lasts', async () => {
  const { kind } = failing(11);
  using file = await kind.acquire(undefined, { timeout: 15_000 });
  expect(file.value).toBe(12);
});

it('tries ten times where no time was named', async () => {
  const { kind, tries, budget } = failing(11);
  expect(await rejectionOf(kind.acquire())).toBeInstanceOf(BudgetExceededError);
  expect([tries(), budget.stats().used]).toEqual([10, 0]);
});
