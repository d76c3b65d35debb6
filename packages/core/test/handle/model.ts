// A model of handles, and commands that do the same to the model and to the real thing: what each handle's state must be, which raws are
// open, what budgets count, what was thrown, told, or promised. After every command both are compared.
import {
  Budget,
  collectGarbageSync,
  defineAsyncResource,
  defineResource,
  type AsyncHandle,
  DisposedError,
  Handle,
  InUseError,
  type LeakEvent,
  leaks,
  type LeakLevel,
  MovedError,
} from '@handback/core';
import fc from 'fast-check';
import { expect } from 'vitest';
import { type Gate, gate, Platform, turn } from './platform.ts';

// ── the model ────────────────────────────────────────────────────────────────────────────────────────────────────────────

type State = 'open' | 'closing' | 'closed';
/** What a disposeAsync promised. */
type Promised = 'pending' | 'resolved' | 'rejected';

interface Resource {
  readonly raw: number;
  readonly slow: boolean;
  readonly failing: boolean;
  readonly amount: number;
  readonly parent: Part | undefined;
  readonly owners: Set<Part>;
  phase: 'held' | 'releasing' | 'released' | 'detached';
}

/** One owner's part in a resource: what moves from handle to handle. */
interface Part {
  readonly resource: Resource;
  state: State;
  uses: number;
  children: number;
  promised: Promised | undefined;
}

/** A handle: the part that it owns, or nothing once it was moved from. Dropped: nobody holds it any more. */
interface HandleModel {
  part: Part;
  moved: boolean;
  dropped: boolean;
}

export class Model {
  readonly handles: HandleModel[] = [];
  readonly resources: Resource[] = [];
  /** Operations in flight, and the parts that they keep open. */
  readonly uses: Part[] = [];
  /** Slow releases that run, in the order in which they began. */
  readonly releasing: Part[] = [];
  /** Failures of releases that nobody could be told of but listeners. */
  failures = 0;

  /** Closes a part; true where a release ran within the call and failed. */
  close(part: Part): boolean {
    part.state = 'closing';
    return this.#finish(part);
  }

  endUse(part: Part): void {
    part.uses--;
    this.#finishLater(part);
  }

  /** A slow release has ended. */
  released(part: Part): void {
    part.state = 'closed';
    part.resource.phase = 'released';
    if (part.resource.failing) this.#tell(part);
    else if (part.promised === 'pending') part.promised = 'resolved';
    this.giveBack(part.resource);
  }

  giveBack({ parent }: Resource): void {
    if (parent === undefined) return;
    parent.children--;
    this.#finishLater(parent);
  }

  #finish(part: Part): boolean {
    const { resource } = part;
    if (part.uses > 0 || part.children > 0) return false;
    resource.owners.delete(part);
    if (resource.owners.size === 0 && resource.slow) {
      resource.phase = 'releasing';
      this.releasing.push(part);
      return false;
    }
    part.state = 'closed';
    const failed = resource.owners.size === 0 && resource.failing;
    if (!failed && part.promised === 'pending') part.promised = 'resolved';
    if (resource.owners.size > 0) return false;
    resource.phase = 'released';
    this.giveBack(resource);
    return failed;
  }

  /** Where no call waits for it. */
  #finishLater(part: Part): void {
    if (part.state !== 'closing' || part.resource.phase !== 'held') return;
    if (this.#finish(part)) this.#tell(part);
  }

  #tell(part: Part): void {
    if (part.promised === 'pending') part.promised = 'rejected';
    else this.failures++;
  }

  /** A collection: what was dropped, is open and not in use is found, the newest first. */
  collect(): void {
    for (const handle of this.handles.toReversed()) {
      const { part } = handle;
      if (!handle.dropped || handle.moved || part.state !== 'open' || part.uses > 0) continue;
      if (this.close(part)) this.#tell(part);
    }
  }
}

// ── the real thing ───────────────────────────────────────────────────────────────────────────────────────────────────────

const eio = new Error('EIO');

export class Real {
  readonly platform = new Platform();
  readonly root = new Budget({ name: 'root', capacity: 10_000 });
  readonly budget = this.root.child({ name: 'model', capacity: 10_000 });
  readonly handles: (AsyncHandle<number> | undefined)[] = [];
  /** Handles that are dropped with the next collection: so that no other one finds them before. */
  readonly dropped: AsyncHandle<number>[] = [];
  readonly promises = new Map<number, Promise<void>>();
  readonly uses: { gate: Gate; promise: Promise<void> }[] = [];
  readonly releases: { raw: number; gate: Gate }[] = [];
  readonly failing = new Set<number>();
  readonly amounts = new Map<number, number>();
  readonly events: LeakEvent[] = [];
  readonly settled = new Map<Promise<void>, Promised>();
  readonly #subscription: Disposable;

