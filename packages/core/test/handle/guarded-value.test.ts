// The message at a wrong use: what was being done, on which kind and label, where it was acquired and disposed, and what to do.
import { defineResource, DisposedError, InUseError, leaks, type LeakEvent, MovedError, ResourceError } from '@handback/core';
import { beforeEach, expect, it } from 'vitest';
import { gate, thrownBy, world } from './platform.ts';

beforeEach(() => leaks.configure({ level: 'trace' }));
const here = String.raw`packages/core/test/handle/guarded-value\.test\.ts:\d+:\d+`;

it('names the use, the kind, the label, the line that acquired it, and the remedy', () => {
  const { kind } = world();
  function openLog() {
    return kind.acquireSync(undefined, { label: 'log.txt' });
  }
  const file = openLog();
  file.dispose();
  const error = thrownBy(() => file.value) as DisposedError;
  expect(error).toBeInstanceOf(DisposedError);
  expect(error).toBeInstanceOf(ResourceError);
  expect(error).toMatchObject({ name: 'DisposedError', code: 'ERR_RESOURCE_DISPOSED', kind: 'file', label: 'log.txt' });
  expect(error.site).toMatch(new RegExp(`^${here} \\(openLog\\)$`));
  expect(error.message).toMatch(
    new RegExp(
      `^Cannot read the value of file 'log\\.txt': it was disposed\\. It was acquired at ${here} \\(openLog\\)\\. ` +
        'Keep it open for as long as it is used: move the use into the block of its `using`, or hand the resource on with move\\(\\)\\.$',
    ),
  );
});

it('says what was tried', () => {
  const { kind } = world();
  const file = kind.acquireSync();
  file.dispose();
  const tries: [() => unknown, string][] = [
    [() => file.value, 'Cannot read the value of this file: it was disposed.'],
    [() => file.use(() => 0), 'Cannot use this file: it was disposed.'],
    [() => file.move(), 'Cannot move this file: it was disposed.'],
    [() => file.share(), 'Cannot share this file: it was disposed.'],
    [() => file.detach(), 'Cannot detach this file: it was disposed.'],
    [() => kind.acquireSync(undefined, { parent: file }), 'Cannot acquire under this file: it was disposed.'],
  ];
  for (const [use, message] of tries) expect((thrownBy(use) as Error).message).toContain(message);
});

it('tells moved from disposed, and what to use instead', () => {
  const { kind } = world();
  const file = kind.acquireSync(undefined, { label: 'log.txt' });
  file.move().dispose();
  const error = thrownBy(() => file.value) as MovedError;
  expect(error).toBeInstanceOf(MovedError);
  expect(error).toMatchObject({ name: 'MovedError', code: 'ERR_RESOURCE_MOVED', kind: 'file', label: 'log.txt' });
  expect(error.message).toMatch(
    new RegExp(
      `^Cannot read the value of file 'log\\.txt': its resource was moved or detached, and this handle owns nothing\\. It was acquired at ${here}.*\\. Use the handle that move\\(\\) answered`,
    ),
  );
});

it('says below level trace how to see the line', () => {
  leaks.configure({ level: 'count' });
  const { kind } = world();
  const file = kind.acquireSync();
  file.dispose();
  const error = thrownBy(() => file.value) as DisposedError;
  expect(error.site).toBeUndefined();
  expect(error.message).toContain('Set HANDBACK_LEAKS=trace to see where it was acquired.');
});

it('guards what is owned without any record in the same words', () => {
  leaks.configure({ level: 'count' });
  const kind = defineResource({ kind: 'surface', release: () => {} });
  const surface = kind.own(7);
  expect([surface.value, surface.state, surface.label, surface.kind]).toEqual([7, 'open', undefined, 'surface']);
  surface.dispose();
  expect(surface.state).toBe('closed');
  expect(() => surface.value).toThrow('Cannot read the value of this surface: it was disposed.');
  expect(() => surface.use(() => 0)).toThrow(DisposedError);
});

it('throws at the call, not in a promise', () => {
  const { kind } = world();
  const file = kind.acquireSync();
  file.dispose();
  let called = false;
  expect(() => file.use(async () => void (called = true))).toThrow(DisposedError);
  expect(called).toBe(false);
});

it('guards a value of undefined, null or 0 like any other', () => {
  for (const raw of [undefined, null, 0, Number.NaN, '']) {
    const released: unknown[] = [];
    const kind = defineResource({ kind: 'odd', release: (value: unknown) => void released.push(value) });
    const odd = kind.own(raw);
    expect(odd.value).toBe(raw);
    expect(odd.use((value) => Object.is(value, raw))).toBe(true);
    odd.dispose();
    odd.dispose();
    expect(() => odd.value).toThrow(DisposedError);
    expect(released).toEqual([raw]);
  }
});

it('tells subscribers of a wrong use, besides the one who made it', () => {
  const { kind } = world();
  const events: LeakEvent[] = [];
  using _subscription = leaks.subscribe((event) => events.push(event));
  const file = kind.acquireSync(undefined, { label: 'log.txt' });
  file.dispose();
  thrownBy(() => file.value);
  const moved = kind.acquireSync();
  moved.move().dispose();
  thrownBy(() => moved.use(() => 0));
  expect(events).toMatchObject([
    { event: 'use-after-dispose', code: 'HANDBACK_USE_AFTER_DISPOSE', kind: 'file', label: 'log.txt', how: 'use', error: { code: 'ERR_RESOURCE_DISPOSED' } },
    { event: 'use-after-dispose', error: { code: 'ERR_RESOURCE_MOVED' } },
  ]);
});

it('names the count of what hinders a detach, in the singular and the plural', async () => {
  const { kind } = world();
  const file = kind.acquireSync(undefined, { label: 'log.txt' });
  const running = gate();
  const uses = [file.use(() => running.promise), file.use(() => running.promise)];
  const error = thrownBy(() => file.detach()) as InUseError;
  expect(error).toMatchObject({ name: 'InUseError', code: 'ERR_RESOURCE_IN_USE', kind: 'file', label: 'log.txt' });
  expect(error.message).toMatch(new RegExp(`^Cannot detach file 'log\\.txt': 2 uses of it are in flight\\. It was acquired at ${here}.*\\. Detach it when`));
  running.open();
  await Promise.all(uses);
  file.dispose();
});
