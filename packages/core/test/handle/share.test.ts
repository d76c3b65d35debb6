// Several handles on one resource: each has a fate of its own, and the last one out releases.
import { Budget, collectGarbage, defineResource, InUseError, leaks, type LeakEvent } from '@handback/core';
import { expect, it } from 'vitest';
import { gate, Platform, slowWorld, thrownBy, turn, world } from './platform.ts';

it('releases with the last one, whichever that is', () => {
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
    [1, 0, 2],
  ]) {
    const { platform, budget, kind } = world();
    const file = kind.acquireSync();
    const owners = [file, file.share(), file.share()];
    for (const [step, index] of order.entries()) {
      expect([platform.released, budget.stats().used, owners[index]?.value]).toEqual([[], 1, 101]);
      owners[index]?.dispose();
      expect(platform.released).toHaveLength(step === 2 ? 1 : 0);
    }
    expect(budget.stats().used).toBe(0);
  }
});

it('is closed by itself, while the others are open', () => {
  const { kind } = world();
  const file = kind.acquireSync(undefined, { label: 'log' });
  const other = file.share();
  file.dispose();
  expect([file.state, other.state, other.label, other.value]).toEqual(['closed', 'open', 'log', 101]);
  expect(() => file.value).toThrow('it was disposed');
  other.dispose();
  expect(() => other.value).toThrow('it was disposed');
});

it('may be shared by a share whose source is disposed', () => {
  const { platform, kind } = world();
  const file = kind.acquireSync();
  const second = file.share();
  file.dispose();
  const third = second.share();
  second.dispose();
  expect([third.value, platform.released]).toEqual([101, []]);
  third.dispose();
  expect(platform.released).toEqual([101]);
});

it('cannot be detached while others share it, and can by the last', () => {
  const { platform, budget, kind } = world();
  const file = kind.acquireSync(undefined, { label: 'log' });
  const other = file.share();
  const error = thrownBy(() => other.detach());
  expect(error).toBeInstanceOf(InUseError);
  expect((error as Error).message).toMatch(/^Cannot detach file 'log': 2 handles share it\./);
  expect(thrownBy(() => file.detach())).toBeInstanceOf(InUseError);
  file.dispose();
  expect([other.detach(), other.state, platform.released, budget.stats().used]).toEqual([101, 'moved', [], 0]);
});

it('waits for the uses of each: a raw is not released while any of them uses it', async () => {
  const { platform, kind } = world();
  const file = kind.acquireSync();
  const other = file.share();
  const running = gate();
  const use = file.use((raw) => platform.operate(raw, running.promise));
  file.dispose();
  other.dispose();
  expect([file.state, other.state, platform.released]).toEqual(['closing', 'closed', []]);
  running.open();
  await use;
  expect([file.state, platform.released]).toEqual(['closed', [101]]);
});

it('resolves the disposeAsync of each when its own part is over, the last after the release', async () => {
  const slow = slowWorld();
  const connection = slow.kind.own(slow.platform.openRaw());
  const other = connection.share();
  await connection.disposeAsync();
  expect([connection.state, slow.releases.length]).toEqual(['closed', 0]);
  const disposed = other.disposeAsync();
  slow.releases[0]?.open();
  await disposed;
  expect(slow.platform.released).toEqual([101]);
});

it('moves like any other handle', () => {
  const { platform, kind } = world();
  const file = kind.acquireSync();
  const moved = file.share().move();
  file.dispose();
  expect(moved.value).toBe(101);
  moved.dispose();
  expect(platform.released).toEqual([101]);
});

it('keeps the parent waiting until the last share of the child is gone', () => {
  const { platform, kind } = world();
  const parent = kind.acquireSync();
  const child = kind.acquireSync(undefined, { parent });
  const other = child.share();
  parent.dispose();
  child.dispose();
  expect(parent.state).toBe('closing');
  other.dispose();
  expect([parent.state, platform.released]).toEqual(['closed', [102, 101]]);
});

it('waits for the children of each share', () => {
  const { platform, kind } = world();
  const file = kind.acquireSync();
  const other = file.share();
  const child = kind.acquireSync(undefined, { parent: other });
  file.dispose();
  other.dispose();
  expect([other.state, platform.released]).toEqual(['closing', []]);
  child.dispose();
  expect(platform.released).toEqual([102, 101]);
});

it('is told apart in live(), and holds the charge that an ended source has left behind', () => {
  leaks.configure({ level: 'trace' });
  const platform = new Platform();
  const budget = new Budget({ name: 'one file', capacity: 1 });
  const kind = defineResource({
    kind: 'shared file',
    openSync: platform.openRaw,
    release: platform.release,
    cost: () => ({ budget, amount: 1 }),
    externalBytes: () => 1_000,
  });
  const file = kind.acquireSync();
  const other = file.share();
  const seen = () => leaks.live().filter((live) => live.kind === 'shared file');
  expect(seen()).toHaveLength(2);
  expect(new Set(seen().map((live) => live.site)).size).toBe(2);
  expect(seen().reduce((sum, { bytes }) => sum + bytes, 0)).toBe(1_000);
  file.dispose();
  expect(seen().map(({ bytes }) => bytes)).toEqual([1_000]);
  // Who holds the budget is the share now, at its line, and an error names it.
  expect(thrownBy(() => kind.acquireSync())).toMatchObject({ holders: [{ kind: 'shared file', count: 1, amount: 1, site: seen()[0]?.site }] });
  other.dispose();
  expect(budget.stats().used).toBe(0);
});

it('is found when the last share is forgotten, although its source was disposed', async () => {
  const { platform, budget, kind } = world(1);
  const forget = (): void => {
    const file = kind.acquireSync();
    void file.share();
    file.dispose();
  };
  forget();
  expect(platform.released).toEqual([]);
  // Through the budget, which asks first whether anything that holds it could have been forgotten.
  using file = await kind.acquire(undefined, { timeout: 1_000 });
  expect([file.value, platform.released, budget.stats().used]).toEqual([102, [101], 1]);
});

it('stays open while one of its owners lives, though the others were forgotten', async () => {
  const { platform, kind } = world();
  const forget = () => {
    const file = kind.acquireSync();
    void file.share();
    return file.share();
  };
  const last = forget();
  await collectGarbage();
  expect([last.value, platform.released]).toEqual([101, []]);
  last.dispose();
  expect(platform.released).toEqual([101]);
});

it('reports a forgotten source without the bytes that a share still holds', async () => {
  const events: LeakEvent[] = [];
  using _subscription = leaks.subscribe((event) => events.push(event));
  const kind = defineResource({ kind: 'buffer', openSync: () => 1, release: () => {}, externalBytes: () => 1_000 });
  const forget = () => kind.acquireSync().share();
  const other = forget();
  await collectGarbage();
  expect(events).toMatchObject([{ event: 'leak', kind: 'buffer', bytes: 0 }]);
  expect(leaks.live().filter((live) => live.kind === 'buffer')).toMatchObject([{ bytes: 1_000 }]);
  other.dispose();
});

it('throws out of the last dispose what the release throws, and out of no other', async () => {
  const broken = new Error('EIO');
  const kind = defineResource({
    kind: 'file',
    openSync: () => 1,
    release: () => {
      throw broken;
    },
  });
  const file = kind.acquireSync();
  const other = file.share();
  other.dispose();
  expect(thrownBy(() => file.dispose())).toBe(broken);
  await turn();
});
