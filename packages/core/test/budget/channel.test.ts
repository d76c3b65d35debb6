import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Budget } from '@handback/core';
import { expect, test } from 'vitest';

test('an acquire that has to wait is told on the channel handback:budget, with the numbers of the budget that lacks room', async () => {
  const seen: unknown[] = [];
  const listener = (message: unknown): void => void seen.push(message);
  const parent = new Budget({ name: 'parent', capacity: 3 });
  const child = parent.child({ name: 'child', capacity: 3 });
  const held = parent.tryAcquire(2);
  subscribe('handback:budget', listener);
  const waiting = child.acquire(2, { label: 'thumbnail' });
  unsubscribe('handback:budget', listener);
  expect(seen).toEqual([{ budget: 'parent', requested: 2, used: 2, capacity: 3, waiting: 0, kind: undefined, label: 'thumbnail' }]);
  held?.dispose();
  (await waiting).dispose();
});
