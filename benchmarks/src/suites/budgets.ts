/** What a permit costs beside a counter written by hand, and what a line of waiters costs beside the peers. */
import { Budget } from '@handback/core';
import { Sema } from 'async-sema';
import { Semaphore } from 'es-toolkit';
import pLimit from 'p-limit';
import type { Suite } from '../suite.ts';

const OPERATIONS = 1_000_000;
const place: { held: unknown } = { held: undefined };

/** The floor: a counter, and a permit object that gives back once. */
class Counter {
  used = 0;
  readonly capacity: number;
  constructor(capacity: number) {
    this.capacity = capacity;
  }
  tryAcquire(amount: number): CounterPermit | undefined {
    if (this.used + amount > this.capacity) return undefined;
    this.used += amount;
    return new CounterPermit(this, amount);
  }
}

class CounterPermit {
  #counter: Counter | undefined;
  readonly amount: number;
  constructor(counter: Counter, amount: number) {
    this.#counter = counter;
    this.amount = amount;
  }
  [Symbol.dispose](): void {
    if (this.#counter === undefined) return;
    this.#counter.used -= this.amount;
    this.#counter = undefined;
  }
}

export const permits: Suite = {
  name: 'budgets: tryAcquire + release',
  unit: 'permit',
  operations: OPERATIONS,
  variants: [
    {
      name: 'counter by hand, with a permit object',
      make: () => {
        const counter = new Counter(10);
        return () => {
          for (let index = 0; index < OPERATIONS; index++) {
            const permit = counter.tryAcquire(1) as CounterPermit;
            place.held = permit;
            permit[Symbol.dispose]();
          }
        };
      },
    },
    {
      name: 'budget.tryAcquire()',
      make: () => {
        const budget = new Budget({ name: 'bench', capacity: 10 });
        return () => {
          for (let index = 0; index < OPERATIONS; index++) {
            const permit = budget.tryAcquire(1) as NonNullable<ReturnType<Budget['tryAcquire']>>;
            place.held = permit;
            permit[Symbol.dispose]();
          }
        };
      },
    },
    {
      name: 'child of a child: tryAcquire()',
      make: () => {
        const budget = new Budget({ name: 'root', capacity: 10 }).child({ name: 'child', capacity: 10 }).child({ name: 'grandchild', capacity: 10 });
        return () => {
          for (let index = 0; index < OPERATIONS; index++) {
            const permit = budget.tryAcquire(1) as NonNullable<ReturnType<Budget['tryAcquire']>>;
            place.held = permit;
            permit[Symbol.dispose]();
          }
        };
      },
    },
  ],
  targets: [{ variant: 'budget.tryAcquire()', most: 1.8 }],
};

const TASKS = 10_000;
const PERMITS = 10;
const task = (): Promise<void> => Promise.resolve();

/** The floor: a linked list of waiters, first in first out, with amounts; no deadlines, no signals, nothing found when forgotten. */
class HandList {
  #free = PERMITS;
  #head: HandWaiter | undefined = undefined;
  #tail: HandWaiter | undefined = undefined;

  acquire(amount: number): Promise<HandPermit> {
    if (this.#head === undefined && this.#free >= amount) {
      this.#free -= amount;
      return Promise.resolve(new HandPermit(this, amount));
    }
    return new Promise((resolve) => {
      const waiter = new HandWaiter(amount, resolve, this.#tail);
      if (this.#tail === undefined) this.#head = waiter;
      else this.#tail.after = waiter;
      this.#tail = waiter;
    });
  }

  release(amount: number): void {
    this.#free += amount;
    while (this.#head !== undefined && this.#head.amount <= this.#free) {
      const waiter: HandWaiter = this.#head;
      this.#head = waiter.after;
      if (this.#head === undefined) this.#tail = undefined;
      else this.#head.before = undefined;
      this.#free -= waiter.amount;
      waiter.resolve(new HandPermit(this, waiter.amount));
    }
  }
}

class HandWaiter {
  readonly amount: number;
  readonly resolve: (permit: HandPermit) => void;
  before: HandWaiter | undefined;
  after: HandWaiter | undefined = undefined;
  constructor(amount: number, resolve: (permit: HandPermit) => void, before: HandWaiter | undefined) {
    this.amount = amount;
    this.resolve = resolve;
    this.before = before;
  }
}

class HandPermit {
  #list: HandList | undefined;
  readonly amount: number;
  constructor(list: HandList, amount: number) {
    this.#list = list;
    this.amount = amount;
  }
  dispose(): void {
    const list = this.#list;
    this.#list = undefined;
    list?.release(this.amount);
  }
}

const all = (run: () => Promise<void>) => async (): Promise<void> => {
  const tasks: Promise<void>[] = [];
  for (let index = 0; index < TASKS; index++) tasks.push(run());
  await Promise.all(tasks);
};

export const queue: Suite = {
  name: 'budgets: 10,000 tasks queued on 10 permits',
  unit: 'task',
  operations: TASKS,
  variants: [
    {
      name: 'list by hand, no deadlines',
      make: () => {
        const list = new HandList();
        return all(async () => {
          const permit = await list.acquire(1);
          try {
            await task();
          } finally {
            permit.dispose();
          }
        });
      },
    },
    {
      name: 'Budget',
      make: () => {
        const budget = new Budget({ name: 'bench', capacity: PERMITS });
        return all(async () => {
          const permit = await budget.acquire(1);
          try {
            await task();
          } finally {
            permit.dispose();
          }
        });
      },
    },
    {
      name: 'es-toolkit Semaphore',
      make: () => {
        const semaphore = new Semaphore(PERMITS);
        return all(async () => {
          await semaphore.acquire();
          try {
            await task();
          } finally {
            semaphore.release();
          }
        });
      },
    },
    {
      name: 'async-sema',
      make: () => {
        const sema = new Sema(PERMITS);
        return all(async () => {
          await sema.acquire();
          try {
            await task();
          } finally {
            sema.release();
          }
        });
      },
    },
    {
      name: 'p-limit',
      make: () => {
        const limit = pLimit(PERMITS);
        return all(() => limit(task));
      },
    },
  ],
  targets: [
    { variant: 'Budget', most: 1.8 },
    { variant: 'Budget', against: 'p-limit', most: 1 },
    { variant: 'Budget', against: 'async-sema', most: 1 },
    { variant: 'Budget', against: 'es-toolkit Semaphore', most: 1.1 },
  ],
};
