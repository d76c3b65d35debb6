// Ownership that goes from one handle to another: there is one owner at any time, and its dispose is the only one that counts.
import { collectGarbage, collectGarbageSync, DisposedError, leaks, MovedError } from '@handback/core';
import { expect, it } from 'vitest';
import { collector } from '../../src/runtime/collector.ts';
import { gate, isSettled, slowWorld, thrownBy, turn, world } from './platform.ts';

it('hands the resource on, out of the block of its using', () => {
  const { platform, budget, kind } = world();
  const open = () => {
    using file = kind.acquireSync(undefined, { label: 'log' });
    return file.move();
  };
  const file = open();
  expect([file.value, file.state, file.label, platform.released, budget.stats().used]).toEqual([101, 'open', 'log', [], 1]);
  file.dispose();
  expect([platform.released, budget.stats().used]).toEqual([[101], 0]);
});

it('is moved from then on: every use throws, and dispose is silent', async () => {
  const { platform, kind } = world();
  const file = kind.acquireSync();
  const next = file.move();
  expect(file.state).toBe('moved');
  for (const use of [() => file.value, () => file.use(() => 0), () => file.move(), () => file.share(), () => file.detach()])
    expect(thrownBy(use)).toBeInstanceOf(MovedError);
  file.dispose();
  await file.disposeAsync();
  expect([next.state, platform.released]).toEqual(['open', []]);
  next.dispose();
});

it('throws DisposedError once it was disposed, and moves nothing', () => {
  const { kind } = world();
  const file = kind.acquireSync();
  file.dispose();
  expect(thrownBy(() => file.move())).toBeInstanceOf(DisposedError);
});

it('moves any number of times, and is released once', () => {
  const { platform, kind } = world();
  let file = kind.acquireSync();
  const all = [file];
  for (let index = 0; index < 100; index++) all.push((file = file.move()));
  for (const each of all) each.dispose();
  expect(platform.released).toEqual([101]);
});

it('takes uses in flight along: the new owner waits for them', async () => {
  const { platform, kind } = world();
  const file = kind.acquireSync();
  const running = gate();
  const use = file.use((raw) => platform.operate(raw, running.promise));
  const next = file.move();
  const disposed = next.disposeAsync();
  expect([next.state, await isSettled(disposed)]).toEqual(['closing', false]);
  running.open();
  await use;
  await disposed;
  expect(platform.released).toEqual([101]);
});

it('may be moved within a use of it', () => {
  const { platform, kind } = world();
  const file = kind.acquireSync();
  const next = file.use(() => file.move());
  expect([file.state, next.value]).toEqual(['moved', 101]);
  next.dispose();
  expect(platform.released).toEqual([101]);
});

it('is disposed within a use of the one it came from, and released when that has ended', () => {
  const { platform, kind } = world();
  const file = kind.acquireSync();
  file.use((raw) => {
    file.move().dispose();
    platform.touch(raw);
  });
  expect(platform.released).toEqual([101]);
});

it('keeps its children: they hang on the resource, not on the handle', () => {
  const { platform, kind } = world();
  const parent = kind.acquireSync();
  const child = kind.acquireSync(undefined, { parent });
  const next = parent.move();
  next.dispose();
  expect(next.state).toBe('closing');
  child.dispose();
  expect([next.state, platform.released]).toEqual(['closed', [102, 101]]);
});

it('is one resource in the ledger, moved young or old', async () => {
  const { kind } = world(10, 'moving file');
  const seen = (): number => leaks.live().filter((live) => live.kind === 'moving file').length;
  let file = kind.acquireSync();
  for (let index = 0; index < 5; index++) {
    await turn();
    file = file.move();
    expect(seen()).toBe(1);
    file = file.move();
    expect(seen()).toBe(1);
  }
  await turn();
  expect(seen()).toBe(1);
  file.dispose();
  expect(seen()).toBe(0);
});

// What is still registered for the handle that it was moved from would close what the new one owns.
it('is not closed by the finalizer of the handle that it was moved from', async () => {
  const { platform, kind } = world();
  const file = await (async () => {
    const old = kind.acquireSync();
    await turn();
    return old.move();
  })();
  for (let round = 0; round < 3; round++) {
    await turn();
    collector()?.full();
    await turn();
    await collectGarbage();
  }
  expect([file.value, file.state, platform.released]).toEqual([101, 'open', []]);
  file.dispose();
});

it.each(['young', 'old'])('is found when the new handle is forgotten, though the old one is held (%s)', async (age) => {
  const { platform, kind } = world();
  const file = kind.acquireSync();
  if (age === 'old') await turn();
  const forget = (): void => void file.move();
  forget();
  await turn();
  // Within the job, by the sweep alone: the finalizer of the new one has no say yet.
  expect(collectGarbageSync()).toBe(true);
  expect([file.state, platform.released]).toEqual(['moved', [101]]);
});

it('keeps its permits and its bytes through every move', () => {
  const { budget, kind } = world(1);
  let file = kind.acquireSync();
  for (let index = 0; index < 10; index++) file = file.move();
  expect(budget.stats().used).toBe(1);
  file.dispose();
  expect(budget.stats().used).toBe(0);
});

it('is the same class, and knows its kind', async () => {
  const slow = slowWorld();
  const connection = slow.kind.own(slow.platform.openRaw());
  const next = connection.move();
  expect([next.constructor, next.kind, connection.kind]).toEqual([connection.constructor, 'connection', 'connection']);
  void next.disposeAsync();
  slow.releases[0]?.open();
  await turn();
  expect(slow.platform.released).toEqual([101]);
});
