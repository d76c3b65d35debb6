// leaks.live(): what is held now, as plain data, young and old, by every copy of the package.
import { Budget, collectGarbage, defineResource, leaks } from '@handback/core';
import { beforeEach, expect, it } from 'vitest';
import { useCopies } from '../budget/copies.ts';
import { gate, slowWorld, turn } from '../handle/platform.ts';

beforeEach(() => leaks.configure({ level: 'trace' }));

const files = defineResource({ kind: 'live file', openSync: () => 3, release: () => {}, externalBytes: () => 100 });
const live = (kind = 'live file') => leaks.live().filter((each) => each.kind === kind);

it('lists what is open, with its kind, label, line, bytes and age', () => {
  using file = files.acquireSync(undefined, { label: 'a.txt' });
  expect(live()).toEqual([
    {
      id: expect.any(Number) as number,
      kind: 'live file',
      label: 'a.txt',
      site: expect.stringMatching(/^packages\/core\/test\/leaks\/live\.test\.ts:\d+:\d+$/) as string,
      ageMs: expect.any(Number) as number,
      bytes: 100,
      state: 'open',
      uses: 0,
      parentId: undefined,
    },
  ]);
  expect(live()[0]?.ageMs).toBeGreaterThanOrEqual(0);
  expect(structuredClone(leaks.live())).toEqual(leaks.live().map((each) => ({ ...each, ageMs: expect.any(Number) as number })));
  void file.value;
});

it('lists the young and those that have left the young list alike, at every level', async () => {
  for (const level of ['off', 'count', 'trace', 'strict'] as const) {
    leaks.configure({ level });
    const old = files.own(1);
    await turn();
    const young = files.own(2);
    const crowd = Array.from({ length: 100 }, () => files.acquireSync());
    expect([level, live().length]).toEqual([level, 102]);
    for (const file of [old, young, ...crowd]) file.dispose();
    expect([level, live()]).toEqual([level, []]);
  }
});

it('leaves out what was disposed, detached, moved from, or found', async () => {
  files.own(1).dispose();
  files.own(1).detach();
  const moved = files.own(1).move();
  const forget = (): void => void files.own(1);
  forget();
  await collectGarbage();
  expect(live()).toHaveLength(1);
  moved.dispose();
  expect(live()).toEqual([]);
});

it('tells what is closing, the uses in flight, and the parent', async () => {
  const parent = files.own(1, { label: 'parent' });
  const child = files.own(2, { label: 'child', parent });
  const running = gate();
  const uses = [parent.use(() => running.promise), parent.use(() => running.promise)];
  parent.dispose();
  const seen = new Map(live().map((each) => [each.label, each]));
  expect(seen.get('parent')).toMatchObject({ state: 'closing', uses: 2, parentId: undefined });
  expect(seen.get('child')).toMatchObject({ state: 'open', uses: 0, parentId: seen.get('parent')?.id });
  expect(live().find(({ label }) => label === 'child')?.id).toBe(seen.get('child')?.id);
  running.open();
  await Promise.all(uses);
  child.dispose();
  expect(live()).toEqual([]);
});

it('lists no opener that is under way, and nothing of a failed one', async () => {
  const slow = slowWorld();
  const opening = slow.kind.acquire();
  await turn();
  expect(live('connection')).toEqual([]);
  slow.openings[0]?.open();
  const connection = await opening;
  expect(live('connection')).toHaveLength(1);
  connection.detach();
});

it('lists permits that are held by themselves', () => {
  const budget = new Budget({ name: 'b', capacity: 10 });
  using permit = budget.acquireSync(3, { label: 'sockets' });
  expect(live('permit')).toMatchObject([{ label: 'sockets', state: 'open' }]);
  void permit.amount;
});

const copies = useCopies();

it('lists what other copies of the package hold in this process, and collects for them too', async () => {
  const other = await copies.load();
  other.leaks.configure({ level: 'count', warn: false });
  let released = 0;
  const foreign = other.defineResource({ kind: 'foreign file', openSync: () => 1, release: () => void released++ });
  const held = foreign.acquireSync(undefined, { label: 'theirs' });
  expect(live('foreign file')).toMatchObject([{ label: 'theirs' }]);
  expect(other.leaks.live().length).toBe(leaks.live().length);
  const forget = (): void => void foreign.acquireSync();
  forget();
  await collectGarbage();
  expect([released, held.state]).toEqual([1, 'open']);
  held.dispose();
});
