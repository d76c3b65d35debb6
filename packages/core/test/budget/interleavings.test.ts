// Promises 5 and 6 for programs: tasks that acquire, work, and give back, in every order that a scheduler finds; and code that runs
// where one would least like it, in reclaimers and listeners.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { leaks, type Budget, type Permit } from '@handback/core';
import { budgetOf, pass, settled, useFakeClock, withoutCollections } from './support.ts';

useFakeClock();
withoutCollections();
leaks.configure({ level: 'count' });

interface Task {
  readonly amount: number;
  readonly priority: number;
  /** How it ends: it works and gives back, fails while it works, or is aborted at some time. */
  readonly end: 'done' | 'fails' | 'aborted';
}

const tasks = fc.array(
  fc.record({
    amount: fc.integer({ min: 1, max: 5 }),
    priority: fc.constantFrom(0, 0, 0, 1, -1),
    end: fc.constantFrom<Task['end']>('done', 'done', 'fails', 'aborted'),
  }),
  { minLength: 1, maxLength: 12 },
);

describe('tasks in any interleaving', () => {
  test('never take more than there is, all come to their end, and everything is given back', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(tasks, fc.integer({ min: 5, max: 8 }), fc.scheduler(), async (program, capacity, scheduler) => {
        const budget = budgetOf(capacity);
        const ended = new Set<number>();
        const run = async ({ amount, priority, end }: Task, index: number): Promise<void> => {
          const controller = new AbortController();
          await scheduler.schedule(Promise.resolve(), `start ${index}`);
          if (end === 'aborted') void scheduler.schedule(Promise.resolve(), `abort ${index}`).then(() => controller.abort());
          try {
            using permit = await budget.acquire(amount, { priority, signal: controller.signal });
            expect(budget.stats().used).toBeLessThanOrEqual(capacity);
            await scheduler.schedule(Promise.resolve(), `work ${index}`);
            if (end === 'fails') throw new Error('failed');
            expect(permit.amount).toBe(amount);
          } catch (error) {
            if (end === 'done') throw error;
          } finally {
            ended.add(index);
          }
        };
        const runs = program.map(run);
        await scheduler.waitFor(Promise.all(runs));
        await settled();
        expect(ended.size).toBe(program.length);
        expect(budget.stats()).toMatchObject({ used: 0, waiting: 0 });
        expect(budget.tryAcquire(capacity)?.amount).toBe(capacity);
      }),
      { numRuns: 500 },
    );
  });

  test('are served in the order in which they asked, where none is more urgent', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 2, maxLength: 12 }), fc.scheduler(), async (amounts, scheduler) => {
        const budget = budgetOf(4);
        const [asked, served]: [number[], number[]] = [[], []];
        const run = async (amount: number, index: number): Promise<void> => {
          await scheduler.schedule(Promise.resolve(), `ask ${index}`);
          asked.push(index);
          using _ = await budget.acquire(amount);
          served.push(index);
          await scheduler.schedule(Promise.resolve(), `work ${index}`);
        };
        await scheduler.waitFor(Promise.all(amounts.map(run)));
        expect(served).toEqual(asked);
      }),
      { numRuns: 500 },
    );
  });
});

type Deed =
  | 'dispose a permit'
  | 'settle a permit'
  | 'split a permit'
  | 'try'
  | 'acquire'
  | 'acquireSync'
  | 'reserve'
  | 'shrink'
  | 'grow'
  | 'abort'
  | 'close the child'
  | 'add a reclaimer'
  | 'throw';

const deeds = fc.array(
  fc.constantFrom<Deed>(
    'dispose a permit',
    'settle a permit',
    'split a permit',
    'try',
    'acquire',
    'acquireSync',
    'reserve',
    'shrink',
    'grow',
    'abort',
    'close the child',
    'add a reclaimer',
    'throw',
  ),
  { maxLength: 4 },
);

describe('code that runs in reclaimers and listeners', () => {
  test('may do anything: what is counted is what is held, and nobody is forgotten in line', { timeout: 60_000 }, async () => {
    using warned = silence();
    await fc.assert(
      fc.asyncProperty(
        fc.array(deeds, { minLength: 1, maxLength: 8 }),
        fc.array(fc.constantFrom<Deed>('acquire', 'acquireSync', 'dispose a permit', 'abort', 'grow', 'shrink', 'try'), { minLength: 1, maxLength: 12 }),
        async (scripts, main) => {
          const root = budgetOf(3);
          const world = new World(root, root.child({ name: 'child', capacity: 2 }), scripts);
          for (const deed of main) {
            world.act(deed);
            await settled();
            world.check();
          }
          await pass(600);
          world.check();
          await world.end();
        },
      ),
      { numRuns: 500 },
    );
    expect(warned.count).toBeGreaterThan(0);
  });
});

