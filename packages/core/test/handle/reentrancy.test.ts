// Code of the author's that comes back in at the worst moment: out of a release, an opener, a cost, a listener.
import { Budget, collectGarbageSync, defineAsyncResource, defineResource, DisposedError, type Handle } from '@handback/core';
import { expect, it } from 'vitest';
import { Platform, rejectionOf, thrownBy, turn, world } from './platform.ts';

/** A kind that does something else while it releases. */
function busy(during: (raw: number) => void, capacity = 10) {
  const platform = new Platform();
  const budget = new Budget({ name: 'busy', capacity });
  const kind = defineResource({
    kind: 'file',
    openSync: platform.openRaw,
    release: (raw) => {
      platform.release(raw);
      during(raw);
    },
    cost: () => ({ budget, amount: 1 }),
  });
  return { platform, budget, kind };
}

it('disposes itself in its own release: once', async () => {
  const files: Handle<number>[] = [];
  const { platform, budget, kind } = busy(() => {
    for (const file of files) {
      file.dispose();
      void file.disposeAsync();
    }
  });
  files.push(kind.acquireSync(), kind.own(200, {}));
  platform.open.add(200);
  files[0]?.dispose();
  expect([platform.released, budget.stats().used]).toEqual([[101, 200], 0]);
  await files[0]?.disposeAsync();
});

it('refuses every use in its own release, and throws what came of it', () => {
  const tries = ['value', 'use', 'move', 'share', 'detach'] as const;
  for (const name of tries) {
    let file: Handle<number> | undefined;
    const { budget, kind } = busy(() => void (name === 'value' ? file?.value : file?.[name](() => 0)));
    file = kind.acquireSync();
    expect([name, thrownBy(() => file.dispose())]).toEqual([name, expect.any(DisposedError)]);
    expect([file.state, budget.stats().used]).toEqual(['closed', 0]);
  }
});

it('acquires in a release what that release gives back: only when it is given back', async () => {
  const seen: unknown[] = [];
  const { budget, kind } = busy(() => {
    if (seen.length > 0) return;
    seen.push(thrownBy(() => kind.acquireSync()));
    seen.push(kind.acquire());
  }, 1);
  kind.acquireSync().dispose();
  expect(seen[0]).toMatchObject({ code: 'ERR_BUDGET_EXCEEDED' });
  const next = await (seen[1] as Promise<Handle<number>>);
  expect([next.value, budget.stats().used]).toEqual([102, 1]);
  next.dispose();
});

it('collects in a release, and in an operation, without closing what is in use', async () => {
  const { platform, kind } = busy(() => void collectGarbageSync());
  const forget = (): void => void kind.acquireSync();
  for (let index = 0; index < 5; index++) forget();
  const file = kind.acquireSync();
  await turn();
  const other = kind.acquireSync();
  file.use((raw) => {
    other.dispose();
    collectGarbageSync();
    platform.touch(raw);
  });
  file.dispose();
  expect(platform.open.size).toBe(0);
  expect(new Set(platform.released).size).toBe(7);
});

it('does not close under an operation whose handle nobody holds, in a collection within it', () => {
  const { platform, kind } = world();
  const seen = kind.acquireSync().use((raw) => {
    collectGarbageSync();
    collectGarbageSync();
    return platform.touch(raw);
  });
  expect(seen).toBe(101);
});

it('disposes the parent in the release of the child, and the child in that of the parent', () => {
  const all: Handle<number>[] = [];
  const { platform, kind } = busy(() => {
    for (const handle of all) handle.dispose();
  });
  const parent = kind.acquireSync();
  const child = kind.acquireSync(undefined, { parent });
  all.push(parent, child);
  child.dispose();
  expect([platform.released, parent.state, child.state]).toEqual([[102, 101], 'closed', 'closed']);
});

it('acquires under the parent whose child is being released', () => {
  let parent: Handle<number> | undefined;
  let late: Handle<number> | undefined;
  const { platform, kind } = busy((raw) => {
    if (raw === 102 && parent !== undefined) late = kind.acquireSync(undefined, { parent });
  });
  parent = kind.acquireSync();
  kind.acquireSync(undefined, { parent }).dispose();
  parent.dispose();
  expect([parent.state, platform.released]).toEqual(['closing', [102]]);
  late?.dispose();
  expect(platform.released).toEqual([102, 103, 101]);
});

it('disposes the parent while a child under it is opened within the call', () => {
  const { platform, kind: parents } = world();
  const parent = parents.acquireSync();
  const kind = defineResource({
    kind: 'child',
    openSync: () => {
      parent.dispose();
      return 1;
    },
    release: () => {},
  });
  const child = kind.acquireSync(undefined, { parent });
  expect([parent.state, child.state, platform.released]).toEqual(['closing', 'open', []]);
  child.dispose();
  expect(platform.released).toEqual([101]);
});

it('disposes the budget in a cost, an opener and a release, and gives all back', async () => {
  const budget = new Budget({ name: 'doomed', capacity: 2 });
  const kind = defineAsyncResource({
    kind: 'x',
    openSync: () => {
      budget.dispose();
      return 1;
    },
    release: () => budget.dispose(),
    cost: () => ({ budget, amount: 1 }),
  });
  await kind.acquireSync().disposeAsync();
  expect(budget.stats().used).toBe(0);
  expect(await rejectionOf(kind.acquire())).toMatchObject({ code: 'ERR_CLOSED' });
});

it('moves and shares within the operations of a handle that is disposed there', () => {
  const { platform, kind } = world();
  const file = kind.acquireSync();
  const [moved, shared] = file.use(() => {
    const other = file.share();
    const next = file.move();
    file.dispose();
    next.dispose();
    return [next, other] as const;
  });
  expect([file.state, moved.state, shared.state, platform.released]).toEqual(['moved', 'closed', 'open', []]);
  shared.dispose();
  expect(platform.released).toEqual([101]);
});

it('settles one promise for all, though the release asks for it', async () => {
  let own: Promise<void> | undefined;
  const { kind } = busy(() => void (own = file.disposeAsync()));
  const file = kind.acquireSync();
  const disposed = file.disposeAsync();
  expect(own).toBe(disposed);
  await disposed;
});
