// The steps of the model's test, each done to the model and to two real pools on one budget.
import { expect, vi } from 'vitest';
import fc from 'fast-check';
import { Budget, collectGarbageSync, defineAsyncResource, defineResource, Pool, type AsyncHandle, type Lease } from '@handback/core';
import { Model, type ModelPool, type Shape } from './model.ts';
import { settled } from '../budget/support.ts';

interface Raw {
  readonly id: number;
}

export class Real {
  readonly budget: Budget;
  readonly pools: Pool<AsyncHandle<Raw>, string>[];
  readonly open = new Set<number>();
  readonly leases = new Map<number, Lease<Raw>[]>();
  readonly granted = new Map<number, number>();
  readonly refused = new Map<number, unknown>();
  readonly aborts = new Map<number, AbortController>();
  readonly bad = new Set<number>();
  readonly badResets = new Set<number>();
  readonly detached = new Set<number>();
  failing = 0;
  ids = 0;
  leaseIds = 0;
  errors: string[] = [];

  constructor(capacity: number, shapes: readonly Shape[], world: { isAsync: boolean; checksLate: boolean; resetsLate: boolean }) {
    this.budget = new Budget({ name: 'shared', capacity });
    const open = (): Raw => {
      if (this.failing > 0) {
        this.failing--;
        throw new Error('failed');
      }
      this.open.add(++this.ids);
      return { id: this.ids };
    };
    const release = ({ id }: Raw): void => {
      if (!this.open.delete(id)) this.errors.push(`${id} was released twice`);
    };
    const cost = (): { budget: Budget; amount: number } => ({ budget: this.budget, amount: 1 });
    const later = async <R>(act: () => R): Promise<R> => {
      await settledBriefly();
      return act();
    };
    const kind = world.isAsync
      ? defineAsyncResource({ kind: 'thing', open: (_: string) => later(open), release: (raw: Raw) => later(() => release(raw)), cost })
      : defineResource({ kind: 'thing', openSync: (_: string) => open(), release, cost });
    const check = ({ id }: Raw): boolean => !this.bad.has(id);
    const reset = ({ id }: Raw): void => {
      if (this.badResets.has(id)) throw new Error(`reset of ${id}`);
    };
    this.pools = shapes.map(
      (shape, index) =>
        new Pool(kind as typeof kind & { acquire(request: string): Promise<AsyncHandle<Raw>> }, {
          name: `pool ${index}`,
          max: shape.max,
          order: shape.newestFirst ? 'lifo' : 'fifo',
          key: shape.keyed ? (request) => request : undefined,
          check: !shape.checks ? undefined : world.checksLate ? (raw) => later(() => check(raw)) : check,
          reset: !shape.resets ? undefined : world.resetsLate ? (raw) => later(() => reset(raw)) : reset,
        }) as unknown as Pool<AsyncHandle<Raw>, string>,
    );
  }
}

async function settledBriefly(): Promise<void> {
  await undefined;
  await undefined;
}

/** One step: skipped where the model says that it would wait for the budget, which has a model of its own. */
abstract class Step implements fc.AsyncCommand<Model, Real> {
  readonly which: number;

  constructor(which: number) {
    this.which = which;
  }

  check(model: Readonly<Model>): boolean {
    const trial = model.clone();
    this.inModel(trial, this.poolOf(trial), 1e6);
    return !trial.blocked;
  }

  async run(model: Model, real: Real): Promise<void> {
    const id = real.leaseIds++;
    const index = this.which % model.pools.length;
    await this.inReal(real, real.pools[index] as Real['pools'][0], this.poolOf(model), id);
    this.inModel(model, this.poolOf(model), id);
    await settled();
    await settled();
    // Openings that have failed often begin later.
    await vi.advanceTimersByTimeAsync(600);
    expectSame(model, real);
  }

  poolOf(model: Readonly<Model>): ModelPool {
    return model.pools[this.which % model.pools.length] as ModelPool;
  }

  abstract inModel(model: Model, pool: ModelPool, id: number): void;
  abstract inReal(real: Real, pool: Real['pools'][0], before: ModelPool, id: number): unknown;
  abstract toString(): string;
}

/** Accounts, stats, and who has what. */
export function expectSame(model: Model, real: Real): void {
  expect(real.errors).toEqual([]);
  model.pools.forEach((pool, index) => {
    const { closed, max, opened, released } = pool;
    expect(real.pools[index]?.stats(), `pool ${index}${closed ? ', closed' : ''}`).toEqual({
      size: pool.size,
      idle: pool.idle.length,
      leased: pool.out.size,
      opening: 0,
      waiting: pool.waiting.length,
      max,
      min: 0,
      opened,
      released,
    });
  });
  expect(real.budget.stats().used).toBe(model.used);
  expect([...real.open].sort(byNumber)).toEqual([...model.open].sort(byNumber));
  expect(new Map([...real.granted].sort(([a], [b]) => a - b))).toEqual(new Map([...model.granted].sort(([a], [b]) => a - b)));
  expect(new Map([...real.refused].sort(([a], [b]) => a - b))).toEqual(new Map([...model.refused].sort(([a], [b]) => a - b)));
}

