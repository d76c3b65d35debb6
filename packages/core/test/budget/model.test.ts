// Promises 5 and 6 in every combination that chance finds: the library and a model of it do the same, step by step.
import fc from 'fast-check';
import { afterEach, beforeEach, describe, test, vi } from 'vitest';
import { leaks } from '@handback/core';
import { commandsOf, end, forests, plant, Real, windUp } from './commands.ts';
import { Model } from './model.ts';
import { withoutCollections } from './support.ts';

// `RUNS=20000 npx vitest run …/model.test.ts` looks for longer.
const runs = Number(process.env['RUNS'] ?? 400);

withoutCollections();
leaks.configure({ level: 'count', warn: false });

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a forest of budgets does what its model does', () => {
  test('one step after the other', { timeout: 600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(forests, commandsOf({ maxCommands: 60, size: '+1' }), async (forest, commands) => {
        const [model, real] = [new Model(), new Real()];
        plant(forest, model, real);
        try {
          await fc.asyncModelRun(() => ({ model, real }), commands);
          await windUp(model, real);
        } finally {
          await end(real);
        }
      }),
      { numRuns: runs },
    );
  });

  test('in any interleaving of what is done later', { timeout: 600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(forests, commandsOf({ maxCommands: 60, size: '+1' }), fc.scheduler(), async (forest, commands, scheduler) => {
        const steps: Promise<void>[] = [];
        const [model, real] = [new Model(), new Real((step) => steps.push(scheduler.schedule(Promise.resolve()).then(step)))];
        plant(forest, model, real);
        try {
          await fc.scheduledModelRun(scheduler, () => ({ model, real }), commands);
          await scheduler.waitIdle();
          await Promise.all(steps);
          await windUp(model, real);
        } finally {
          await Promise.allSettled(steps);
          await end(real);
        }
      }),
      { numRuns: runs },
    );
  });
});
