// What a flow has forgotten is no deadlock: it is collected, and whoever waits for it goes on.
import { leaks, type LeakLevel } from '@handback/core';
import { expect, test } from 'vitest';
import { budgetOf } from '../budget/support.ts';
import { atLevel } from './support.ts';

atLevel('trace');

test.each<LeakLevel>(['trace', 'strict'])('is served to the flow itself, at level %s', async (level) => {
  leaks.configure({ level, warn: false });
  const budget = budgetOf(2);
  const forget = async (): Promise<void> => void (await budget.acquire()).amount;
  async function flow(): Promise<void> {
    void (await budget.acquire()).amount;
    await forget();
    for (let round = 0; round < 5; round++) void (await budget.acquire(2, { timeout: 10_000 })).amount;
  }
  await flow();
  using _all = await budget.acquire(2, { timeout: 10_000 });
  expect(budget.stats()).toMatchObject({ used: 2, waiting: 0 });
});
