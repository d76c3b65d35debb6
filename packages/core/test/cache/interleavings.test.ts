// Caches under schedulers: openings, releases and operations end in any order that fast-check can think of, between any two commands.
// What must never happen is known to the platform; what must have happened in the end is looked at when everything has ended.
import { AsyncHandle, Budget, defineAsyncResource, leaks, ResourceCache, type LeakEvent, type Permit } from '@handback/core';
import fc from 'fast-check';
import { afterEach, expect, it } from 'vitest';
import { turn } from '../handle/platform.ts';
import { Library } from './library.ts';

const CAPACITY = 4;
const MAX = 3;
afterEach(() => leaks.configure({ level: 'trace', warn: true }));

class World {
  readonly library = new Library();
  readonly budget = new Budget({ name: 'four', capacity: CAPACITY });
  readonly handles: AsyncHandle<number>[] = [];
  readonly permits: Permit[] = [];
  readonly pending: Promise<unknown>[] = [];
  readonly controllers: AbortController[] = [];
  readonly problems: string[] = [];
  /** Openings in flight, and how often the key was evicted: what was evicted may be opened yet, beside the next one. */
  readonly opening = new Map<string, number>();
  readonly evicted = new Map<string, number>();
  /** In the end, what is still acquired is disposed as soon as it comes: others wait for it. */
  ending = false;
  releaseFails = false;
  failures = 0;
  open = 0;
  readonly later: <R>(value: R, label: string) => Promise<R>;
  readonly kind;
  readonly cache: ResourceCache<AsyncHandle<number>, string>;

  constructor(scheduler: fc.Scheduler, idleTimeout: number | undefined) {
    this.later = (value, label) => scheduler.schedule(Promise.resolve(value), label);
    const { library, later, problems, budget, opening, evicted } = this;
    this.kind = defineAsyncResource({
      kind: 'connection',
      open: async (key: string, { signal }) => {
        const others = opening.get(key) ?? 0;
        if (others > (evicted.get(key) ?? 0)) problems.push(`'${key}' is opened twice at a time`);
        opening.set(key, others + 1);
        if (++this.open > MAX) problems.push(`${this.open} open under a max of ${MAX}`);
        try {
          await later(undefined, 'open');
          // Some openers give up when told to, some do not.
          if (key === 'heeds' && signal?.aborted === true) throw signal.reason;
          return library.openBook(key);
        } catch (error) {
          this.open--;
          throw error;
        } finally {
          opening.set(key, (opening.get(key) ?? 0) - 1);
        }
      },
      release: async (raw: number) => {
        if ((library.busy.get(raw) ?? 0) > 0) problems.push(`raw ${raw} is released in use`);
        const fails = this.releaseFails;
        await later(undefined, 'release');
        try {
          library.release(raw);
        } catch (error) {
          problems.push(String(error));
        }
        this.open--;
        if (!fails) return;
        this.failures++;
        throw new Error('release failed');
      },
      cost: () => ({ budget, amount: 1 }),
    });
    this.cache = new ResourceCache(this.kind, { key: (name: string) => name, max: MAX, idleTimeout });
  }

  /** Notes what will settle; what acquiring rejects with is the caller's business, and these callers have none. */
  wait(promise: Promise<unknown>): void {
    this.pending.push(promise.catch(() => {}));
  }

  keep(handle: AsyncHandle<number>): void {
    if (handle.state !== 'open' || !this.library.open.has(handle.value)) this.problems.push('was handed out closed');
    if (this.ending) this.wait(handle.disposeAsync());
    else this.handles.push(handle);
  }

  pick(at: number): AsyncHandle<number> | undefined {
    return this.handles.length === 0 ? undefined : this.handles[at % this.handles.length];
  }

  evict(key: string): void {
    this.evicted.set(key, (this.evicted.get(key) ?? 0) + 1);
    this.cache.evict(key);
  }

  look(): void {
    for (const { state, value } of this.handles.filter(({ state }) => state === 'open')) {
      if (state === 'open' && !this.library.open.has(value)) this.problems.push(`raw ${value} was released while it has users`);
    }
  }
}