const byNumber = (a: number, b: number): number => a - b;

class Acquire extends Step {
  readonly key: string;
  readonly priority: number;

  constructor(which: number, key: string, priority: number) {
    super(which);
    this.key = key;
    this.priority = priority;
  }

  inModel(model: Model, pool: ModelPool, id: number): void {
    model.acquire(pool, id, this.key, this.priority);
  }

  inReal(real: Real, pool: Real['pools'][0], _: ModelPool, id: number): void {
    const controller = new AbortController();
    real.aborts.set(id, controller);
    // Both ways in line: by what the waiter knows, and by what was wanted.
    const options = this.priority === 0 && id % 2 === 0 ? undefined : { priority: this.priority, signal: controller.signal, timeout: Number.POSITIVE_INFINITY };
    pool.acquire(this.key, options).then(
      (lease) => {
        real.leases.set(id, [lease]);
        real.granted.set(id, lease.value.id);
      },
      (error: unknown) => {
        real.refused.set(id, (error as { code?: string }).code ?? (error as Error).message ?? error);
      },
    );
  }

  toString(): string {
    return `acquire(${this.which}, ${this.key}, priority ${this.priority})`;
  }
}

class TryAcquire extends Step {
  readonly key: string;

  constructor(which: number, key: string) {
    super(which);
    this.key = key;
  }

  override check(model: Readonly<Model>): boolean {
    // With a late check it would lend nothing: a test of its own has that.
    return !this.poolOf(model).shape.checks && !this.poolOf(model).closed;
  }

  inModel(model: Model, pool: ModelPool, id: number): void {
    model.tryAcquire(pool, id, this.key);
  }

  inReal(real: Real, pool: Real['pools'][0], _: ModelPool, id: number): void {
    const lease = pool.tryAcquire(this.key);
    if (lease === undefined) return;
    real.leases.set(id, [lease]);
    real.granted.set(id, lease.value.id);
  }

  toString(): string {
    return `tryAcquire(${this.which}, ${this.key})`;
  }
}

type End = 'dispose' | 'discard' | 'forget' | 'detach';

class WithLease extends Step {
  readonly lease: number;
  readonly act: End | 'share' | 'move';

  constructor(which: number, lease: number, act: End | 'share' | 'move') {
    super(which);
    this.lease = lease;
    this.act = act;
  }

  #id(pool: ModelPool): number | undefined {
    const ids = [...pool.out.keys()];
    return ids[this.lease % ids.length];
  }

  override check(model: Readonly<Model>): boolean {
    const pool = this.poolOf(model);
    const id = this.#id(pool);
    if (id === undefined) return false;
    // Who shares does not detach; a test of its own has that.
    if (this.act === 'detach' && (pool.out.get(id)?.owners as number) > 1) return false;
    return super.check(model);
  }

  inModel(model: Model, pool: ModelPool): void {
    const id = this.#id(pool) as number;
    if (this.act === 'share') (pool.out.get(id) as { owners: number }).owners++;
    else if (this.act !== 'move') {
      const thing = model.granted.get(id) as number;
      model.end(pool, id, this.act);
      if (this.act === 'detach') model.detached.add(thing);
    }
  }

  inReal(real: Real, _: Real['pools'][0], before: ModelPool): void {
    const leases = real.leases.get(this.#id(before) as number) as Lease<Raw>[];
    switch (this.act) {
      case 'share':
        leases.push((leases[0] as Lease<Raw>).share());
        return;
      case 'move': {
        const lease = leases.pop() as Lease<Raw>;
        leases.push(lease.move());
        lease.dispose();
        lease.discard();
        return;
      }
      case 'forget':
        leases.pop();
        collectGarbageSync();
        return;
      default: {
        const lease = leases.pop() as Lease<Raw>;
        const raw = lease[this.act]();
        if (this.act === 'detach') real.detached.add((raw as Raw).id);
        lease.dispose();
        lease.discard();
      }
    }
  }

  toString(): string {
    return `${this.act}(${this.which}, ${this.lease})`;
  }
}

class Abort extends Step {
  readonly waiter: number;

  constructor(which: number, waiter: number) {
    super(which);
    this.waiter = waiter;
  }

