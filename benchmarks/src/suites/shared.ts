/** What a budget that all threads share costs: within a chunk beside a budget of one thread, and where threads contend for it. */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { Budget, SharedBudget } from '@handback/core';
import type { Job, Suite } from '../suite.ts';

const OPERATIONS = 1_000_000;
const place: { held: unknown } = { held: undefined };

const tryAndRelease = (budget: Budget) => () => {
  for (let index = 0; index < OPERATIONS; index++) {
    const permit = budget.tryAcquire(1) as NonNullable<ReturnType<Budget['tryAcquire']>>;
    place.held = permit;
    permit[Symbol.dispose]();
  }
};

export const chunks: Suite = {
  name: 'shared budgets: tryAcquire + release within a chunk',
  unit: 'permit',
  operations: OPERATIONS,
  variants: [
    { name: 'Budget', make: () => tryAndRelease(new Budget({ name: 'bench', capacity: 1_000 })) },
    { name: 'SharedBudget, one thread', make: () => tryAndRelease(new SharedBudget({ name: 'bench', capacity: 1_000 })) },
    {
      name: 'SharedBudget, another thread asleep on it',
      make: async () => {
        const budget = new SharedBudget({ name: 'bench', capacity: 1_000 });
        await startHolder();
        return tryAndRelease(budget);
      },
    },
  ],
  targets: [
    { variant: 'SharedBudget, one thread', most: 1.5 },
    { variant: 'SharedBudget, another thread asleep on it', most: 1.5 },
  ],
};

const TURNS = 10_000;

/** Ten tasks that take turns on some permits. */
async function takeTurns(budget: Budget, turns: number): Promise<void> {
  let left = turns;
  const tasks = Array.from({ length: 10 }, async () => {
    while (left-- > 0) {
      const permit = await budget.acquire();
      await Promise.resolve();
      permit.dispose();
    }
  });
  await Promise.all(tasks);
}

/** This thread takes half of the turns while another takes the other half. */
const contended = (capacity: number) => async (): Promise<Job> => {
  const budget = new SharedBudget({ name: `contended ${capacity}`, capacity });
  const other = startWorker({ name: budget.name, capacity });
  await said(other);
  return async () => {
    const done = said(other);
    other.postMessage('go', []);
    await Promise.all([takeTurns(budget, TURNS / 2), done]);
  };
};

export const contention: Suite = {
  name: 'shared budgets: 10 tasks a thread take turns',
  unit: 'turn',
  operations: TURNS,
  variants: [
    {
      name: 'Budget of 10, one thread',
      make: () => {
        const budget = new Budget({ name: 'bench', capacity: 10 });
        return () => takeTurns(budget, TURNS);
      },
    },
    {
      name: 'SharedBudget of 10, one thread',
      make: () => {
        const budget = new SharedBudget({ name: 'bench', capacity: 10 });
        return () => takeTurns(budget, TURNS);
      },
    },
    { name: 'SharedBudget of 10, two threads', make: contended(10) },
    { name: 'SharedBudget of 1, two threads', make: contended(1) },
  ],
};

interface Role {
  readonly name: string;
  readonly capacity: number;
}

function startWorker(role: Role): Worker {
  const worker = new Worker(new URL(import.meta.url), { workerData: role });
  worker.unref();
  return worker;
}

async function startHolder(): Promise<void> {
  await said(startWorker({ name: 'bench', capacity: 1_000 }));
}

function said(worker: Worker): Promise<unknown> {
  worker.ref();
  return new Promise((resolve) => {
    worker.once('message', (message) => {
      worker.unref();
      resolve(message);
    });
  });
}

/** In a worker: takes its turns whenever it is told to. */
function serve({ name, capacity }: Role): void {
  const budget = new SharedBudget({ name, capacity });
  place.held = budget.tryAcquire();
  if (capacity < 1_000) (place.held as Disposable)[Symbol.dispose]();
  parentPort?.on('message', () => {
    void takeTurns(budget, TURNS / 2).then(() => parentPort?.postMessage('done', []));
  });
  parentPort?.postMessage('ready', []);
}

if (!isMainThread) serve(workerData as Role);