  constructor(level: LeakLevel) {
    leaks.configure({ level, warn: false });
    const { events } = this;
    this.#subscription = leaks.subscribe((event) => events.push(event));
  }

  readonly fast = this.#fast();
  readonly slow = this.#slow();

  // Functions of their own: a release function must not see a scope that holds a handle.
  #fast() {
    const { platform, failing, amounts, budget } = this;
    return defineResource({
      kind: 'fast',
      release: (raw: number) => {
        platform.release(raw);
        if (failing.has(raw)) throw eio;
      },
      measure: (raw) => ({ budget, amount: amounts.get(raw) as number }),
    });
  }

  #slow() {
    const { platform, failing, amounts, budget, releases } = this;
    return defineAsyncResource({
      kind: 'slow',
      release: async (raw: number) => {
        const releasing = { raw, gate: gate() };
        releases.push(releasing);
        await releasing.gate.promise;
        platform.release(raw);
        if (failing.has(raw)) throw eio;
      },
      measure: (raw) => ({ budget, amount: amounts.get(raw) as number }),
    });
  }

  end(): void {
    this.#subscription[Symbol.dispose]();
  }
}

/** Both are the same, as far as can be seen from outside. */
export async function compare(model: Model, real: Real): Promise<void> {
  await turn();
  for (const [index, { part, moved, dropped }] of model.handles.entries()) {
    const handle = real.handles[index];
    if (dropped || handle === undefined) continue;
    const state = moved ? 'moved' : part.state;
    expect([index, handle.state]).toEqual([index, state]);
    if (state === 'open') expect(handle.value).toBe(part.resource.raw);
    else expect(() => handle.value).toThrow(state === 'moved' ? MovedError : DisposedError);
  }
  const held = model.resources.filter(({ phase }) => phase === 'held' || phase === 'releasing');
  const gone = model.resources.filter(({ phase }) => phase === 'released');
  const open = model.resources.filter(({ phase }) => phase !== 'released');
  expect([...real.platform.open].sort()).toEqual(open.map(({ raw }) => raw).sort());
  expect([...real.platform.released].sort()).toEqual(gone.map(({ raw }) => raw).sort());
  const order = real.platform.released;
  for (const { raw, parent } of gone) if (parent?.resource.phase === 'released') expect(order.indexOf(raw)).toBeLessThan(order.indexOf(parent.resource.raw));
  const used = held.reduce((sum, { amount }) => sum + amount, 0);
  expect([real.budget.stats().used, real.root.stats().used]).toEqual([used, used]);
  expect(real.events.filter(({ event }) => event === 'release-error').length).toBe(model.failures);
  expect(real.events.filter(({ event, error }) => event === 'release-error' && error !== eio)).toEqual([]);
  for (const [index, promise] of real.promises) expect([index, real.settled.get(promise)]).toEqual([index, model.handles[index]?.part.promised]);
}

// ── the commands ─────────────────────────────────────────────────────────────────────────────────────────────────────────

type Command = fc.AsyncCommand<Model, Real>;

/** A command on one of the handles that are held. */
abstract class OnHandle implements Command {
  readonly pick: number;
  constructor(pick: number) {
    this.pick = pick;
  }

  check({ handles }: Model): boolean {
    return handles.some(({ dropped }) => !dropped);
  }

  async run(model: Model, real: Real): Promise<void> {
    const held = model.handles.flatMap(({ dropped }, index) => (dropped ? [] : [index]));
    const index = held[this.pick % held.length] as number;
    this.act(model, real, model.handles[index] as HandleModel, real.handles[index] as AsyncHandle<number>, index);
    await compare(model, real);
  }

  abstract act(model: Model, real: Real, expected: HandleModel, handle: AsyncHandle<number>, index: number): void;

  toString(): string {
    return `${this.constructor.name}(${this.pick})`;
  }
}

/** Opens and owns one, under one of the handles that are held if `parent` says so. */
class Own implements Command {
  readonly options: {
    readonly slow: boolean;
    readonly failing: boolean;
    readonly amount: number;
    readonly parent: number | undefined;
    readonly labelled: boolean;
  };
  constructor(options: Own['options']) {
    this.options = options;
  }

  check(): boolean {
    return true;
  }

