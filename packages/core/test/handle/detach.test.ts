// Handing the raw to the caller, for good: it is no longer counted, released or reported.
import { collectGarbage, defineResource, DisposedError, InUseError, leaks, type LeakEvent, MovedError } from '@handback/core';
import { expect, it } from 'vitest';
import { gate, thrownBy, turn, world } from './platform.ts';

it('answers the raw, refunds it, and never releases it', async () => {
  const { platform, budget, kind } = world();
  const file = kind.acquireSync();
  expect([file.detach(), file.state, budget.stats().used]).toEqual([101, 'moved', 0]);
  file.dispose();
  await file.disposeAsync();
  await collectGarbage();
  expect(platform.released).toEqual([]);
});

it('is never reported as a leak', async () => {
  const { platform, kind } = world();
  const events: LeakEvent[] = [];
  using _subscription = leaks.subscribe((event) => events.push(event));
  const detach = (): number => kind.acquireSync().detach();
  const raw = detach();
  const late = kind.acquireSync();
  await turn();
  late.detach();
  await collectGarbage();
  expect([events, platform.touch(raw), platform.released]).toEqual([[], 101, []]);
});

it('throws InUseError while a use is in flight, and leaves everything as it was', async () => {
  const { platform, budget, kind } = world();
  const file = kind.acquireSync();
  const running = gate();
  const use = file.use((raw) => platform.operate(raw, running.promise));
  const error = thrownBy(() => file.detach());
  expect(error).toBeInstanceOf(InUseError);
  expect(error).toMatchObject({ code: 'ERR_RESOURCE_IN_USE', kind: 'file' });
  expect((error as Error).message).toMatch(/^Cannot detach this file: 1 use of it is in flight\./);
  expect([file.state, budget.stats().used]).toEqual(['open', 1]);
  running.open();
  await use;
  expect(file.detach()).toBe(101);
  expect(thrownBy(() => file.use(() => 0))).toBeInstanceOf(MovedError);
});

it('throws InUseError within a use, and under children', () => {
  const { platform, kind } = world();
  const file = kind.acquireSync();
  expect(file.use(() => thrownBy(() => file.detach()))).toBeInstanceOf(InUseError);
  const child = kind.acquireSync(undefined, { parent: file });
  expect((thrownBy(() => file.detach()) as Error).message).toMatch(/^Cannot detach this file: 1 resource acquired under it is open\./);
  child.dispose();
  expect([file.detach(), platform.released]).toEqual([101, [102]]);
});

it('throws DisposedError once it was disposed', () => {
  const { kind } = world();
  const file = kind.acquireSync();
  file.dispose();
  expect(thrownBy(() => file.detach())).toBeInstanceOf(DisposedError);
});

it('lets a waiting parent go on', () => {
  const { platform, kind } = world();
  const parent = kind.acquireSync();
  const child = kind.acquireSync(undefined, { parent });
  parent.dispose();
  expect([child.detach(), parent.state, platform.released]).toEqual([102, 'closed', [101]]);
});

it('serves the next in line with what it gives back', async () => {
  const { kind } = world(1);
  const file = kind.acquireSync();
  const next = kind.acquire();
  file.detach();
  expect((await next).detach()).toBe(102);
});

it('takes its bytes off what the collector is told', () => {
  const kind = defineResource({ kind: 'image', release: () => {}, externalBytes: () => 1_000 });
  const bytes = () => leaks.live().filter((live) => live.kind === 'image');
  const image = kind.own(1);
  expect(bytes()).toMatchObject([{ bytes: 1_000 }]);
  image.detach();
  expect(bytes()).toEqual([]);
});

it('may be owned again by another handle', () => {
  const { platform, kind } = world();
  const file = kind.own(kind.acquireSync().detach());
  file.dispose();
  expect(platform.released).toEqual([101]);
});
