// What holds for every object of every engine, on the real libraries.
import { Budget, BudgetExceededError, collectGarbage, defineResource, DisposedError, leaks, type Handle, type LeakEvent } from '@handback/core';
import * as canvases from '@handback/image/canvas';
import * as canvasKit from '@handback/image/canvaskit';
import * as openCv from '@handback/image/opencv';
import { beforeEach, describe, expect, it } from 'vitest';
import { specimens } from './engines.ts';

let budget: Budget;
beforeEach(() => void (budget = new Budget({ name: 'objects', capacity: 2 ** 20, unit: 'bytes' })));

describe.each(specimens)('$name', ({ kind, bytes, own, make, free, isFreed }) => {
  const made = async (): Promise<never> => (await make()) as never;

  it('is counted while it is held, and freed and refunded by a dispose, once', async () => {
    const raw = await made();
    {
      using handle = own(raw, { budget, label: 'specimen' });
      expect([handle.kind, handle.label, handle.value === raw, budget.stats().used, isFreed(raw)]).toEqual([kind, 'specimen', true, bytes, false]);
      handle.dispose();
      expect([budget.stats().used, isFreed(raw)]).toEqual([0, true]);
    }
    expect(budget.stats().used).toBe(0);
  });

  it('throws DisposedError at the first use after a dispose', async () => {
    const handle = own(await made(), { budget, label: 'specimen' });
    handle.dispose();
    expect(() => handle.value).toThrow(DisposedError);
    expect(() => handle.value).toThrow(/specimen/);
    expect(() => handle.use(() => 0)).toThrow(DisposedError);
  });

  it('lives as long as the last that shares it, and longer than a use of it', async () => {
    const raw = await made();
    const handle = own(raw, { budget });
    const shared = handle.share();
    handle.dispose();
    expect([isFreed(raw), budget.stats().used]).toEqual([false, bytes]);
    await shared.use(async () => {
      shared.dispose();
      await Promise.resolve();
      expect(isFreed(raw)).toBe(false);
    });
    expect([isFreed(raw), budget.stats().used]).toEqual([true, 0]);
  });

  it('may be freed by its user under the handle, which then refunds alone', async () => {
    const raw = await made();
    const handle = own(raw, { budget });
    free(raw);
    handle.dispose();
    expect([isFreed(raw), budget.stats().used]).toEqual([true, 0]);
  });

  it('has one owner at a time', async () => {
    const raw = await made();
    const handle = own(raw, { budget });
    expect(() => own(raw, { budget })).toThrow(/has an owner already/);
    const next = handle.move();
    expect(() => own(raw, { budget })).toThrow(TypeError);
    expect(next.detach()).toBe(raw);
    expect([isFreed(raw), budget.stats().used]).toEqual([false, 0]);
    own(raw, { budget }).dispose();
    expect([isFreed(raw), budget.stats().used]).toEqual([true, 0]);
  });

  it('is left to its caller under a closed parent', async () => {
    const raw = await made();
    const parent = defineResource({ kind: 'parent', openSync: () => 0, release: () => {} }).acquireSync();
    parent.dispose();
    expect(() => own(raw, { budget, parent })).toThrow(DisposedError);
    expect([isFreed(raw), budget.stats().used]).toEqual([false, 0]);
    own(raw, { budget }).dispose();
    expect(isFreed(raw)).toBe(true);
  });

  it('is released before its parent', async () => {
    const [raw, whole] = [await made(), await made()];
    const parent = own(whole, { budget });
    const child = own(raw, { budget, parent });
    parent.dispose();
    expect([parent.state, isFreed(whole), isFreed(raw)]).toEqual(['closing', false, false]);
    child.dispose();
    expect([parent.state, isFreed(whole), isFreed(raw), budget.stats().used]).toEqual(['closed', true, true, 0]);
  });

  it('is found when it is forgotten, freed, refunded, and reported with the line that owned it', async () => {
    leaks.configure({ level: 'trace', warn: false });
    const events: LeakEvent[] = [];
    using _subscription = leaks.subscribe((event) => events.push(event));
    const freed: (() => boolean)[] = [];
    const forget = async (): Promise<void> => {
      const raw = await made();
      own(raw, { budget, label: 'forgotten' });
      freed.push(() => isFreed(raw));
    };
    for (let index = 0; index < 3; index++) await forget();
    await collectGarbage();
    expect([freed.map((isIt) => isIt()), budget.stats().used]).toEqual([[true, true, true], 0]);
    expect(events.reduce((sum, event) => sum + event.count.new, 0)).toBe(3);
    expect(events[0]).toMatchObject({ event: 'leak', kind, label: 'forgotten' });
    expect(JSON.stringify(events[0])).toMatch(/packages\/image\/test\/adopt\/own\.test\.ts:\d+/);
    expect(JSON.stringify(events[0])).not.toContain('src/adopt');
  });

  it('is owned although the budget is full, which the next in line has to wait for', async () => {
    budget.resize(1000);
    using _held = budget.acquireSync(1000);
    const handle = own(await made(), { budget, label: 'specimen' });
    expect(budget.stats().available).toBe(0 - bytes);
    expect(() => budget.acquireSync(1)).toThrow(BudgetExceededError);
    handle.dispose();
    expect(budget.stats().available).toBe(0);
  });
});

describe('what is no object of the engine', () => {
  const objects: readonly unknown[] = [null, undefined, 0, 'mat', {}, [], () => 0, new Uint8Array(4), { width: 1, height: 1 }, { close: () => {} }];
  const owners: readonly [string, (raw: never) => Handle<object>, RegExp][] = [
    ['opencv', openCv.own, /Expected an object of OpenCV\.js, as a Mat, got /],
    ['canvaskit', canvasKit.own, /Expected an object of CanvasKit, as a Surface or an Image, got /],
    ['canvas', canvases.own, /Expected a Canvas or an Image of @napi-rs\/canvas, got /],
  ];

  it.each(owners)('is refused by %s, which says what was expected', (_, own, message) => {
    for (const object of objects) {
      expect(() => own(object as never)).toThrow(TypeError);
      expect(() => own(object as never)).toThrow(message);
    }
  });

  it('is a handle, of which the message says so', async () => {
    using handle = openCv.own((await specimens[0]?.make()) as openCv.WasmObject);
    expect(() => openCv.own(handle as never)).toThrow(/got a handle of kind 'mat'/);
  });
});

it.each(specimens.filter(({ own }) => own !== canvases.own))('$name that was deleted is refused', async ({ kind, own, make, free }) => {
  const raw = (await make()) as never;
  free(raw);
  expect(() => own(raw, { budget, label: 'late' })).toThrow(DisposedError);
  expect(() => own(raw, { budget, label: 'late' })).toThrow(`The ${kind} 'late' was released already`);
  expect(budget.stats().used).toBe(0);
});
