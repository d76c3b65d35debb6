// Handles under schedulers: openings, releases and operations end in any order that fast-check can think of, between any two commands.
// What must never happen is known to the platform; what must have happened in the end is looked at when everything has ended.
import { type AsyncHandle, type AsyncHandles, Budget, defineAsyncResource, leaks, type LeakEvent } from '@handback/core';
import fc from 'fast-check';
import { afterEach, expect, it } from 'vitest';
import { Platform, turn } from './platform.ts';

const CAPACITY = 4;
afterEach(() => leaks.configure({ level: 'trace', warn: true }));

/** Numbers of the model: what was asked for and has not been given up. */
interface Asked {
  acquires: number;
}

class World {
  readonly platform = new Platform();
  readonly budget = new Budget({ name: 'four', capacity: CAPACITY });
  readonly handles: AsyncHandle<number>[] = [];
  readonly pending: Promise<unknown>[] = [];
  readonly controllers: AbortController[] = [];
  readonly children: AbortController[] = [];
  readonly problems: string[] = [];
  /** In the end, what is still acquired is disposed as soon as it comes: others wait for it. */
  ending = false;
  readonly later: <R>(value: R, label: string) => Promise<R>;
  readonly kind;

  constructor(scheduler: fc.Scheduler) {
    this.later = (value, label) => scheduler.schedule(Promise.resolve(value), label);
    const { platform, later, problems, budget } = this;
    this.kind = defineAsyncResource({
      kind: 'connection',
      open: async (fails: boolean) => {
        await later(undefined, 'open');
        if (fails) throw new Error('refused');
        if (platform.open.size >= CAPACITY) problems.push(`${platform.open.size + 1} open under a budget of ${CAPACITY}`);
        return platform.openRaw();
      },
      release: async (raw: number) => {
        if ((platform.busy.get(raw) ?? 0) > 0) problems.push(`raw ${raw} is released in use`);
        await later(undefined, 'release');
        try {
          platform.release(raw);
        } catch (error) {
          problems.push(String(error));
        }
      },
      cost: () => ({ budget, amount: 1 }),
    });
  }

  /** Notes what will settle; what acquiring rejects with is the caller's business, and these callers have none. */
  wait(promise: Promise<unknown>): void {
    this.pending.push(promise.catch(() => {}));
  }

  keep(handle: AsyncHandle<number>): void {
    if (this.ending) this.wait(handle.disposeAsync());
    else this.handles.push(handle);
  }

  pick(at: number): AsyncHandle<number> | undefined {
    return this.handles.length === 0 ? undefined : this.handles[at % this.handles.length];
  }
}

type Command = fc.AsyncCommand<Asked, World, boolean>;
const command = (name: string, run: (world: World, asked: Asked) => void): Command => ({
  check: () => true,
  run: async (asked, world) => run(world, asked),
  toString: () => name,
});

const pick = fc.nat({ max: 100 });
const arbitraries = [
  fc
    .record({ fails: fc.integer({ min: 0, max: 5 }), abortable: fc.boolean(), parent: fc.option(pick, { nil: undefined }) })
    .map(({ fails, abortable, parent }) =>
      command(`acquire(${fails === 0}, ${abortable}, ${parent})`, (world, asked) => {
        asked.acquires++;
        const controller = new AbortController();
        const above = parent === undefined ? undefined : world.pick(parent);
        if (abortable) world.controllers.push(controller);
        // A closing parent keeps its permit until its children are gone, and a child may wait in line for just that permit.
        if (above !== undefined) world.children.push(controller);
        world.wait(
          world.kind
            .acquire(fails === 0, { signal: abortable || above !== undefined ? controller.signal : undefined, parent: above })
            .then((handle) => world.keep(handle)),
        );
      }),
    ),
  fc.record({ count: fc.integer({ min: 1, max: CAPACITY }), fails: fc.nat({ max: 8 }), abortable: fc.boolean() }).map(({ count, fails, abortable }) =>
    command(`acquireAll(${count}, ${fails})`, (world, asked) => {
      asked.acquires++;
      const controller = new AbortController();
      if (abortable) world.controllers.push(controller);
      const requests = Array.from({ length: count }, (_, index) => index === fails);
      world.wait(
        world.kind
          .acquireAll(requests, { signal: abortable ? controller.signal : undefined })
          .then((all: AsyncHandles<AsyncHandle<number>>) => all.forEach((handle) => world.keep(handle))),
      );
    }),
  ),
  pick.map((at) =>
    command(`abort(${at})`, ({ controllers }) => {
      const [controller] = controllers.splice(at % (controllers.length + 1), 1);
      controller?.abort(new Error('aborted'));
    }),
  ),
  pick.map((at) =>
    command(`dispose(${at})`, (world) => {
      const handle = world.pick(at);
      if (handle !== undefined) world.wait(handle.disposeAsync());
    }),
  ),
  pick.map((at) =>
    command(`use(${at})`, (world) => {
      const handle = world.pick(at);
      if (handle?.state === 'open') world.wait(handle.use((raw) => world.platform.operate(raw, world.later(undefined, 'operation'))));
    }),
  ),
  pick.map((at) =>
    command(`move(${at})`, (world) => {
      const handle = world.pick(at);
      if (handle?.state === 'open') world.handles.push(handle.move());
    }),
  ),
  pick.map((at) =>
    command(`share(${at})`, (world) => {
      const handle = world.pick(at);
      if (handle?.state === 'open') world.handles.push(handle.share());
    }),
  ),
];

it.each(['count', 'trace'] as const)(
  'loses nothing, releases nothing twice or in use, and settles every promise, in whatever order things end (level %s)',
  { timeout: 120_000 },
  async (level) => {
    leaks.configure({ level, warn: false });
    const events: LeakEvent[] = [];
    using _subscription = leaks.subscribe((event) => event.event !== 'use-after-dispose' && events.push(event));
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.commands(arbitraries, { maxCommands: 40, size: 'max' }), async (scheduler, program) => {
        const world = new World(scheduler);
        await fc.scheduledModelRun(scheduler, () => ({ model: { acquires: 0 }, real: world }), program);
        world.ending = true;
        for (const controller of world.children) controller.abort(new Error('the end'));
        for (const handle of world.handles) world.wait(handle.disposeAsync());
        while (world.pending.length > 0) await scheduler.waitFor(world.pending.pop() as Promise<unknown>);
        await scheduler.waitIdle();
        await turn();
        expect(world.problems).toEqual([]);
        expect([world.platform.open.size, world.budget.stats()]).toMatchObject([0, { used: 0, waiting: 0 }]);
        expect(new Set(world.platform.released).size).toBe(world.platform.released.length);
        expect(events).toEqual([]);
      }),
      { numRuns: 500 },
    );
  },
);