type Command = fc.AsyncCommand<object, World>;
const command = (name: string, run: (world: World) => void): Command => ({
  check: () => true,
  run: async (_model, world) => {
    run(world);
    world.look();
  },
  toString: () => name,
});

const at = fc.nat({ max: 100 });
const key = fc.constantFrom('a', 'b', 'c', 'heeds', 'missing');
const onHandle = (name: string, run: (world: World, handle: AsyncHandle<number>) => void): fc.Arbitrary<Command> =>
  at.map((n) =>
    command(`${name}(${n})`, (world) => {
      const handle = world.pick(n);
      if (handle?.state === 'open') run(world, handle);
    }),
  );

const arbitraries = [
  ...[1, 2].map(() =>
    fc.record({ name: key, abortable: fc.boolean() }).map(({ name, abortable }) =>
      command(`acquire(${name}, ${abortable})`, (world) => {
        const controller = new AbortController();
        if (abortable) world.controllers.push(controller);
        world.wait(world.cache.acquire(name, { signal: abortable ? controller.signal : undefined }).then((handle) => world.keep(handle)));
      }),
    ),
  ),
  at.map((n) =>
    command(`abort(${n})`, ({ controllers }) => {
      const [controller] = controllers.splice(n % (controllers.length + 1), 1);
      controller?.abort(new Error('aborted'));
    }),
  ),
  onHandle('dispose', (world, handle) => world.wait(handle.disposeAsync())),
  onHandle('use', (world, handle) => world.wait(handle.use((raw) => world.library.operate(raw, world.later(undefined, 'operation'))))),
  onHandle('move', (world, handle) => void world.handles.push(handle.move())),
  onHandle('share', (world, handle) => void world.handles.push(handle.share())),
  key.map((name) => command(`evict(${name})`, (world) => world.evict(name))),
  fc.boolean().map((fails) => command(`releases ${fails ? 'fail' : 'succeed'}`, (world) => void (world.releaseFails = fails))),
  fc.integer({ min: 1, max: CAPACITY }).map((amount) =>
    command(`permit(${amount})`, (world) => {
      const controller = new AbortController();
      world.controllers.push(controller);
      world.wait(
        world.budget.acquire(amount, { signal: controller.signal }).then((permit) => (world.ending ? permit.dispose() : void world.permits.push(permit))),
      );
    }),
  ),
  fc.constant(command('give a permit back', (world) => world.permits.pop()?.dispose())),
  at.filter((n) => n < 3).map(() => command('dispose the cache', (world) => world.wait(world.cache.disposeAsync()))),
];

it.each<['count' | 'trace', number | undefined]>([
  ['count', undefined],
  ['trace', undefined],
  ['trace', 0],
])(
  'loses nothing, opens no key twice at a time, releases nothing twice or in use, and settles every promise, in whatever order things end (level %s, idleTimeout %s)',
  { timeout: 120_000 },
  async (level, idleTimeout) => {
    leaks.configure({ level, warn: false });
    const events: LeakEvent[] = [];
    using _subscription = leaks.subscribe((event) => event.event === 'leak' && events.push(event));
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.commands(arbitraries, { maxCommands: 40, size: 'max' }), async (scheduler, program) => {
        const world = new World(scheduler, idleTimeout);
        await fc.scheduledModelRun(scheduler, () => ({ model: {}, real: world }), program);
        world.ending = true;
        world.releaseFails = false;
        for (const permit of world.permits) permit.dispose();
        for (const handle of world.handles) world.wait(handle.disposeAsync());
        world.wait(world.cache.disposeAsync());
        while (world.pending.length > 0) await scheduler.waitFor(world.pending.pop() as Promise<unknown>);
        await scheduler.waitIdle();
        await turn();
        expect(world.problems).toEqual([]);
        expect([world.library.open.size, world.open, world.budget.stats(), world.cache.stats()]).toMatchObject([
          0,
          0,
          { used: 0, waiting: 0 },
          { size: 0, idle: 0, opening: 0 },
        ]);
        expect(new Set(world.library.released).size).toBe(world.library.released.length);
        expect(events).toEqual([]);
      }),
      { numRuns: 800 },
    );
  },
);
