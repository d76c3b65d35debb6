// What exists already is counted without waiting; what was taken is split, settled and given back exactly once.
import { describe, expect, test } from 'vitest';
import { DisposedError, leaks, type Permit } from '@handback/core';
import { budgetOf, fill, hold, queue, settled, useFakeClock } from './support.ts';

useFakeClock();

describe('reserve', () => {
  test('never waits, never fails, and may leave available negative', () => {
    const budget = budgetOf(2);
    fill(budget);
    const permit = budget.reserve(5, { label: 'sockets' });
    expect(budget.stats()).toMatchObject({ used: 7, available: -5, peak: 7 });
    permit.dispose();
    expect(budget.stats()).toMatchObject({ used: 2, available: 0 });
  });

  test('holds up those who wait until it is given back', async () => {
    const budget = budgetOf(2);
    const reserved = budget.reserve(3);
    const { order } = queue(budget, [1]);
    expect(budget.tryAcquire()).toBeUndefined();
    reserved.settle(2);
    await settled();
    expect(order).toEqual([]);
    reserved.settle(1);
    await settled();
    expect(order).toEqual([0]);
    reserved.dispose();
  });
});

describe.each([
  ['a young permit', () => {}],
  ['a permit whose line is recorded', () => leaks.configure({ level: 'trace' })],
])('%s', (_, prepare) => {
  const permitOf = (amount: number): { permit: Permit; used: () => number } => {
    leaks.configure({ level: 'count' });
    prepare();
    const budget = budgetOf(10);
    return { permit: budget.acquireSync(amount), used: () => budget.stats().used };
  };

  test('gives back once, however often it is disposed', () => {
    const { permit, used } = permitOf(4);
    permit.dispose();
    permit.dispose();
    permit[Symbol.dispose]();
    expect([permit.amount, used()]).toEqual([0, 0]);
  });

  test('is split into two whose sum stays the same', () => {
    const { permit, used } = permitOf(5);
    const part = permit.split(2);
    expect([permit.amount, part.amount, used()]).toEqual([3, 2, 5]);
    permit.dispose();
    expect([permit.amount, part.amount, used()]).toEqual([0, 2, 2]);
    part.dispose();
    expect(used()).toBe(0);
  });

  test('is split again and again', () => {
    const { permit, used } = permitOf(5);
    const parts = [permit.split(1), permit.split(3).split(1)];
    expect([permit.amount, ...parts.map(({ amount }) => amount), used()]).toEqual([1, 1, 1, 5]);
    for (const part of parts) part.dispose();
    expect(used()).toBe(3);
  });

  test('is settled to less: the rest is back at once', () => {
    const { permit, used } = permitOf(5);
    permit.settle(2);
    expect([permit.amount, used()]).toEqual([2, 2]);
    permit.dispose();
    expect(used()).toBe(0);
  });

  test('is settled to more, without waiting, beyond the capacity too', () => {
    const { permit, used } = permitOf(5);
    permit.settle(12);
    expect([permit.amount, used()]).toEqual([12, 12]);
    permit.dispose();
    expect(used()).toBe(0);
  });

  test('is settled to nothing, and stays a permit that can be settled to something', () => {
    const { permit, used } = permitOf(5);
    permit.settle(0);
    expect([permit.amount, used()]).toEqual([0, 0]);
    permit.settle(3);
    expect([permit.amount, used()]).toEqual([3, 3]);
    permit.dispose();
    expect(used()).toBe(0);
  });

  test('is split and settled in any order without losing anything', () => {
    const { permit, used } = permitOf(6);
    permit.settle(4);
    const part = permit.split(3);
    part.settle(7);
    permit.settle(2);
    expect([permit.amount, part.amount, used()]).toEqual([2, 7, 9]);
    part.dispose();
    permit.dispose();
    expect(used()).toBe(0);
  });

  test('refuses to be split or settled once it was disposed', () => {
    const { permit, used } = permitOf(5);
    permit.dispose();
    expect(() => permit.split(1)).toThrow(DisposedError);
    expect(() => permit.settle(1)).toThrow(DisposedError);
    expect(used()).toBe(0);
  });
});

describe('settling', () => {
  test('to less serves those who wait', async () => {
    const budget = budgetOf(4);
    const held = fill(budget);
    const { order } = queue(budget, [1, 1, 1]);
    held.settle(2);
    await settled();
    expect(order).toEqual([0, 1]);
    budget.dispose();
  });

  test('to more lifts the peak', () => {
    const budget = budgetOf(4);
    hold(budget, 3).settle(6);
    expect(budget.stats()).toMatchObject({ used: 6, peak: 6, available: -2 });
  });
});