  async run(model: Model, real: Real): Promise<void> {
    const { slow, failing, amount, labelled } = this.options;
    const held = model.handles.flatMap(({ dropped }, index) => (dropped ? [] : [index]));
    const at = this.options.parent === undefined || held.length === 0 ? undefined : (held[this.options.parent % held.length] as number);
    const raw = real.platform.openRaw();
    if (failing) real.failing.add(raw);
    real.amounts.set(raw, amount);
    const above = at === undefined ? undefined : (model.handles[at] as HandleModel);
    const own = (): void => {
      const options = { label: labelled ? `raw ${raw}` : undefined, parent: at === undefined ? undefined : real.handles[at] };
      real.handles.push((slow ? real.slow : real.fast).own(raw, options));
    };
    if (above !== undefined && (above.moved || above.part.state !== 'open')) {
      expect(own).toThrow(above.moved ? MovedError : DisposedError);
      // It is still the caller's.
      real.platform.open.delete(raw);
    } else {
      own();
      const resource: Resource = { raw, slow, failing, amount, parent: above?.part, owners: new Set(), phase: 'held' };
      const part: Part = { resource, state: 'open', uses: 0, children: 0, promised: undefined };
      if (above !== undefined) above.part.children++;
      resource.owners.add(part);
      model.resources.push(resource);
      model.handles.push({ part, moved: false, dropped: false });
    }
    await compare(model, real);
  }

  toString(): string {
    return `Own(${JSON.stringify(this.options)})`;
  }
}

class Dispose extends OnHandle {
  act(model: Model, _real: Real, expected: HandleModel, handle: AsyncHandle<number>): void {
    if (!(handle instanceof Handle)) return;
    const failed = !expected.moved && expected.part.state === 'open' && model.close(expected.part);
    if (failed) expect(() => handle[Symbol.dispose]()).toThrow(eio);
    else handle[Symbol.dispose]();
  }
}

class DisposeAsync extends OnHandle {
  act(model: Model, real: Real, expected: HandleModel, handle: AsyncHandle<number>, index: number): void {
    const promise = handle[Symbol.asyncDispose]();
    const { part } = expected;
    if (expected.moved) {
      real.settled.set(promise, 'resolved');
      return;
    }
    const known = real.promises.get(index);
    // After a move the promise is the resource's: whoever asked first has the same.
    if (known !== undefined) expect(promise).toBe(known);
    real.promises.set(index, promise);
    if (!real.settled.has(promise)) {
      real.settled.set(promise, 'pending');
      const note = (how: Promised) => (): void => void real.settled.set(promise, how);
      promise.then(note('resolved'), note('rejected'));
    }
    if (part.promised !== undefined) return;
    part.promised = part.state === 'closed' ? 'resolved' : 'pending';
    if (part.state === 'open' && model.close(part)) part.promised = 'rejected';
  }
}

class Use extends OnHandle {
  act(_model: Model, real: Real, expected: HandleModel, handle: AsyncHandle<number>): void {
    if (expected.moved || expected.part.state !== 'open') expect(() => handle.use(() => 0)).toThrow(expected.moved ? MovedError : DisposedError);
    else expect(handle.use((raw) => real.platform.touch(raw))).toBe(expected.part.resource.raw);
  }
}

/** Disposes, shares, moves or detaches within an operation. */
class UseAndDispose extends OnHandle {
  act(model: Model, real: Real, expected: HandleModel, handle: AsyncHandle<number>): void {
    if (expected.moved || expected.part.state !== 'open' || !(handle instanceof Handle)) return;
    handle.use((raw) => {
      handle.dispose();
      expect(() => handle.value).toThrow(DisposedError);
      real.platform.touch(raw);
    });
    expected.part.uses++;
    model.close(expected.part);
    model.endUse(expected.part);
  }
}

class StartUse extends OnHandle {
  act(model: Model, real: Real, expected: HandleModel, handle: AsyncHandle<number>): void {
    if (expected.moved || expected.part.state !== 'open') return;
    const running = gate();
    const { platform } = real;
    const promise = handle.use((raw) => platform.operate(raw, running.promise));
    promise.catch(() => {});
    real.uses.push({ gate: running, promise });
    expected.part.uses++;
    model.uses.push(expected.part);
  }
}

class Move extends OnHandle {
  act(model: Model, real: Real, expected: HandleModel, handle: AsyncHandle<number>): void {
    if (expected.moved || expected.part.state !== 'open') {
      expect(() => handle.move()).toThrow(expected.moved ? MovedError : DisposedError);
      return;
    }
    real.handles.push(handle.move());
    model.handles.push({ part: expected.part, moved: false, dropped: false });
    expected.moved = true;
  }
}

class Share extends OnHandle {
  act(model: Model, real: Real, expected: HandleModel, handle: AsyncHandle<number>): void {
    if (expected.moved || expected.part.state !== 'open') {
      expect(() => handle.share()).toThrow(expected.moved ? MovedError : DisposedError);
      return;
    }
    real.handles.push(handle.share());
    const part: Part = { resource: expected.part.resource, state: 'open', uses: 0, children: 0, promised: undefined };
    part.resource.owners.add(part);
    model.handles.push({ part, moved: false, dropped: false });
  }
}

