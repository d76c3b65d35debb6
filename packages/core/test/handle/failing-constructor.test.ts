// Classes of the author's own whose constructors throw, before or after ours has run: nothing is lost, nothing released twice.
import { Budget, collectGarbage, defineResource, Handle, leaks, type Ownership } from '@handback/core';
import { expect, it } from 'vitest';
import { type Gate, gate, Platform, rejectionOf, thrownBy, turn } from './platform.ts';

const refused = new Error('refused');
type Step = 'never' | 'before' | 'after' | 'disposed' | 'in use';

/** A kind whose class fails where `next` says so. */
function picky() {
  const platform = new Platform();
  const budget = new Budget({ name: 'files', capacity: 10 });
  const plan: { next: Step; escaped: Handle<number> | undefined; running: Gate } = { next: 'never', escaped: undefined, running: gate() };
  class Picky extends Handle<number> {
    constructor(ownership: Ownership<number>) {
      const step = plan.next;
      if (step === 'before') throw refused;
      super(ownership);
      if (step === 'never') return;
      plan.escaped = this;
      if (step === 'disposed') this.dispose();
      if (step === 'in use') void this.use((raw) => platform.operate(raw, plan.running.promise));
      throw refused;
    }
  }
  const kind = defineResource({ kind: 'file', openSync: platform.openRaw, release: platform.release, cost: () => ({ budget, amount: 1 }), handle: Picky });
  return { platform, budget, plan, kind };
}

const steps = ['before', 'after', 'disposed'] as const;

it.each(steps)('releases once, and holds nothing, where the constructor throws (%s)', async (step) => {
  const { platform, budget, plan, kind } = picky();
  plan.next = step;
  expect(await rejectionOf(kind.acquire())).toBe(refused);
  expect(thrownBy(() => kind.acquireSync())).toBe(refused);
  expect([platform.released, budget.stats().used, plan.escaped?.state]).toEqual([[101, 102], 0, step === 'before' ? undefined : 'closed']);
  await collectGarbage();
  expect(platform.released).toHaveLength(2);
});

it.each([
  ['before', 'plain'],
  ['after', 'plain'],
  ['before', 'labelled'],
  ['after', 'labelled'],
] as const)('leaves the raw to the caller of own where the constructor throws (%s, %s)', async (step, how) => {
  // At level count an owned raw needs no more than a small record.
  leaks.configure({ level: how === 'plain' ? 'count' : 'trace' });
  const { platform, plan, kind } = picky();
  plan.next = step;
  const raw = platform.openRaw();
  expect(thrownBy(() => (how === 'plain' ? kind.own(raw) : kind.own(raw, { label: 'x' })))).toBe(refused);
  expect(plan.escaped?.state).toBe(step === 'before' ? undefined : 'moved');
  plan.escaped = undefined;
  await collectGarbage();
  expect(platform.released).toEqual([]);
  platform.release(raw);
});

it('gives a parent back its child, however the constructor of the child threw', async () => {
  for (const step of steps) {
    const { platform, plan, kind } = picky();
    const parent = kind.acquireSync();
    plan.next = step;
    thrownBy(() => kind.own(platform.openRaw(), { parent }));
    thrownBy(() => kind.acquireSync(undefined, { parent }));
    await rejectionOf(kind.acquire(undefined, { parent }));
    parent.dispose();
    expect([step, parent.state]).toEqual([step, 'closed']);
  }
});

it('does not release under an operation that the failed constructor has begun', async () => {
  const { platform, budget, plan, kind } = picky();
  plan.next = 'in use';
  expect(await rejectionOf(kind.acquire())).toBe(refused);
  expect([platform.released, budget.stats().used]).toEqual([[], 1]);
  plan.running.open();
  await turn();
  expect([platform.released, budget.stats().used]).toEqual([[101], 0]);
});

it.each(['before', 'after'] as const)('stays the owner where the constructor of move throws (%s)', async (step) => {
  const { platform, budget, plan, kind } = picky();
  const file = kind.acquireSync();
  plan.next = step;
  expect(thrownBy(() => file.move())).toBe(refused);
  expect([file.state, file.value]).toEqual(['open', 101]);
  plan.next = 'never';
  file.move().dispose();
  expect([platform.released, budget.stats().used]).toEqual([[101], 0]);
});

it.each([
  ['before', 'young'],
  ['after', 'young'],
  ['before', 'old'],
  ['after', 'old'],
] as const)('is found when it is forgotten, although its move failed (%s, %s)', async (step, age) => {
  const { platform, budget, plan, kind } = picky();
  const forget = async (): Promise<void> => {
    const file = kind.acquireSync();
    if (age === 'old') await turn();
    plan.next = step;
    thrownBy(() => file.move());
  };
  await forget();
  plan.escaped = undefined;
  await collectGarbage();
  expect([platform.released, budget.stats().used]).toEqual([[101], 0]);
});

it.each(steps)('releases with the last owner where the constructor of share throws (%s)', (step) => {
  const { platform, budget, plan, kind } = picky();
  const file = kind.acquireSync();
  plan.next = step;
  expect(thrownBy(() => file.share())).toBe(refused);
  expect([file.state, file.value, platform.released]).toEqual(['open', 101, []]);
  file.dispose();
  expect([platform.released, budget.stats().used]).toEqual([[101], 0]);
});

it('does not release under an operation that a failed share has begun', async () => {
  const { platform, plan, kind } = picky();
  const file = kind.acquireSync();
  plan.next = 'in use';
  expect(thrownBy(() => file.share())).toBe(refused);
  file.dispose();
  expect(platform.released).toEqual([]);
  plan.running.open();
  await turn();
  expect(platform.released).toEqual([101]);
});