/** Two budgets, a reclaimer and a signal; each time that code of ours is called back, the next script runs. */
class World {
  readonly held: Permit[] = [];
  readonly root: Budget;
  readonly child: Budget;
  readonly scripts: Deed[][];
  waiting = 0;
  inReclaimer = false;
  controller: AbortController = new AbortController();

  constructor(root: Budget, child: Budget, scripts: readonly Deed[][]) {
    this.root = root;
    this.child = child;
    this.scripts = [...scripts];
    this.act('add a reclaimer');
  }

  calledBack(): number {
    const before = this.root.stats().used;
    for (const deed of this.scripts.shift() ?? []) this.act(deed);
    return before - this.root.stats().used;
  }

  /** What a reclaimer throws is told of; what a listener throws ends the process, as it should. */
  reclaim(): number {
    this.inReclaimer = true;
    try {
      return this.calledBack();
    } finally {
      this.inReclaimer = false;
    }
  }

  listen(): void {
    const outer = this.inReclaimer;
    this.inReclaimer = false;
    this.calledBack();
    this.inReclaimer = outer;
  }

  act(deed: Deed): void {
    const { root, child, held } = this;
    const budget = (held.length + this.scripts.length) % 2 === 0 ? root : child;
    const first = held[0];
    switch (deed) {
      case 'dispose a permit':
        held.shift()?.dispose();
        break;
      case 'settle a permit':
        first?.settle(first.amount === 1 ? 2 : 1);
        break;
      case 'split a permit':
        if (first !== undefined && first.amount > 1) held.push(first.split(1));
        break;
      case 'try':
        this.keep(() => budget.tryAcquire());
        break;
      case 'acquireSync':
        this.keep(() => budget.acquireSync());
        break;
      case 'reserve':
        this.keep(() => budget.reserve(1));
        break;
      case 'acquire':
        this.wait(budget);
        break;
      case 'shrink':
        root.resize(Math.max(1, root.stats().capacity - 1));
        break;
      case 'grow':
        root.resize(root.stats().capacity + 1);
        break;
      case 'abort':
        this.controller.abort();
        this.controller = new AbortController();
        break;
      case 'close the child':
        child.dispose();
        break;
      case 'add a reclaimer':
        budget.addReclaimer({ name: 'script', reclaimable: () => (this.scripts.length > 0 ? 5 : 0), reclaim: () => this.reclaim() });
        break;
      case 'throw':
        if (this.inReclaimer) throw new Error('of a script');
    }
  }

  keep(take: () => Permit | undefined): void {
    try {
      const permit = take();
      if (permit !== undefined) this.held.push(permit);
    } catch (error) {
      expect((error as { code: string }).code).toMatch(/^ERR_(BUDGET_EXCEEDED|CLOSED)$/);
    }
  }

  wait(budget: Budget): void {
    this.waiting++;
    this.controller.signal.addEventListener('abort', () => this.listen());
    budget.acquire(1, { signal: this.controller.signal, timeout: Number.POSITIVE_INFINITY }).then(
      (permit) => {
        this.waiting--;
        this.held.push(permit);
      },
      () => this.waiting--,
    );
  }

  check(): void {
    const [root, child] = [this.root.stats(), this.child.stats()];
    expect(root.used).toBe(this.held.reduce((sum, { amount }) => sum + amount, 0));
    expect(root.waiting + child.waiting).toBe(this.waiting);
    expect(child.used).toBeLessThanOrEqual(root.used);
    // All ask for one: whoever waits, waits because there is no room.
    if (root.waiting > 0) expect(root.available).toBeLessThanOrEqual(0);
    if (child.waiting > 0) expect(Math.min(root.available, child.available)).toBeLessThanOrEqual(0);
  }

  async end(): Promise<void> {
    while (this.held.length > 0 || this.waiting > 0) {
      this.scripts.length = 0;
      this.root.resize(Math.max(1, this.root.stats().capacity));
      while (this.held.length > 0) this.held.pop()?.dispose();
      await settled();
    }
    expect([this.root.stats().used, this.child.stats().used]).toEqual([0, 0]);
    this.root.dispose();
    await pass(2_000);
  }
}

/** Scripts throw, which is told as a warning each time. */
function silence(): { count: number } & Disposable {
  const { emitWarning } = process;
  const counter = { count: 0, [Symbol.dispose]: () => void (process.emitWarning = emitWarning) };
  process.emitWarning = () => void counter.count++;
  return counter;
}
