// What is measured after opening: settled at once, whatever it says; where measuring fails, what was opened is released again.
import { Budget, defineAsyncResource, defineResource, leaks, type LeakEvent, SuppressedError } from '@handback/core';
import { expect, it } from 'vitest';
import { gate, Platform, rejectionOf, thrownBy, turn } from './platform.ts';

const unreadable = new Error('unreadable');

function measured(measure: (raw: number) => unknown, externalBytes?: (raw: number) => unknown) {
  const platform = new Platform();
  const budget = new Budget({ name: 'bytes', capacity: 100, unit: 'bytes' });
  const other = new Budget({ name: 'other', capacity: 100 });
  const kind = defineResource({
    kind: 'image',
    openSync: platform.openRaw,
    release: platform.release,
    cost: () => ({ budget, amount: 40 }),
    measure: measure as never,
    externalBytes: externalBytes as never,
  });
  return { platform, budget, other, kind };
}

it('settles the charge to what was measured, less or more', async () => {
  const sizes = [10, 90];
  const world = measured(() => ({ budget: world.budget, amount: sizes.shift() }));
  const { budget, kind } = world;
  const small = await kind.acquire();
  expect(budget.stats().used).toBe(10);
  const large = kind.acquireSync();
  expect(budget.stats()).toMatchObject({ used: 100, available: 0 });
  large.dispose();
  small.dispose();
  expect(budget.stats().used).toBe(0);
});

it('may leave available negative, never waits, and counts what the cost did not name', () => {
  const world = measured(() => [
    { budget: world.budget, amount: 130 },
    { budget: world.other, amount: 7 },
  ]);
  const { budget, other, kind } = world;
  {
    using image = kind.acquireSync();
    expect([image.value, budget.stats().available, other.stats().used]).toEqual([101, -30, 7]);
  }
  expect([budget.stats().used, other.stats().used]).toEqual([0, 0]);
});

it('measures what is owned, and gives back what it measured', () => {
  const world = measured(() => ({ budget: world.budget, amount: 25 }));
  const { budget, platform, kind } = world;
  const image = kind.own(platform.openRaw());
  expect(budget.stats().used).toBe(25);
  image.dispose();
  expect(budget.stats().used).toBe(0);
});

it.each([
  [
    'throws',
    () => {
      throw unreadable;
    },
    undefined,
  ],
  ['answers no amount', () => ({ budget: new Budget({ name: 'x', capacity: 1 }), amount: -1 }), undefined],
  ['answers no budget', () => ({ budget: {}, amount: 1 }), undefined],
  ['answers no bytes', () => undefined, () => Number.NaN],
])('releases what was opened, and holds nothing, where the measure %s', async (_, measure, externalBytes) => {
  const { platform, budget, kind } = measured(measure, externalBytes);
  const error = await rejectionOf(kind.acquire());
  expect((thrownBy(() => kind.acquireSync()) as Error).message).toBe((error as Error).message);
  expect([platform.released, platform.open.size, budget.stats().used]).toEqual([[101, 102], 0, 0]);
});

it('leaves the raw to the caller where what is owned cannot be measured', () => {
  const world = measured(
    () => ({ budget: world.budget, amount: 25 }),
    () => {
      throw unreadable;
    },
  );
  const { budget, platform, kind } = world;
  const raw = platform.openRaw();
  expect(thrownBy(() => kind.own(raw))).toBe(unreadable);
  expect([platform.released, budget.stats().used]).toEqual([[], 0]);
});

it('joins the errors where the release of what could not be measured throws too', async () => {
  const broken = new Error('EIO');
  const budget = new Budget({ name: 'bytes', capacity: 100 });
  const kind = defineResource({
    kind: 'image',
    openSync: () => 1,
    release: () => {
      throw broken;
    },
    cost: () => ({ budget, amount: 1 }),
    measure: () => {
      throw unreadable;
    },
  });
  for (const error of [await rejectionOf(kind.acquire()), thrownBy(() => kind.acquireSync())]) {
    expect(error).toBeInstanceOf(SuppressedError);
    expect(error).toMatchObject({ error: broken, suppressed: unreadable });
  }
  expect(budget.stats().used).toBe(0);
});

it('gives the permit back only when the slow release of what could not be measured is done', async () => {
  const budget = new Budget({ name: 'bytes', capacity: 1 });
  const releasing = gate();
  const events: LeakEvent[] = [];
  using _subscription = leaks.subscribe((event) => events.push(event));
  const kind = defineAsyncResource({
    kind: 'image',
    openSync: () => 1,
    release: () => releasing.promise,
    cost: () => ({ budget, amount: 1 }),
    measure: () => {
      throw unreadable;
    },
  });
  expect(await rejectionOf(kind.acquire())).toBe(unreadable);
  expect(budget.stats().used).toBe(1);
  const broken = new Error('EIO');
  releasing.fail(broken);
  await turn();
  expect(budget.stats().used).toBe(0);
  expect(events).toMatchObject([{ event: 'release-error', error: broken }]);
});
