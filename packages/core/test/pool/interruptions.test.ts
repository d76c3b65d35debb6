// Every await of a lease's way, interrupted: by a step that fails, is late, or never ends, by an abort, a time-out or a drain. After
// deadpool's matrix.
import { describe, expect, test } from 'vitest';
import { Budget, leaks } from '@handback/core';
import { outcomeOf, pass, settled, useFakeClock, withoutCollections } from '../budget/support.ts';
import { poolOf, Works } from './support.ts';

useFakeClock();
withoutCollections();
leaks.configure({ level: 'count' });

const HOW = ['ok', 'fails', 'late', 'late and fails', 'never'] as const;
type How = (typeof HOW)[number];
const STEPS = ['open', 'check', 'reset', 'release'] as const;
type Step = (typeof STEPS)[number];
type Plan = Record<Step, How>;

function arm(works: Works, plan: Plan): void {
  const answer = (how: How): 'ok' | 'reject' | 'wait' => (how === 'ok' ? 'ok' : how === 'fails' ? 'reject' : 'wait');
  works.opens = answer(plan.open);
  works.checks = answer(plan.check);
  works.resets = answer(plan.reset);
  works.releases = answer(plan.release);
}

/** Opens the gates of the late, or, in the end, all. */
function openGates(works: Works, plan: Plan, all: boolean): void {
  for (const step of STEPS) {
    const how = plan[step];
    if (!all && how === 'never') continue;
    for (const gate of works.gates[step].splice(0)) {
      if (how === 'late and fails') gate.fail(new Error(`late ${step}`));
      else gate.open(true as never);
    }
  }
}

async function interrupt(plan: Plan, how: 'nothing' | 'abort' | 'time-out' | 'drain'): Promise<void> {
  const budget = new Budget({ name: 'budget', capacity: 3 });
  const works = new Works(budget);
  const pool = poolOf(works, { max: 1, check: works.check, reset: works.reset });
  (await pool.acquire('a')).dispose();
  await settled();
  arm(works, plan);
  const controller = new AbortController();
  const outcome = outcomeOf(pool.acquire('a', how === 'time-out' ? { timeout: 20 } : how === 'abort' ? { signal: controller.signal } : {}));
  const behind = outcomeOf(pool.acquire('a', { timeout: 60 }));
  await pass(10);
  if (how === 'abort') controller.abort('aborted');
  const drained = how === 'drain' ? outcomeOf(pool.drain({ timeout: Number.POSITIVE_INFINITY })) : undefined;
  await pass(20);
  openGates(works, plan, false);
  await pass(5);
  outcome.value?.dispose();
  await pass(5);
  openGates(works, plan, false);
  await pass(40);
  for (let round = 0; round < 3; round++) {
    openGates(works, plan, false);
    await pass(40);
    outcome.value?.dispose();
    behind.value?.dispose();
  }
  // Whoever was not served has heard why, unless the default patience has not run out.
  expect(behind.state).not.toBe('waiting');
  if (how !== 'nothing' && how !== 'drain') expect(outcome.state).not.toBe('waiting');
  expect(works.most).toBe(1);
  // What never ended ends at last: then everything is as if nothing had been.
  arm(works, { open: 'ok', check: 'ok', reset: 'ok', release: 'ok' });
  for (let round = 0; round < 5; round++) {
    openGates(works, plan, true);
    await pass(300);
    outcome.value?.dispose();
  }
  expect(outcome.state).not.toBe('waiting');
  expect(pool.stats()).toMatchObject({ leased: 0, opening: 0, waiting: 0 });
  if (drained === undefined) {
    const after = outcomeOf(pool.acquire('a'));
    await pass(300);
    expect(after.state).toBe('granted');
    after.value?.dispose();
  }
  const end = outcomeOf(pool.drain());
  await pass(10);
  expect([end.state, drained?.state ?? 'granted']).toEqual(['granted', 'granted']);
  expect(works.open.size).toBe(0);
  expect(works.released).toHaveLength(works.opened);
  expect(budget.stats().used).toBe(0);
}

describe.each(['nothing', 'abort', 'time-out', 'drain'] as const)('interrupted by %s', (how) => {
  test.each(HOW)('with openings that are %s, nothing is lost, whatever check, reset and release do', { timeout: 60_000 }, async (open) => {
    for (const check of HOW) {
      for (const reset of HOW) {
        for (const release of HOW) {
          try {
            await interrupt({ open, check, reset, release }, how);
          } catch (error) {
            throw new Error(`check ${check}, reset ${reset}, release ${release}: ${String(error)}`, { cause: error });
          }
        }
      }
    }
  });
});