class Detach extends OnHandle {
  act(model: Model, _real: Real, expected: HandleModel, handle: AsyncHandle<number>): void {
    const { part } = expected;
    const { resource } = part;
    if (expected.moved || part.state !== 'open') expect(() => handle.detach()).toThrow(expected.moved ? MovedError : DisposedError);
    else if (part.uses > 0 || part.children > 0 || resource.owners.size > 1) expect(() => handle.detach()).toThrow(InUseError);
    else {
      expect(handle.detach()).toBe(resource.raw);
      expected.moved = true;
      resource.owners.clear();
      resource.phase = 'detached';
      model.giveBack(resource);
    }
  }
}

/** Forgets the handle: with the next collection there is no reference left. */
class Drop extends OnHandle {
  act(_model: Model, real: Real, expected: HandleModel, handle: AsyncHandle<number>, index: number): void {
    expected.dropped = true;
    real.dropped.push(handle);
    real.handles[index] = undefined;
    real.promises.delete(index);
  }
}

class EndUse implements Command {
  readonly pick: number;
  readonly fails: boolean;
  constructor(pick: number, fails: boolean) {
    this.pick = pick;
    this.fails = fails;
  }

  check({ uses }: Model): boolean {
    return uses.length > 0;
  }

  async run(model: Model, real: Real): Promise<void> {
    const index = this.pick % model.uses.length;
    const [part] = model.uses.splice(index, 1) as [Part];
    const [use] = real.uses.splice(index, 1) as [Real['uses'][number]];
    if (this.fails) use.gate.fail(new Error('operation'));
    else use.gate.open();
    await use.promise.catch(() => {});
    model.endUse(part);
    await compare(model, real);
  }

  toString(): string {
    return `EndUse(${this.pick}, ${this.fails})`;
  }
}

class EndRelease implements Command {
  readonly pick: number;
  constructor(pick: number) {
    this.pick = pick;
  }

  check({ releasing }: Model): boolean {
    return releasing.length > 0;
  }

  async run(model: Model, real: Real): Promise<void> {
    const [part] = model.releasing.splice(this.pick % model.releasing.length, 1) as [Part];
    const index = real.releases.findIndex(({ raw }) => raw === part.resource.raw);
    const [releasing] = real.releases.splice(index, 1) as [Real['releases'][number]];
    releasing.gate.open();
    await turn();
    model.released(part);
    await compare(model, real);
  }

  toString(): string {
    return `EndRelease(${this.pick})`;
  }
}

class Collect implements Command {
  check(): boolean {
    return true;
  }

  async run(model: Model, real: Real): Promise<void> {
    real.dropped.length = 0;
    expect(collectGarbageSync()).toBe(true);
    model.collect();
    await compare(model, real);
  }

  toString(): string {
    return 'Collect()';
  }
}

/** Ends whatever is left, in the order in which it comes; then nothing may be left. */
export async function endAll(model: Model, real: Real): Promise<void> {
  while (model.uses.length > 0) await new EndUse(0, false).run(model, real);
  for (const [index, handle] of real.handles.entries()) {
    if (handle === undefined) continue;
    new DisposeAsync(0).act(model, real, model.handles[index] as HandleModel, handle, index);
    await compare(model, real);
  }
  for (let rounds = 0; rounds < 20; rounds++) {
    while (model.releasing.length > 0) await new EndRelease(0).run(model, real);
    await new Collect().run(model, real);
    if (model.resources.every(({ phase }) => phase === 'released' || phase === 'detached')) break;
  }
  expect(model.resources.filter(({ phase }) => phase !== 'released' && phase !== 'detached')).toEqual([]);
  real.end();
}

const pick = fc.nat({ max: 1_000 });
const ownOptions = fc.record({
  slow: fc.boolean(),
  failing: fc.integer({ min: 0, max: 4 }).map((number) => number === 0),
  amount: fc.integer({ min: 0, max: 5 }),
  parent: fc.option(pick, { nil: undefined }),
  labelled: fc.boolean(),
});

export const commands: fc.Arbitrary<Iterable<Command>> = fc.commands(
  [
    ownOptions.map((options) => new Own(options)),
    ownOptions.map((options) => new Own({ ...options, slow: false })),
    pick.map((at) => new Dispose(at)),
    pick.map((at) => new DisposeAsync(at)),
    pick.map((at) => new Use(at)),
    pick.map((at) => new UseAndDispose(at)),
    pick.map((at) => new StartUse(at)),
    fc.tuple(pick, fc.boolean()).map(([at, fails]) => new EndUse(at, fails)),
    pick.map((at) => new Move(at)),
    pick.map((at) => new Share(at)),
    pick.map((at) => new Detach(at)),
    pick.map((at) => new Drop(at)),
    pick.map((at) => new Drop(at)),
    pick.map((at) => new EndRelease(at)),
    fc.constant(new Collect()),
  ],
  { maxCommands: 80, size: 'max' },
);
