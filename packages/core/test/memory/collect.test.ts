// Collections on demand: what has become due has run when they are over, and where there is no way it is said.
import { describe, expect, test } from 'vitest';
import { Budget, collectGarbage, collectGarbageSync, leaks } from '@handback/core';
import { useCopies } from '../budget/copies.ts';

const { run } = useCopies();
leaks.configure({ warn: false });

function forgotten(): Budget {
  const budget = new Budget({ name: 'seats', capacity: 4 });
  ((): void => void budget.acquireSync(3))();
  return budget;
}

describe('collectGarbage', () => {
  test.each(['full', undefined] as const)('releases what was forgotten: %s', async (depth) => {
    const budget = forgotten();
    expect(await collectGarbage({ depth })).toBe(true);
    expect(budget.stats().used).toBe(0);
  });

  test("resolves after the finalizers that became due have run, the app's own too", async () => {
    const finalized: string[] = [];
    const registry = new FinalizationRegistry<string>((name) => finalized.push(name));
    ((): void => registry.register({}, 'mine'))();
    await collectGarbage();
    expect(finalized).toEqual(['mine']);
  });

  test('collects what this very job has touched through a WeakRef', async () => {
    const reference = ((): WeakRef<object> => new WeakRef({}))();
    expect(reference.deref()).toBeDefined();
    await collectGarbage();
    expect(reference.deref()).toBeUndefined();
  });

  test('refuses a depth that it does not know, by rejecting', async () => {
    await expect(collectGarbage({ depth: 'major' as never })).rejects.toThrow("Expected `depth` to be 'minor' or 'full', got major");
  });
});

describe('collectGarbageSync', () => {
  test('releases what was forgotten, within the job', () => {
    const budget = forgotten();
    expect(collectGarbageSync()).toBe(true);
    expect(budget.stats().used).toBe(0);
  });

  test('refuses a depth that it does not know', () => {
    expect(() => collectGarbageSync({ depth: 'major' as never })).toThrow(TypeError);
  });
});

describe('where no collection can be forced', () => {
  const blind = 'process.getBuiltinModule = undefined; delete globalThis.gc;';

  test('both say so, and nothing is lost', async () => {
    const { code, output } = await run(`
      import { Budget, collectGarbage, collectGarbageSync, leaks } from '@handback/core';
      ${blind}
      const budget = new Budget({ name: 'seats', capacity: 1 });
      const held = budget.acquireSync();
      console.log(collectGarbageSync(), await collectGarbage(), budget.stats().used, held.amount);
    `);
    expect([code, output]).toEqual([0, 'false false 1 1\n']);
  });

  test('a full budget still serves in order, evicts, and names its holders', async () => {
    const { code, output } = await run(`
      import { Budget } from '@handback/core';
      ${blind}
      const budget = new Budget({ name: 'seats', capacity: 1 });
      let idle = budget.acquireSync();
      budget.addReclaimer({ name: 'idle', reclaimable: () => (idle ? 1 : 0), reclaim: () => (idle.dispose(), (idle = undefined), 1) });
      const held = await budget.acquire();
      try { budget.acquireSync(); } catch (error) { console.log(error.code); }
      setTimeout(() => held.dispose(), 20);
      console.log((await budget.acquire()).amount);
    `);
    expect([code, output]).toEqual([0, 'ERR_BUDGET_EXCEEDED\n1\n']);
  });
});
