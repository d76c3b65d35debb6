/** A dispose that waits for ever is told after ten seconds, with what it waits for; it is never resolved falsely. */
import { defineAsyncResource, defineResource, leaks, type LeakEvent } from '@handback/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

const numbers = defineResource({ kind: 'number', openSync: (raw: number) => raw, release: () => {} });

describe('a dispose that does not end', () => {
  const told: LeakEvent[] = [];
  let subscription: Disposable;
  let warnings: string[];

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    told.length = 0;
    warnings = [];
    subscription = leaks.subscribe((event) => void told.push(event));
    vi.spyOn(process, 'emitWarning').mockImplementation((message, options) => {
      warnings.push(`${String(message)}\n${(options as { detail?: string } | undefined)?.detail ?? ''}`);
    });
  });
  afterEach(async () => {
    // The watch looks once more, and stops.
    await vi.advanceTimersByTimeAsync(1_000);
    subscription[Symbol.dispose]();
    vi.restoreAllMocks();
    vi.useRealTimers();
    leaks.configure({ level: 'trace' });
  });

  test('awaited inside a use of the same handle: told with the use and the line', async () => {
    leaks.configure({ level: 'trace' });
    const handle = numbers.own(1, { label: 'one' });
    let settled = false;
    let leave = (): void => {};
    const used = handle.use(
      () =>
        new Promise<void>((resolve) => {
          leave = resolve;
          void handle.disposeAsync().then(() => (settled = true));
        }),
    );
    await vi.advanceTimersByTimeAsync(9_000);
    expect(told).toEqual([]);
    await vi.advanceTimersByTimeAsync(1_100);
    expect(told.map(({ event, kind, label }) => ({ event, kind, label }))).toEqual([{ event: 'dispose-timeout', kind: 'number', label: 'one' }]);
    expect(warnings[0]).toMatch(
      /^The dispose of number 'one' has not ended after 10 s\n {2}waits for 1 use of it in flight\n {2}acquired .*dispose-that-does-not-end/,
    );
    expect(settled).toBe(false);
    // Once.
    await vi.advanceTimersByTimeAsync(60_000);
    expect(told).toHaveLength(1);
    leave();
    await used;
    await vi.advanceTimersByTimeAsync(0);
    expect(settled).toBe(true);
  });

  test('a parent that waits for a child nobody disposes: told with the child', async () => {
    leaks.configure({ level: 'trace' });
    const parent = numbers.own(1);
    const child = numbers.own(2, { parent });
    const ended = parent.disposeAsync();
    await vi.advanceTimersByTimeAsync(10_100);
    expect(warnings[0]).toContain('waits for 1 resource acquired under it');
    child.dispose();
    await ended;
    await vi.advanceTimersByTimeAsync(2_000);
    // Nothing is left to watch, so nothing keeps the process alive.
    expect(vi.getTimerCount()).toBe(0);
  });

  test('a release that hangs: told as such', async () => {
    leaks.configure({ level: 'trace' });
    let release = (): void => {};
    const slow = defineAsyncResource({ kind: 'slow', openSync: (raw: number) => raw, release: () => new Promise<void>((resolve) => (release = resolve)) });
    const ended = slow.own(1).disposeAsync();
    await vi.advanceTimersByTimeAsync(10_100);
    expect(warnings[0]).toContain('waits for its release, which has not settled');
    release();
    await ended;
  });

  test('one that ends in time is not told', async () => {
    leaks.configure({ level: 'trace' });
    const parent = numbers.own(1);
    const child = numbers.own(2, { parent });
    const ended = parent.disposeAsync();
    await vi.advanceTimersByTimeAsync(9_000);
    child.dispose();
    await ended;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(told).toEqual([]);
  });

  test('below level trace nothing is watched: no timer of ours holds the process', async () => {
    leaks.configure({ level: 'count' });
    const parent = numbers.own(1);
    const child = numbers.own(2, { parent });
    const ended = parent.disposeAsync();
    expect(vi.getTimerCount()).toBe(0);
    child.dispose();
    await ended;
  });
});
