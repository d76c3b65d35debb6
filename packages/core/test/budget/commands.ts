// What can be done to budgets, each done to the library and to the model alike, and then compared.
import fc from 'fast-check';
import { expect, vi } from 'vitest';
import { Budget, defineResource, type Handle, type Permit, type SyncResourceKind } from '@handback/core';
import { Model, ModelBudget, type Code, type ModelWaiter, type Oversize, type Part } from './model.ts';
import { TICKETS_A_STEP } from '../../src/budget/line.ts';
import { settled, thrownBy } from './support.ts';

type Wanted = readonly { readonly budget: number; readonly asked: number }[];

/** `id` where it may wait. */
interface Request {
  readonly id: number | undefined;
  readonly wanted: Wanted;
}

export interface Shape {
  readonly parent: number;
  readonly capacity: number;
  readonly oversize: Oversize;
}

/** The library's side of a run. */
export class Real {
  readonly budgets: Budget[] = [];
  readonly held = new Map<number, Permit | Handle<number>>();
  /** Those who might wait, in the order in which they were granted: permits, and resources. */
  readonly granted: { permits: number[]; resources: number[] } = { permits: [], resources: [] };
  readonly refused = new Map<number, unknown>();
  readonly signals = new Map<number, AbortController>();
  /** Grows with each step: a comparison holds only if no step was taken while it waited for promises. */
  steps = 0;
  ids = 0;
  readonly resources: Set<number> = new Set();
  /** The trees that a request asks something of. */
  readonly roots: Map<number, Set<ModelBudget | undefined>> = new Map();
  /** Where steps are put off to a time that a scheduler chooses. */
  readonly later: ((step: () => Promise<void>) => void) | undefined;

  readonly kind: SyncResourceKind<number, Request, Handle<number>> = defineResource({
    kind: 'thing',
    openSync: ({ id }: Request) => {
      // It is opened as soon as it was granted; its promise takes longer to come true.
      if (id !== undefined) this.granted.resources.push(id);
      return 1;
    },
    release: () => {},
    cost: ({ wanted }: Request) => wanted.map(({ budget, asked }) => ({ budget: this.budgets[budget] as Budget, amount: asked })),
  });

  constructor(later?: (step: () => Promise<void>) => void) {
    this.later = later;
  }
}

/** Makes a forest in both. */
export function plant(shapes: readonly Shape[], model: Model, real: Real): void {
  for (const shape of shapes) addBudget(shape, model, real);
}

function addBudget({ parent, capacity, oversize }: Shape, model: Model, real: Real): void {
  const above = parent < 0 || model.budgets.length === 0 ? undefined : parent % model.budgets.length;
  const options = { name: `budget ${model.budgets.length}`, capacity, oversize };
  const parentBudget = above === undefined ? undefined : model.budgets[above];
  if (parentBudget?.up.some(({ closed }) => closed)) {
    expect(codeOf(thrownBy(() => real.budgets[above as number]?.child(options)))).toBe('ERR_CLOSED');
    return;
  }
  model.budgets.push(new ModelBudget(capacity, oversize, parentBudget));
  real.budgets.push(above === undefined ? new Budget(options) : (real.budgets[above] as Budget).child(options));
}

function codeOf(error: unknown): unknown {
  return error === 'aborted' ? error : (error as { code?: unknown } | undefined)?.code;
}

/** Lets promises come true, and compares. */
export async function compare(model: Model, real: Real): Promise<void> {
  for (let steps = -1; steps !== real.steps;) {
    ({ steps } = real);
    await settled();
  }
  const ours = real.budgets.map((budget) => budget.stats());
  const theirs = model.budgets.map((budget) => ({
    capacity: budget.capacity,
    used: budget.used,
    available: budget.capacity - budget.used,
    waiting: model.waiting.filter(({ parts }) => parts.some((part) => part.budget === budget)).length,
    peak: budget.peak,
    reclaimed: 0,
  }));
  expect(ours).toEqual(theirs);
  // The order is that of each tree: which of two trees is served first, when something comes back to both, is nobody's affair.
  for (const root of model.budgets.filter(({ parent }) => parent === undefined)) {
    const ofRoot = (id: number): boolean => real.roots.get(id)?.has(root) === true;
    const served = model.granted.filter(ofRoot);
    expect({ permits: real.granted.permits.filter(ofRoot), resources: real.granted.resources.filter(ofRoot) }).toEqual({
      permits: served.filter((id) => !real.resources.has(id)),
      resources: served.filter((id) => real.resources.has(id)),
    });
  }
  expect(new Map([...real.refused].map(([id, error]) => [id, codeOf(error)]))).toEqual(model.refused);
  expect([...real.held.keys()].toSorted((a, b) => a - b)).toEqual([...model.held.keys()].toSorted((a, b) => a - b));
  for (const [id, { parts }] of model.held) {
    const held = real.held.get(id);
    if (held !== undefined && 'amount' in held) expect(held.amount).toBe(parts[0]?.amount);
  }
}

