// Promises 5 and 6 in every combination that chance finds: the library and a model of it do the same, step by step.
import fc from 'fast-check';
import { afterEach, beforeEach, describe, test, vi } from 'vitest';
import { leaks } from '@handback/core';
import { commandsOf, compare, forests, plant, Real, windUp } from './commands.ts';
import { Model } from './model.ts';

// Nothing is forgotten here, and collections would take most of the time.
(globalThis as { gc?: () => void }).gc = () => {};
leaks.configure({ level: 'count', warn: false });

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a forest of budgets does what its model does', () => {
  test('one step after the other', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(forests, commandsOf({ maxCommands: 60, size: '+1' }), async (forest, commands) => {
        const [model, real] = [new Model(), new Real()];
        plant(forest, model, real);
        await fc.asyncModelRun(() => ({ model, real }), commands);
        await windUp(model, real);
      }),
      { numRuns: 400 },
    );
  });

  test('in any interleaving of what is done later', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(forests, commandsOf({ maxCommands: 60, size: '+1' }), fc.scheduler(), async (forest, commands, scheduler) => {
        const failures: Promise<void>[] = [];
        const model = new Model();
        const real = new Real((step) => failures.push(scheduler.schedule(Promise.resolve()).then(step)));
        plant(forest, model, real);
        await fc.scheduledModelRun(scheduler, () => ({ model, real }), commands);
        await scheduler.waitAll();
        await Promise.all(failures);
        await compare(model, real);
        await windUp(model, real);
      }),
      { numRuns: 400 },
    );
  });
});
