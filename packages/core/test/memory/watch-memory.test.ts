// The memory watch: resident memory has grown, so idle things go and garbage is collected.
import { readdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { collectGarbage, processBudget, watchMemory, type MemoryPressure, type WatchMemoryOptions } from '@handback/core';
import { useCopies } from '../budget/copies.ts';
import { forgetCollections, pass, useFakeClock } from '../budget/support.ts';

const { run } = useCopies();
const pool = processBudget({ name: 'watched things', capacity: () => 100 });

describe('on a machine that says what is resident', () => {
  useFakeClock();
  let resident = 1_000;
  let seen: MemoryPressure[] = [];
  let watch: Disposable | undefined;
  beforeEach(() => {
    resident = 1_000;
    seen = [];
    forgetCollections();
    // Without files there is only the host's own call.
    const { getBuiltinModule } = process;
    vi.spyOn(process, 'getBuiltinModule').mockImplementation(((name: string) => (name === 'node:fs' ? undefined : getBuiltinModule(name))) as never);
    vi.spyOn(process.memoryUsage, 'rss').mockImplementation(() => resident);
  });
  afterEach(() => {
    watch?.[Symbol.dispose]();
    vi.restoreAllMocks();
  });
  const start = (options: WatchMemoryOptions = {}): void => {
    watch = watchMemory({ onPressure: (pressure) => seen.push(pressure), ...options });
  };

  test('acts once it has grown by the factor, and not before', async () => {
    start();
    resident = 1_250;
    await pass(1_000);
    expect(seen).toEqual([]);
    resident = 1_251;
    await pass(110);
    expect(seen).toEqual([{ resident: 1_251, after: 1_251, trigger: 1_251 * 1.25 }]);
  });

  test('evicts what is idle in the budgets of the process, and collects what was forgotten', async () => {
    using idle = pool.acquireSync(3);
    using _registration = pool.addReclaimer({ name: 'idle', reclaimable: () => idle.amount, reclaim: (amount) => (idle.dispose(), amount) });
    ((): void => void pool.acquireSync(5))();
    start();
    resident = 2_000;
    await pass(200);
    expect(seen).toHaveLength(1);
    expect(pool.stats().used).toBe(0);
  });

  test('acts above a limit, whatever the growth, and then not all the time', async () => {
    start({ limit: 1_100, growth: 100 });
    resident = 1_101;
    await pass(1_000);
    expect(seen).toHaveLength(1);
    resident = 1_150;
    await pass(1_000);
    expect(seen).toHaveLength(1);
    resident = 1_101 * 1.06;
    await pass(1_000);
    expect(seen).toHaveLength(2);
  });

  test('follows down when memory was given back', async () => {
    start();
    resident = 800;
    await pass(100);
    resident = 1_001;
    await pass(110);
    expect(seen.map(({ resident: at }) => at)).toEqual([1_001]);
  });

  test('looks as often as it is told to', async () => {
    start({ interval: 10_000 });
    resident = 2_000;
    await pass(9_999);
    expect(seen).toEqual([]);
    await pass(10);
    expect(seen).toHaveLength(1);
  });

  test('an interval longer than a timer can be is no loop', async () => {
    using set = vi.spyOn(globalThis, 'setTimeout');
    start({ interval: Number.POSITIVE_INFINITY });
    expect(set.mock.calls.map(([, delay]) => delay)).toEqual([2 ** 31 - 1]);
  });

  test('does nothing more once it was disposed, twice or in the middle of its work', async () => {
    start({
      onPressure: () => {
        seen.push({} as MemoryPressure);
        watch?.[Symbol.dispose]();
        watch?.[Symbol.dispose]();
      },
    });
    for (resident = 2_000; resident < 10_000; resident *= 2) await pass(500);
    expect(seen).toHaveLength(1);
  });

  test('goes on after a listener has thrown, and says so', async () => {
    using warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    let calls = 0;
    start({
      onPressure: () => {
        calls++;
        throw new Error('broken');
      },
    });
    for (resident = 2_000; resident < 5_000; resident *= 2) await pass(500);
    expect(calls).toBe(2);
    expect(String(warned.mock.calls[0]?.[0])).toBe('The memory watch failed: Error: broken');
  });

  test('collects at most a sixth of the time', async () => {
    const { collection } = (globalThis as unknown as Record<symbol, { collection: { end: number; duration: number } }>)[Symbol.for('handback/1')] as {
      collection: { end: number; duration: number };
    };
    start();
    await pass(100);
    Object.assign(collection, { end: performance.now(), duration: 100 });
    resident = 2_000;
    await pass(500);
    expect(seen).toEqual([]);
    await pass(110);
    expect(seen).toHaveLength(1);
  });

  test('does nothing where the host does not tell', async () => {
    vi.mocked(process.memoryUsage.rss).mockImplementation(() => {
      throw new Error('EMFILE');
    });
    start();
    await pass(1_000);
    expect(seen).toEqual([]);
  });
});

describe('a watch', () => {
  const open = (): number => readdirSync('/proc/self/fd').length;

  test.skipIf(process.platform !== 'linux')('holds one descriptor, and gives it back', () => {
    const before = open();
    const watch = watchMemory();
    expect(open()).toBe(before + 1);
    watch[Symbol.dispose]();
    watch[Symbol.dispose]();
    expect(open()).toBe(before);
  });

  test('sees real memory grow, when no descriptor is left too, and does not keep the process alive', async () => {
    const { code, output, errors } = await run(
      `
      import { openSync } from 'node:fs';
      import { watchMemory } from '@handback/core';
      watchMemory({ interval: 10, onPressure: ({ resident, after }) => console.log(resident > 100 * 2 ** 20, after > 100 * 2 ** 20) || process.exit(0) });
      try { for (;;) openSync('/dev/null'); } catch (error) { console.log(error.code); }
      globalThis.grown = Buffer.alloc(200 * 2 ** 20, 1);
      setTimeout(() => console.log('never seen'), 5_000);
    `,
      { descriptors: 64 },
    );
    expect([code, output, errors]).toEqual([0, 'EMFILE\ntrue true\n', '']);
    const idle = await run("import { watchMemory } from '@handback/core'; watchMemory();");
    expect(idle.code).toBe(0);
  });
});

test('a collection leaves nothing of these tests behind', async () => {
  await collectGarbage();
  expect(pool.stats().used).toBe(0);
});