/** Gives everything back: then nothing is used, and nobody waits who could be served. */
export async function windUp(model: Model, real: Real): Promise<void> {
  while (model.held.size > 0) {
    for (const [id, held] of real.held) {
      held.dispose();
      real.held.delete(id);
      model.giveBack(id);
    }
    await compare(model, real);
  }
  expect(real.budgets.map((budget) => budget.stats().used)).toEqual(model.budgets.map(() => 0));
}

/** Ends a run, however it went: nobody waits, and no timer runs. A run that is shrunk must not find what a failed one has left. */
export async function end(real: Real): Promise<void> {
  for (const budget of real.budgets) budget.dispose();
  await settled();
  expect(real.budgets.map((budget) => budget.stats().waiting)).toEqual(real.budgets.map(() => 0));
  await vi.advanceTimersByTimeAsync(2_000);
  expect(vi.getTimerCount()).toBe(0);
}

/** A step that is taken in both at once. What it says of itself is what a failure prints. */
abstract class Step implements fc.AsyncCommand<Model, Real> {
  readonly late: boolean;

  constructor(late: boolean) {
    this.late = late;
  }

  check(): boolean {
    return true;
  }

  async run(model: Model, real: Real): Promise<void> {
    const step = async (): Promise<void> => {
      real.steps++;
      this.take(model, real);
      await this.wait?.();
      await compare(model, real);
    };
    if (this.late && real.later !== undefined) real.later(step);
    else await step();
  }

  abstract take(model: Model, real: Real): void;
  wait?(): Promise<void>;
  abstract toString(): string;
}

/** One budget in ten asks for several at once. */
const request = fc.oneof(
  { weight: 4, arbitrary: fc.array(fc.record({ budget: fc.nat(), asked: amounts() }), { minLength: 1, maxLength: 1 }) },
  { weight: 2, arbitrary: fc.array(fc.record({ budget: fc.nat(), asked: amounts() }), { minLength: 2, maxLength: 3 }) },
);

function amounts(): fc.Arbitrary<number> {
  return fc.oneof({ weight: 6, arbitrary: fc.integer({ min: 1, max: 4 }) }, { weight: 1, arbitrary: fc.integer({ min: 5, max: 40 }) });
}

function capacities(): fc.Arbitrary<number> {
  return fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 0, max: 8 }) }, { weight: 2, arbitrary: fc.integer({ min: 10, max: 40 }) });
}

/** Indices that exist, and the sum of what is asked of each. */
function wantedOf(wanted: Wanted, model: Model): Wanted {
  const sums = new Map<number, number>();
  for (const { budget, asked } of wanted) {
    const index = budget % model.budgets.length;
    sums.set(index, (sums.get(index) ?? 0) + asked);
  }
  return [...sums].map(([budget, asked]) => ({ budget, asked }));
}

function fit(wanted: Wanted, model: Model): Part[] | Code {
  return model.fit(wanted.map(({ budget, asked }) => ({ budget: model.budgets[budget] as ModelBudget, asked })));
}

class Acquire extends Step {
  readonly wanted: Wanted;
  readonly options: { priority: number; timeout: number | undefined; signal: number | undefined };

  constructor(late: boolean, wanted: Wanted, options: { priority: number; timeout: number | undefined; signal: number | undefined }) {
    super(late);
    this.wanted = wanted;
    this.options = options;
  }

  take(model: Model, real: Real): void {
    const id = real.ids++;
    const wanted = wantedOf(this.wanted, model);
    const { priority, signal } = this.options;
    real.roots.set(id, new Set(wanted.map(({ budget }) => model.budgets[budget]?.up.at(-1))));
    // No two deadlines at once: which of them is first is nobody's promise.
    const deadlines = new Set(model.waiting.map(({ deadline }) => deadline));
    let timeout = this.options.timeout ?? Number.POSITIVE_INFINITY;
    while (Number.isFinite(timeout) && deadlines.has(model.now + timeout)) timeout++;
    if (signal !== undefined && !real.signals.has(signal)) real.signals.set(signal, new AbortController());
    const controller = signal === undefined ? undefined : real.signals.get(signal);
    const options = { priority, timeout: this.options.timeout === undefined ? undefined : timeout, signal: controller?.signal };
    this.#real(real, id, wanted, options);
    const parts = fit(wanted, model);
    if (controller?.signal.aborted === true) model.refused.set(id, 'aborted');
    else if (typeof parts === 'string') model.refused.set(id, parts);
    else if (!model.ask(id, parts, false)) model.join(id, parts, { priority, deadline: model.now + timeout, signal });
    if (model.held.has(id) && !model.granted.includes(id)) model.granted.push(id);
  }

