// The platform has run out although the budget has not: others take from it too. What can be won back is, and the opening is tried
// again; else the error carries the budget's numbers, and the platform's error as its cause.
import { Budget, BudgetExceededError, defineResource } from '@handback/core';
import { afterEach, expect, it, vi } from 'vitest';
import { Platform, rejectionOf, thrownBy, turn } from './platform.ts';

afterEach(() => void vi.useRealTimers());

const emfile = Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' });
const isExhausted = (error: unknown): boolean => error === emfile;

/** A platform with fewer raws than its budget believes. */
function crowded(limit: number) {
  const platform = new Platform();
  const budget = new Budget({ name: 'descriptors', capacity: 100, unit: 'descriptor' });
  let tries = 0;
  const open = (): number => {
    tries++;
    if (platform.open.size >= limit) throw emfile;
    return platform.openRaw();
  };
  const kind = defineResource({
    kind: 'file',
    openSync: open,
    open: async () => open(),
    release: platform.release,
    isExhausted,
    cost: () => ({ budget, amount: 1 }),
  });
  return { platform, budget, kind, tries: () => tries };
}

it('finds what was forgotten and tries again, within the call', async () => {
  const { platform, kind } = crowded(3);
  const forget = (): void => void kind.acquireSync();
  for (let index = 0; index < 3; index++) forget();
  await turn();
  using file = kind.acquireSync();
  expect([file.value, platform.released.length > 0]).toEqual([104, true]);
});

it('finds what was forgotten and tries again, asynchronously', async () => {
  const { platform, kind } = crowded(3);
  const forget = async (): Promise<void> => void (await kind.acquire());
  for (let index = 0; index < 3; index++) await forget();
  using file = await kind.acquire();
  expect([file.value, platform.released.length > 0]).toEqual([104, true]);
});

it('evicts what is idle in its budget, though that has room', async () => {
  const { platform, budget, kind } = crowded(2);
  const idle = [platform.openRaw(), platform.openRaw()];
  using _registration = budget.addReclaimer({
    name: 'pool',
    reclaimable: () => idle.length,
    reclaim: () => {
      platform.release(idle.pop() as number);
      return 1;
    },
  });
  using first = kind.acquireSync();
  using second = await kind.acquire();
  expect([first.value, second.value, platform.released]).toEqual([103, 104, [102, 101]]);
});

it('waits for what is released meanwhile', async () => {
  const { kind, platform } = crowded(1);
  const holder = kind.acquireSync();
  const opening = kind.acquire();
  await turn();
  holder.dispose();
  using file = await opening;
  expect([file.value, platform.released]).toEqual([102, [101]]);
});

it('gives up with BudgetExceededError: the numbers, the holders, and the error of the platform as its cause', async () => {
  const { kind, budget, tries } = crowded(1);
  using holder = kind.acquireSync(undefined, { label: 'held on purpose' });
  const before = tries();
  const error = thrownBy(() => kind.acquireSync()) as BudgetExceededError;
  expect(tries() - before).toBe(3);
  expect(error).toBeInstanceOf(BudgetExceededError);
  expect(error).toMatchObject({
    cause: emfile,
    budget: 'descriptors',
    capacity: 100,
    used: 2,
    requested: 1,
    kind: 'file',
    holders: [{ kind: 'file', label: 'held on purpose', count: 1 }],
  });
  expect(error.message).toMatch(/^No room for a file: budget 'descriptors' is not full, but the platform is \(EMFILE\), and nothing could be won back\./);
  const later = (await rejectionOf(kind.acquire())) as BudgetExceededError;
  expect(later).toMatchObject({ cause: emfile, budget: 'descriptors' });
  expect([holder.value, budget.stats().used]).toEqual([101, 1]);
});

it('stops trying when its signal fires or its time is over', async () => {
  const { kind, budget } = crowded(0);
  const controller = new AbortController();
  const gone = new Error('gone');
  const aborted = rejectionOf(kind.acquire(undefined, { signal: controller.signal }));
  await turn();
  controller.abort(gone);
  expect(await aborted).toBe(gone);
  expect(await rejectionOf(kind.acquire(undefined, { timeout: 1 }))).toMatchObject({ cause: emfile });
  expect(budget.stats().used).toBe(0);
});

it('passes on any other error at once, and the error itself where no budget is asked', async () => {
  const { kind } = crowded(0);
  const other = defineResource({
    kind: 'x',
    openSync: (): number => {
      throw new Error('ENOENT');
    },
    release: () => {},
    isExhausted,
  });
  expect(thrownBy(() => other.acquireSync())).toMatchObject({ message: 'ENOENT' });
  const free = defineResource({
    kind: 'x',
    openSync: (): number => {
      throw emfile;
    },
    release: () => {},
    isExhausted,
  });
  expect(thrownBy(() => free.acquireSync())).toBe(emfile);
  expect(await rejectionOf(free.acquire())).toBe(emfile);
  expect(kind.kind).toBe('file');
});
