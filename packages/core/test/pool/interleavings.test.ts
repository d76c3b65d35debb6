// Tasks on a pool, each of whose steps is let go by a scheduler in an order of its own, and fails as it likes: after Effect's sweep of an
// interruption over every step.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defineAsyncResource, leaks, Pool, type Lease } from '@handback/core';
import { outcomeOf, pass, settled, useFakeClock, withoutCollections } from '../budget/support.ts';
import type { Thing } from './support.ts';

useFakeClock();
withoutCollections();
leaks.configure({ level: 'count' });

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
          const done = outcomeOf(all);
          for (let round = 0; round < 2_000 && done.state === 'waiting'; round++) {
            if (scheduler.count() > 0) await scheduler.waitOne();
            else await pass(300);
            await settled();
          }
          expect(done.state).toBe('granted');
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