  #real(real: Real, id: number, wanted: Wanted, options: object): void {
    const [only, ...more] = wanted as [Wanted[0]];
    const isPermit = more.length === 0 && id % 2 === 0;
    if (!isPermit) real.resources.add(id);
    const acquire: Promise<Permit | Handle<number>> = isPermit
      ? (real.budgets[only.budget] as Budget).acquire(only.asked, options)
      : real.kind.acquire({ id, wanted }, options);
    acquire.then(
      (held) => {
        if (isPermit) real.granted.permits.push(id);
        real.held.set(id, held);
      },
      (error: unknown) => real.refused.set(id, error),
    );
  }

  toString(): string {
    const { priority, timeout, signal } = this.options;
    return `acquire(${JSON.stringify(this.wanted)}, priority ${priority}, timeout ${timeout}, signal ${signal})${this.late ? ' later' : ''}`;
  }
}

class AcquireNow extends Step {
  readonly wanted: Wanted;
  readonly sync: boolean;

  constructor(late: boolean, wanted: Wanted, sync: boolean) {
    super(late);
    this.wanted = wanted;
    this.sync = sync;
  }

  take(model: Model, real: Real): void {
    const id = real.ids++;
    const wanted = wantedOf(this.sync ? this.wanted : this.wanted.slice(0, 1), model);
    const { budget: index, asked } = wanted[0] as Wanted[0];
    const budget = real.budgets[index] as Budget;
    let held: Permit | Handle<number> | undefined;
    const error = thrownBy(() => {
      if (!this.sync) held = budget.tryAcquire(asked);
      else held = wanted.length === 1 ? budget.acquireSync(asked) : real.kind.acquireSync({ id: undefined, wanted });
    });
    if (held !== undefined) real.held.set(id, held);
    const parts = fit(wanted, model);
    const code = typeof parts === 'string' ? parts : model.ask(id, parts, this.sync) ? undefined : 'ERR_BUDGET_EXCEEDED';
    expect(codeOf(error)).toBe(this.sync || code === 'ERR_CLOSED' ? code : undefined);
  }

  toString(): string {
    return `${this.sync ? 'acquireSync' : 'tryAcquire'}(${JSON.stringify(this.wanted)})${this.late ? ' later' : ''}`;
  }
}

class Reserve extends Step {
  readonly budget: number;
  readonly amount: number;

  constructor(budget: number, amount: number) {
    super(false);
    this.budget = budget;
    this.amount = amount;
  }

  take(model: Model, real: Real): void {
    const id = real.ids++;
    const index = this.budget % model.budgets.length;
    const budget = model.budgets[index] as ModelBudget;
    const error = thrownBy(() => real.held.set(id, (real.budgets[index] as Budget).reserve(this.amount)));
    const closed = budget.up.some((above) => above.closed);
    expect(codeOf(error)).toBe(closed ? 'ERR_CLOSED' : undefined);
    if (closed) return;
    model.reserve(id, { budget, asked: this.amount, amount: this.amount });
  }

  toString(): string {
    return `reserve(${this.budget}, ${this.amount})`;
  }
}

/** Something that is done to one of those who hold something. */
class WithHeld extends Step {
  readonly which: number;
  readonly act: 'dispose' | 'settle' | 'split';
  readonly amount: number;

  constructor(late: boolean, which: number, act: 'dispose' | 'settle' | 'split', amount: number) {
    super(late);
    this.which = which;
    this.act = act;
    this.amount = amount;
  }

  take(model: Model, real: Real): void {
    // What was granted in this very job has not reached its owner yet.
    const ids = [...real.held.keys()].filter((id) => model.held.has(id));
    const id = ids[this.which % ids.length];
    if (id === undefined) return;
    const held = real.held.get(id) as Permit | Handle<number>;
    if (this.act === 'dispose' || !('amount' in held)) {
      held.dispose();
      held.dispose();
      real.held.delete(id);
      model.giveBack(id);
    } else if (this.act === 'settle') {
      held.settle(this.amount - 1);
      model.settle(id, this.amount - 1);
    } else if (held.amount > this.amount) {
      const other = real.ids++;
      real.held.set(other, held.split(this.amount));
      model.split(id, other, this.amount);
    } else expect(() => held.split(this.amount)).toThrow(RangeError);
  }

  toString(): string {
    return `${this.act}(held ${this.which}, ${this.amount})${this.late ? ' later' : ''}`;
  }
}

class Resize extends Step {
  readonly budget: number;
  readonly capacity: number;

  constructor(late: boolean, budget: number, capacity: number) {
    super(late);
    this.budget = budget;
    this.capacity = capacity;
  }

