// What the tests of deadlocks share: errors gathered while a clock that the test moves runs on.
import { leaks, type AcquireTimeoutError, type BudgetExceededError, type LeakLevel } from '@handback/core';
import { afterAll, afterEach, beforeEach } from 'vitest';
import { pass } from '../budget/support.ts';

type BudgetError = AcquireTimeoutError | BudgetExceededError;

/** Lines are recorded in each test, and so flows are followed; in this process a leak is no failure. */
export function atLevel(level: LeakLevel): void {
  const before = leaks.level;
  beforeEach(() => leaks.configure({ level }));
  afterEach(() => void (process.exitCode = undefined));
  afterAll(() => leaks.configure({ level: before }));
}

/** Runs flows to their ends, in `ms` of the clock, and answers how each failed; undefined for one that did not. */
export async function failures(flows: readonly Promise<unknown>[], ms = 1_000): Promise<(BudgetError | undefined)[]> {
  const ends = flows.map((flow) =>
    flow.then(
      () => undefined,
      (error: unknown) => error as BudgetError,
    ),
  );
  await pass(ms);
  return Promise.all(ends);
}

/** The lines of a message that tell of holders, without the folders of the files and with places as `:N`. */
export function told(error: { message: string } | undefined): string[] {
  const lines = error?.message.split('\n') ?? [];
  return lines.filter((line) => line.startsWith('  ')).map((line) => line.trim().replaceAll(/[\w./-]+\/([\w.-]+):\d+:\d+/g, '$1:N'));
}

/** Work of a flow. */
export function work(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