  #id(pool: ModelPool): number | undefined {
    // Those that were given a signal.
    const waiting = pool.waiting.filter(({ id, priority }) => priority !== 0 || id % 2 !== 0);
    return waiting[this.waiter % waiting.length]?.id;
  }

  override check(model: Readonly<Model>): boolean {
    return this.#id(this.poolOf(model)) !== undefined;
  }

  inModel(model: Model, pool: ModelPool): void {
    model.abort(pool, this.#id(pool) as number);
  }

  inReal(real: Real, _: Real['pools'][0], before: ModelPool): void {
    real.aborts.get(this.#id(before) as number)?.abort('aborted');
  }

  toString(): string {
    return `abort(${this.which}, ${this.waiter})`;
  }
}

class WarmUp extends Step {
  readonly count: number;
  readonly key: string;

  constructor(which: number, count: number, key: string) {
    super(which);
    this.count = count;
    this.key = key;
  }

  override check(model: Readonly<Model>): boolean {
    // Openings of a warm-up are all begun before the first has failed; and one may evict what another has brought.
    const pool = this.poolOf(model);
    return model.failing === 0 && model.used + Math.max(0, this.count - pool.size) <= model.capacity && super.check(model);
  }

  inModel(model: Model, pool: ModelPool): void {
    model.warmUp(pool, this.count, this.key);
  }

  inReal(_: Real, pool: Real['pools'][0]): void {
    pool.warmUp(this.count, this.key).catch(() => {});
  }

  toString(): string {
    return `warmUp(${this.which}, ${this.count}, ${this.key})`;
  }
}

class Resize extends Step {
  readonly max: number;

  constructor(which: number, max: number) {
    super(which);
    this.max = max;
  }

  override check(model: Readonly<Model>): boolean {
    // Of several who are served at once, the order of their evictions is nobody's promise.
    const pool = this.poolOf(model);
    return Math.min(this.max - pool.out.size, pool.waiting.length) <= 1 && super.check(model);
  }

  inModel(model: Model, pool: ModelPool): void {
    model.resize(pool, this.max);
  }

  inReal(_: Real, pool: Real['pools'][0], before: ModelPool): void {
    if (before.closed) expect(() => pool.resize(this.max)).toThrow('was drained');
    else pool.resize(this.max);
  }

  toString(): string {
    return `resize(${this.which}, ${this.max})`;
  }
}

class Spoil extends Step {
  readonly what: 'check' | 'reset' | 'open';
  readonly thing: number;

  constructor(which: number, what: 'check' | 'reset' | 'open', thing: number) {
    super(which);
    this.what = what;
    this.thing = thing;
  }

  override check(): boolean {
    return true;
  }

  inModel(model: Model): void {
    const ids = [...model.open];
    if (this.what === 'open') model.failing = 1 + (this.thing % 3);
    else if (ids.length > 0) model[this.what === 'check' ? 'bad' : 'badResets'].add(ids[this.thing % ids.length] as number);
  }

  inReal(real: Real): void {
    const ids = [...real.open];
    if (this.what === 'open') real.failing = 1 + (this.thing % 3);
    else if (ids.length > 0) real[this.what === 'check' ? 'bad' : 'badResets'].add(ids[this.thing % ids.length] as number);
  }

  toString(): string {
    return `spoil(${this.what}, ${this.thing})`;
  }
}

class DrainIt extends Step {
  readonly seldom: number;

  constructor(which: number, seldom: number) {
    super(which);
    this.seldom = seldom;
  }

  override check(): boolean {
    return this.seldom === 0;
  }

  inModel(model: Model, pool: ModelPool): void {
    model.drain(pool);
  }

  inReal(_: Real, pool: Real['pools'][0]): void {
    pool.drain({ timeout: 1 }).catch(() => {});
  }

  toString(): string {
    return `drain(${this.which})`;
  }
}

const pool = fc.nat({ max: 1 });
const key = fc.constantFrom('a', 'b', 'c');
export const shapes: fc.Arbitrary<Shape> = fc.record({
  keyed: fc.boolean(),
  newestFirst: fc.boolean(),
  checks: fc.boolean(),
  resets: fc.boolean(),
  max: fc.integer({ min: 1, max: 3 }),
});

export function commandsOf(forgets: boolean): fc.Arbitrary<Iterable<fc.AsyncCommand<Model, Real>>> {
  const ends: (End | 'share' | 'move')[] = ['dispose', 'dispose', 'dispose', 'discard', 'detach', 'share', 'move'];
  if (forgets) ends.push('forget', 'forget');
  const acquire = fc.tuple(pool, key, fc.constantFrom(0, 0, 0, 1, -1)).map((values) => new Acquire(...values));
  const withLease = fc.tuple(pool, fc.nat({ max: 5 }), fc.constantFrom(...ends)).map((values) => new WithLease(...values));
  return fc.commands(
    [
      acquire,
      acquire,
      acquire,
      withLease,
      withLease,
      withLease,
      fc.tuple(pool, key).map((values) => new TryAcquire(...values)),
      fc.tuple(pool, fc.nat({ max: 5 })).map((values) => new Abort(...values)),
      fc.tuple(pool, fc.integer({ min: 1, max: 3 }), key).map((values) => new WarmUp(...values)),
      fc.tuple(pool, fc.integer({ min: 1, max: 4 })).map((values) => new Resize(...values)),
      fc.tuple(pool, fc.constantFrom<'check' | 'reset' | 'open'>('check', 'reset', 'open'), fc.nat({ max: 5 })).map((values) => new Spoil(...values)),
      fc.tuple(pool, fc.nat({ max: 9 })).map((values) => new DrainIt(...values)),
    ],
    { maxCommands: 40 },
  );
}
