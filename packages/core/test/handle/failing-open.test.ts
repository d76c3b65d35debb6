// An acquire that fails at any of its steps holds nothing: no permit, no child of a parent, no place in line.
import { BudgetExceededError, ClosedError, defineResource, DisposedError, MovedError } from '@handback/core';
import { expect, it } from 'vitest';
import { Platform, rejectionOf, thrownBy, world } from './platform.ts';

const enoent = Object.assign(new Error('ENOENT'), { code: 'ENOENT' });

function failing(platform = new Platform()) {
  const { budget } = world(1);
  const fail = (): never => {
    throw enoent;
  };
  return {
    budget,
    platform,
    kind: defineResource({ kind: 'file', openSync: fail, open: async () => fail(), release: platform.release, cost: () => ({ budget, amount: 1 }) }),
  };
}

it('rejects with what open threw, and holds nothing', async () => {
  const { kind, budget } = failing();
  expect(await rejectionOf(kind.acquire())).toBe(enoent);
  expect(thrownBy(() => kind.acquireSync())).toBe(enoent);
  expect(budget.stats()).toMatchObject({ used: 0, waiting: 0 });
});

it('serves the next in line after a failure', async () => {
  const { budget } = world(1);
  const platform = new Platform();
  let first = true;
  const kind = defineResource({
    kind: 'file',
    open: async () => {
      if (!first) return platform.openRaw();
      first = false;
      throw enoent;
    },
    release: platform.release,
    cost: () => ({ budget, amount: 1 }),
  });
  const results = await Promise.allSettled([kind.acquire(), kind.acquire()]);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
  expect(budget.stats().used).toBe(1);
  for (const result of results) if (result.status === 'fulfilled') result.value.dispose();
});

it('gives a parent back what it had counted', async () => {
  const { kind } = failing();
  const { kind: parents, platform } = world();
  const parent = parents.acquireSync();
  await rejectionOf(kind.acquire(undefined, { parent }));
  thrownBy(() => kind.acquireSync(undefined, { parent }));
  parent.dispose();
  expect(platform.released).toEqual([101]);
});

it('opens nothing where the cost throws, or is no cost', async () => {
  const platform = new Platform();
  const costs: unknown[] = [
    () => {
      throw enoent;
    },
    () => ({ budget: undefined, amount: 1 }),
    () => ({ budget: world().budget, amount: 0 }),
    () => [{ budget: world().budget, amount: Number.NaN }],
  ];
  const messages: string[] = [];
  for (const cost of costs) {
    const kind = defineResource({ kind: 'file', openSync: platform.openRaw, release: platform.release, cost: cost as never });
    const error = await rejectionOf(kind.acquire());
    expect((thrownBy(() => kind.acquireSync()) as Error).message).toBe((error as Error).message);
    messages.push((error as Error).message);
  }
  expect(messages).toEqual([
    'ENOENT',
    'Expected `budget` to be a Budget, got undefined',
    'Expected `cost().amount` to be a whole number from 1 up, got 0',
    'Expected `cost().amount` to be a whole number from 1 up, got NaN',
  ]);
  expect(platform.open.size).toBe(0);
});

it('takes several charges all at once, or none', async () => {
  const [one, two] = [world(1).budget, world(2).budget];
  const platform = new Platform();
  const kind = defineResource({
    kind: 'image',
    openSync: platform.openRaw,
    release: platform.release,
    cost: () => [
      { budget: two, amount: 2 },
      { budget: one, amount: 1 },
    ],
  });
  {
    using permit = one.acquireSync();
    const error = thrownBy(() => kind.acquireSync()) as BudgetExceededError;
    expect(error).toBeInstanceOf(BudgetExceededError);
    expect(error.budget).toBe(one.name);
    expect([one.stats().used, two.stats().used, permit.amount]).toEqual([1, 0, 1]);
  }
  using image = await kind.acquire();
  expect([image.value, one.stats().used, two.stats().used]).toEqual([101, 1, 2]);
});

it('rejects with ClosedError where the budget was disposed, with DisposedError and MovedError under a parent that is gone', async () => {
  const { kind, budget, platform } = world();
  const { kind: parents } = world();
  const disposed = parents.acquireSync();
  disposed.dispose();
  const moved = parents.acquireSync();
  moved.move().dispose();
  expect(await rejectionOf(kind.acquire(undefined, { parent: disposed }))).toBeInstanceOf(DisposedError);
  expect(thrownBy(() => kind.acquireSync(undefined, { parent: moved }))).toBeInstanceOf(MovedError);
  expect(await rejectionOf(kind.acquireAll([undefined], { parent: disposed }))).toBeInstanceOf(DisposedError);
  budget.dispose();
  expect(await rejectionOf(kind.acquire())).toBeInstanceOf(ClosedError);
  expect(thrownBy(() => kind.acquireSync())).toBeInstanceOf(ClosedError);
  expect([platform.open.size, budget.stats().used]).toEqual([0, 0]);
});

it('checks its arguments first, and rejects where it would return a promise', async () => {
  const { kind, platform } = world();
  const wrong: [object, string][] = [
    [{ timeout: -1 }, 'Expected `timeout` to be a number of milliseconds from 0 up (or Infinity), got -1'],
    [{ timeout: Number.NaN }, 'Expected `timeout` to be a number of milliseconds from 0 up (or Infinity), got NaN'],
    [{ priority: 'high' }, 'Expected `priority` to be a finite number, got "high"'],
    [{ label: { file: 1 } }, 'Expected `label` to be a text, got [object Object]'],
    [{ parent: {} }, 'Expected `parent` to be a handle of this copy of @handback/core'],
  ];
  for (const [options, message] of wrong) {
    expect((await rejectionOf(kind.acquire(undefined, options))) as Error).toMatchObject({ message });
    expect((await rejectionOf(kind.acquireAll([undefined], options))) as Error).toMatchObject({ message });
  }
  expect(platform.open.size).toBe(0);
});

it('opens by openSync where there is no open, and tells which kind cannot open at all', async () => {
  const { kind } = world();
  using file = await kind.acquire();
  expect(file.value).toBe(101);
  const owning = defineResource({ kind: 'surface', release: () => {} }) as unknown as typeof kind;
  expect(await rejectionOf(owning.acquire())).toMatchObject({ message: "Kind 'surface' has no `open`: adopt what was opened elsewhere with own(raw)" });
  expect(owning.acquireSync).toBeUndefined();
});
