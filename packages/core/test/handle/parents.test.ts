// Resources that live within others: children are released first, a parent that was disposed waits for them, and only roots are reported.
import { collectGarbage, DisposedError, leaks, type LeakEvent, MovedError } from '@handback/core';
import { expect, it } from 'vitest';
import { gate, rejectionOf, slowWorld, thrownBy, turn, world } from './platform.ts';

it('releases children before their parent, whatever is disposed first', () => {
  const { platform, kind } = world();
  const parent = kind.acquireSync();
  const children = [kind.acquireSync(undefined, { parent }), kind.own(platform.openRaw(), { parent })];
  parent.dispose();
  expect([parent.state, platform.released]).toEqual(['closing', []]);
  children[0]?.dispose();
  expect(parent.state).toBe('closing');
  children[1]?.dispose();
  expect([parent.state, platform.released]).toEqual(['closed', [102, 103, 101]]);
});

it('keeps children of a closing parent usable', () => {
  const { platform, kind } = world();
  const parent = kind.acquireSync();
  const child = kind.acquireSync(undefined, { parent });
  parent.dispose();
  expect(child.use((raw) => platform.touch(raw))).toBe(102);
  expect(child.state).toBe('open');
  child.dispose();
});

it('resolves the disposeAsync of the parent after its own release', async () => {
  const { platform, kind } = world();
  const parent = kind.acquireSync();
  const child = kind.acquireSync(undefined, { parent });
  const disposed = parent.disposeAsync();
  child.dispose();
  await disposed;
  expect(platform.released).toEqual([102, 101]);
});

it('cascades through generations, from the leaves to the root', () => {
  const { platform, kind } = world();
  const generations = [kind.acquireSync()];
  for (let index = 0; index < 5; index++) generations.push(kind.acquireSync(undefined, { parent: generations.at(-1) }));
  for (const handle of generations) handle.dispose();
  expect(platform.released).toEqual([106, 105, 104, 103, 102, 101]);
  expect(generations.every(({ state }) => state === 'closed')).toBe(true);
});

it('refuses to acquire under a parent that is closing, closed or moved, with an error that names the parent', async () => {
  const { kind, budget } = world();
  const parent = kind.acquireSync(undefined, { label: 'database' });
  const child = kind.acquireSync(undefined, { parent });
  parent.dispose();
  const error = thrownBy(() => kind.acquireSync(undefined, { parent }));
  expect(error).toBeInstanceOf(DisposedError);
  expect((error as Error).message).toMatch(/^Cannot acquire under file 'database': it was disposed\./);
  child.dispose();
  expect(await rejectionOf(kind.acquire(undefined, { parent }))).toBeInstanceOf(DisposedError);
  expect(thrownBy(() => kind.own(1, { parent }))).toBeInstanceOf(DisposedError);
  const moved = kind.acquireSync();
  moved.move().dispose();
  expect(thrownBy(() => kind.own(1, { parent: moved }))).toBeInstanceOf(MovedError);
  expect(budget.stats().used).toBe(0);
});

it('waits for a child that is being opened: disposed meanwhile, or moved', async () => {
  const slow = slowWorld();
  const { kind: parents, platform } = world();
  let parent = parents.acquireSync();
  const opening = slow.kind.acquire(undefined, { parent });
  await turn();
  parent = parent.move();
  parent.dispose();
  expect(parent.state).toBe('closing');
  slow.openings[0]?.open();
  const child = await opening;
  expect([child.state, platform.released]).toEqual(['open', []]);
  void child.disposeAsync();
  slow.releases[0]?.open();
  await turn();
  expect([parent.state, platform.released]).toEqual(['closed', [101]]);
});

it('is released when the child that was being opened has failed', async () => {
  const slow = slowWorld();
  const { kind: parents, platform } = world();
  const parent = parents.acquireSync();
  const opening = rejectionOf(slow.kind.acquire(undefined, { parent }));
  await turn();
  parent.dispose();
  slow.openings[0]?.fail(new Error('refused'));
  await opening;
  expect([parent.state, platform.released]).toEqual(['closed', [101]]);
});

it('counts a child that waits in line as its own, and lets it go when it gives up', async () => {
  const { kind: parents, platform } = world();
  const { kind, budget } = world(1);
  using holder = kind.acquireSync();
  const parent = parents.acquireSync();
  const controller = new AbortController();
  const waiting = rejectionOf(kind.acquire(undefined, { parent, signal: controller.signal }));
  const all = rejectionOf(kind.acquireAll([undefined], { parent, signal: controller.signal }));
  await turn();
  parent.dispose();
  expect([parent.state, budget.stats().waiting, holder.value]).toEqual(['closing', 2, 101]);
  controller.abort(new Error('gone'));
  await Promise.all([waiting, all]);
  expect([parent.state, platform.released]).toEqual(['closed', [101]]);
});

it('waits for uses in flight and for children alike', async () => {
  const { platform, kind } = world();
  const parent = kind.acquireSync();
  const child = kind.acquireSync(undefined, { parent });
  const running = gate();
  const use = parent.use((raw) => platform.operate(raw, running.promise));
  parent.dispose();
  child.dispose();
  expect(parent.state).toBe('closing');
  running.open();
  await use;
  expect([parent.state, platform.released]).toEqual(['closed', [102, 101]]);
});

it('reports the root alone when all were forgotten, and releases the children first', async () => {
  const { platform, budget, kind } = world(10, 'tree');
  const events: LeakEvent[] = [];
  using _subscription = leaks.subscribe((event) => events.push(event));
  const forget = (): void => {
    const parent = kind.acquireSync(undefined, { label: 'root' });
    const child = kind.acquireSync(undefined, { parent, label: 'child' });
    kind.acquireSync(undefined, { parent: child, label: 'grandchild' });
    child.share();
  };
  forget();
  await collectGarbage();
  expect(events.map(({ event, label, count }) => [event, label, count.new])).toEqual([['leak', 'root', 1]]);
  expect(platform.released).toEqual([103, 102, 101]);
  expect(budget.stats().used).toBe(0);
});

it('reports a child whose parent is held', async () => {
  const { platform, kind } = world(10, 'branch');
  const events: LeakEvent[] = [];
  using _subscription = leaks.subscribe((event) => events.push(event));
  const parent = kind.acquireSync(undefined, { label: 'root' });
  const forget = (): void => void kind.acquireSync(undefined, { parent, label: 'child' });
  forget();
  await collectGarbage();
  expect(events).toMatchObject([{ event: 'leak', label: 'child' }]);
  expect([parent.state, platform.released]).toEqual(['open', [102]]);
  parent.dispose();
});

it('reports no parent that was disposed in time and waits for its children', async () => {
  const { platform, kind } = world(10, 'trunk');
  const events: LeakEvent[] = [];
  using _subscription = leaks.subscribe((event) => events.push(event));
  const open = () => {
    using parent = kind.acquireSync(undefined, { label: 'root' });
    return kind.acquireSync(undefined, { parent });
  };
  const child = open();
  await collectGarbage();
  await collectGarbage();
  expect([events, platform.released]).toEqual([[], []]);
  child.dispose();
  expect(platform.released).toEqual([102, 101]);
});

it('does not close a forgotten parent under a child that is held', async () => {
  const { platform, kind } = world(10, 'stem');
  const open = () => kind.acquireSync(undefined, { parent: kind.acquireSync(undefined, { label: 'root' }) });
  const child = open();
  await collectGarbage();
  expect([child.use((raw) => platform.touch(raw)), platform.released]).toEqual([102, []]);
  child.dispose();
  expect(platform.released).toEqual([102, 101]);
});
