// Every await of a lease's way, interrupted: by a step that fails, is late, or never ends, by an abort, a time-out or a drain, and by
// whatever a scheduler finds. After deadpool's matrix and Effect's sweep.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Budget, leaks, type Lease } from '@handback/core';
import { outcomeOf, pass, settled, useFakeClock, withoutCollections } from '../budget/support.ts';
import { poolOf, Works, type Thing } from './support.ts';

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

interface Task {
  readonly key: string;
  readonly interruption: 'none' | 'abort' | 'timeout';
  readonly end: 'dispose' | 'discard' | 'detach' | 'move' | 'share';
}

describe('tasks in any interleaving', () => {
  test('never have the same thing, never more than `max`, and everything is released exactly once', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            key: fc.constantFrom('a', 'b'),
            interruption: fc.constantFrom<Task['interruption']>('none', 'none', 'abort', 'timeout'),
            end: fc.constantFrom<Task['end']>('dispose', 'dispose', 'discard', 'detach', 'move', 'share'),
          }),
          { minLength: 1, maxLength: 8 },
        ),
        fc.array(fc.constantFrom('ok', 'ok', 'ok', 'fails'), { minLength: 20, maxLength: 20 }),
        fc.record({ max: fc.integer({ min: 1, max: 3 }), keyed: fc.boolean(), lifo: fc.boolean(), openConcurrency: fc.constantFrom(1, 16) }),
        fc.array(fc.constantFrom('resize', 'warm', 'drain', 'try'), { maxLength: 3 }),
        fc.scheduler(),
        async (tasks, fates, shape, events, scheduler) => {
          const works = new Works();
          let steps = 0;
          const maybe = async (what: string): Promise<void> => {
            const fails = fates[steps++ % fates.length] === 'fails';
            await scheduler.schedule(Promise.resolve(), what);
            if (fails) throw new Error(`${what} fails`);
          };
          const live = new Map<number, Thing>();
          let top = 0;
          let exists = 0;
          let most = 0;
          const { defineAsyncResource, Pool } = await import('@handback/core');
          const kind = defineAsyncResource({
            kind: 'thing',
            open: async (key: string): Promise<Thing> => {
              most = Math.max(most, ++exists);
              try {
                await maybe('open');
              } catch (error) {
                exists--;
                throw error;
              }
              const thing = { id: ++top, key };
              live.set(thing.id, thing);
              return thing;
            },
            release: async (thing: Thing) => {
              try {
                await maybe('release');
              } finally {
                exists--;
                if (!live.delete(thing.id)) most = Number.POSITIVE_INFINITY;
              }
            },
          });
          const pool = new Pool(kind, {
            max: shape.max,
            key: shape.keyed ? (request) => request : undefined,
            order: shape.lifo ? 'lifo' : 'fifo',
            openConcurrency: shape.openConcurrency,
            check: async () => maybe('check').then(() => true),
            reset: async () => maybe('reset'),
          });
          const lent = new Set<Thing>();
          let twice = false;
          const detached: Thing[] = [];
          const work = async (lease: Lease<Thing>, { key, end }: Task): Promise<void> => {
            const thing = lease.value;
            if (lent.has(thing) || (shape.keyed && thing.key !== key) || !live.has(thing.id)) twice = true;
            lent.add(thing);
            await scheduler.schedule(Promise.resolve(), 'work');
            const use = lease.use(() => (end === 'detach' ? undefined : scheduler.schedule(Promise.resolve(), 'use')));
            if (end === 'share') lease.share().discard();
            const held = end === 'move' ? lease.move() : lease;
            // From here on it may be lent again: when the last use has ended.
            if (end === 'detach') {
              detached.push(held.detach());
              exists--;
              return;
            }
            void Promise.resolve(use).then(() => lent.delete(thing));
            if (end === 'discard') held.discard();
            else held.dispose();
            await held.disposeAsync();
          };
          const run = async (task: Task): Promise<void> => {
            const controller = new AbortController();
            await scheduler.schedule(Promise.resolve(), 'start');
            const lease = pool.acquire(task.key, { signal: controller.signal, timeout: task.interruption === 'timeout' ? 5 : 1e6 });
            if (task.interruption === 'abort') void scheduler.schedule(Promise.resolve(), 'abort').then(() => controller.abort('aborted'));
            try {
              await work(await lease, task);
            } catch {
              // Aborted, timed out, failed, or closed: what matters is what is left.
            }
          };
          const disturb = async (event: string): Promise<void> => {
            await scheduler.schedule(Promise.resolve(), event);
            try {
              if (event === 'resize') pool.resize(shape.max === 1 ? 2 : 1);
              else if (event === 'warm') await pool.warmUp(1, 'a');
              else if (event === 'drain') await pool.drain();
              else pool.tryAcquire('b')?.dispose();
            } catch {
              // Closed by then, or it has failed to open.
            }
          };
          const all = Promise.allSettled([...tasks.map(run), ...events.map(disturb)]);
          let done = false;
          void all.then(() => {
            done = true;
          });
          for (let round = 0; round < 2_000 && !done; round++) {
            if (scheduler.count() > 0) await scheduler.waitOne();
            else await pass(300);
            await settled();
          }
          expect(done).toBe(true);
          const end = outcomeOf(pool.drain());
          for (let round = 0; round < 500 && end.state === 'waiting'; round++) {
            if (scheduler.count() > 0) await scheduler.waitOne();
            else await pass(100);
            await settled();
          }
          expect(end.state).toBe('granted');
          expect(pool.stats()).toMatchObject({ size: 0, idle: 0, leased: 0, opening: 0, waiting: 0, opened: top, released: top });
          expect([twice, [...live.values()]]).toEqual([false, detached.toSorted((a, b) => a.id - b.id)]);
          expect(most).toBeLessThanOrEqual(Math.max(shape.max, events.includes('resize') ? 2 : 0));
        },
      ),
      { numRuns: 400 },
    );
  });
});