  take(model: Model, real: Real): void {
    const index = this.budget % model.budgets.length;
    real.budgets[index]?.resize(this.capacity);
    model.resize(model.budgets[index] as ModelBudget, this.capacity);
  }

  toString(): string {
    return `resize(${this.budget}, ${this.capacity})${this.late ? ' later' : ''}`;
  }
}

class Close extends Step {
  readonly budget: number;

  constructor(late: boolean, budget: number) {
    super(late);
    this.budget = budget;
  }

  take(model: Model, real: Real): void {
    const index = this.budget % model.budgets.length;
    real.budgets[index]?.dispose();
    const budget = model.budgets[index] as ModelBudget;
    if (!budget.closed) model.close(budget);
  }

  toString(): string {
    return `close(${this.budget})${this.late ? ' later' : ''}`;
  }
}

class Add extends Step {
  readonly shape: Shape;

  constructor(shape: Shape) {
    super(false);
    this.shape = shape;
  }

  take(model: Model, real: Real): void {
    addBudget(this.shape, model, real);
  }

  toString(): string {
    return `add(${JSON.stringify(this.shape)})`;
  }
}

class Abort extends Step {
  readonly signal: number;

  constructor(late: boolean, signal: number) {
    super(late);
    this.signal = signal;
  }

  take(model: Model, real: Real): void {
    real.signals.get(this.signal)?.abort('aborted');
    const ended = model.waiting.filter(({ signal }) => signal === this.signal);
    if (ended.length > 0) model.refuse(new Map(ended.map((waiter): [ModelWaiter, Code] => [waiter, 'aborted'])));
    // Who comes later gets a new one, but for one in three.
    if (real.ids % 3 !== 0) real.signals.delete(this.signal);
  }

  toString(): string {
    return `abort(${this.signal})${this.late ? ' later' : ''}`;
  }
}

class Pass extends Step {
  readonly ms: number;

  constructor(ms: number) {
    super(false);
    this.ms = ms;
  }

  // Millisecond by millisecond: promises come true in between, as they would.
  take(model: Model, real: Real): void {
    vi.advanceTimersByTime(this.ms);
    model.pass(this.ms);
    real.steps++;
  }

  toString(): string {
    return `pass(${this.ms} ms)`;
  }
}

export const forests: fc.Arbitrary<Shape[]> = fc.array(shapes(), { minLength: 1, maxLength: 6 });

function shapes(): fc.Arbitrary<Shape> {
  return fc.record({
    parent: fc.integer({ min: -2, max: 5 }),
    capacity: capacities(),
    oversize: fc.oneof({ weight: 3, arbitrary: fc.constant<Oversize>('reject') }, { weight: 1, arbitrary: fc.constant<Oversize>('alone') }),
  });
}

const late = fc.boolean();

const options = fc.record({
  priority: fc.oneof(
    { weight: 4, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.constantFrom(1, -1, ...[-4, -2, -1, 1, 2, 4].map((places) => places / TICKETS_A_STEP)) },
  ),
  timeout: fc.option(fc.integer({ min: 1, max: 120 }), { nil: undefined, freq: 2 }),
  signal: fc.option(fc.nat({ max: 2 }), { nil: undefined, freq: 2 }),
});

export function commandsOf(constraints: fc.CommandsContraints): fc.Arbitrary<Iterable<fc.AsyncCommand<Model, Real>>> {
  return fc.commands(
    [
      fc.tuple(late, request, options).map((values) => new Acquire(...values)),
      fc.tuple(late, request, options).map((values) => new Acquire(...values)),
      fc.tuple(late, request, options).map((values) => new Acquire(...values)),
      fc.tuple(late, request, fc.boolean()).map((values) => new AcquireNow(...values)),
      fc.tuple(late, fc.nat(), fc.constant<'dispose'>('dispose'), amounts()).map((values) => new WithHeld(...values)),
      fc.tuple(late, fc.nat(), fc.constant<'dispose'>('dispose'), amounts()).map((values) => new WithHeld(...values)),
      fc.tuple(late, fc.nat(), fc.constantFrom<'settle' | 'split'>('settle', 'split'), amounts()).map((values) => new WithHeld(...values)),
      fc.tuple(fc.nat(), amounts()).map((values) => new Reserve(...values)),
      fc.tuple(late, fc.nat(), capacities()).map((values) => new Resize(...values)),
      fc.tuple(late, fc.nat({ max: 30 })).map((values) => new Close(...values)),
      fc.tuple(shapes()).map((values) => new Add(...values)),
      fc.tuple(late, fc.nat({ max: 2 })).map((values) => new Abort(...values)),
      fc.integer({ min: 1, max: 60 }).map((ms) => new Pass(ms)),
    ],
    constraints,
  );
}
