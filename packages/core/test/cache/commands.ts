// The same done to the model and to a real cache, and the comparison of both once everything that is due has happened.
import { Budget, collectGarbageSync, defineResource, leaks, ResourceCache, type Handle, type LeakEvent, type Permit } from '@handback/core';
import fc from 'fast-check';
import { expect, vi } from 'vitest';
import { gate, turn, type Gate } from '../handle/platform.ts';
import { Library } from './library.ts';
import type { Asked, Book, Model } from './model.ts';

interface Answer {
  readonly asked: Asked;
  readonly controller: AbortController;
  state: Asked['state'];
}

export class Real {
  readonly library = new Library();
  readonly budget: Budget;
  readonly cache: ResourceCache<Handle<number>, string>;
  readonly openings: (Gate & { readonly key: string })[] = [];
  readonly answers: Answer[] = [];
  /** By the index of the model's users; undefined once forgotten. */
  readonly users: (Handle<number> | undefined)[] = [];
  readonly permits: Permit[] = [];
  readonly problems: unknown[] = [];
  readonly events: LeakEvent[] = [];
  readonly subscription = leaks.subscribe((event) => void this.events.push(event));
  disposed: Promise<void> | undefined;

  constructor(max: number, capacity: number) {
    const { library, openings } = this;
    const budget = (this.budget = new Budget({ name: 'desk', capacity }));
    const kind = defineResource({
      kind: 'book',
      open: async (key: string) => {
        const opening = { ...gate(), key };
        openings.push(opening);
        await opening.promise;
        return library.openBook(key);
      },
      release: (raw: number) => {
        try {
          library.release(raw);
        } catch (error) {
          this.problems.push(error);
        }
      },
      cost: () => ({ budget, amount: 1 }),
    });
    this.cache = new ResourceCache(kind, { key: (name: string) => name, max });
  }

  acquire(model: Model, key: string): void {
    const controller = new AbortController();
    const answer: Answer = { asked: model.acquire(key), controller, state: 'waiting' };
    this.answers.push(answer);
    this.cache.acquire(key, { signal: controller.signal }).then(
      (handle) => {
        answer.state = 'granted';
        const user = answer.asked.user;
        if (user === undefined) this.problems.push(`granted '${key}' against the model`);
        else this.users[model.users.indexOf(user)] = handle;
      },
      () => void (answer.state = 'refused'),
    );
  }

  ask(model: Model): void {
    const controller = new AbortController();
    const answer: Answer = { asked: model.permit(), controller, state: 'waiting' };
    this.answers.push(answer);
    this.budget.acquire(1, { signal: controller.signal }).then(
      (permit) => {
        answer.state = 'granted';
        this.permits.push(permit);
      },
      () => void (answer.state = 'refused'),
    );
  }

  /** Everything that is due: microtasks, turns, and the rounds of a reclaim. */
  async settle(): Promise<void> {
    await vi.advanceTimersByTimeAsync(300);
    await turn();
  }

  async compare(model: Model): Promise<void> {
    await this.settle();
    expect(this.problems).toEqual([]);
    const cached = [...model.cached.values()];
    const waiting = new Set([...model.places, ...model.line.filter((one): one is Book => 'phase' in one), ...model.opening]);
    expect({ cache: this.cache.stats(), budget: this.budget.stats(), openings: this.openings.map(({ key }) => key) }).toMatchObject({
      cache: { size: cached.filter(({ phase }) => phase === 'open').length, idle: model.idle.length, opening: waiting.size },
      budget: { used: model.used, waiting: model.line.length },
      openings: model.opening.map(({ key }) => key),
    });
    expect(this.answers.map(({ state }) => state)).toEqual(this.answers.map(({ asked }) => asked.state));
    const open = new Set([...model.idle, ...model.users.filter(({ state }) => state === 'open').map(({ book }) => book)]);
    expect(this.library.shelved.sort()).toEqual([...open].map(({ key }) => key).sort());
    const raws = new Map<Book, number>();
    for (const [index, { state, book }] of model.users.entries()) {
      const handle = this.users[index];
      if (handle === undefined) continue;
      expect(handle.state).toBe(state);
      if (state !== 'open') continue;
      // All users of a book have the same raw, and no other book has it.
      expect(handle.value).toBe(raws.get(book) ?? handle.value);
      raws.set(book, handle.value);
    }
    expect(new Set(raws.values()).size).toBe(raws.size);
    expect(this.events.filter(({ event }) => event === 'leak')).toHaveLength(model.leaks);
    expect(this.events.filter(({ event }) => event === 'release-error')).toEqual([]);
  }
}

type Command = fc.AsyncCommand<Model, Real>;
const command = (name: string, check: (model: Model) => boolean, run: (model: Model, real: Real) => void | Promise<void>): Command => ({
  check,
  run: async (model, real) => {
    await run(model, real);
    await real.compare(model);
  },
  toString: () => name,
});

const pick = <T>(list: readonly T[], at: number): T => list[at % list.length] as T;
const openUsers = (model: Model): number[] => [...model.users.keys()].filter((index) => model.users[index]?.state === 'open');
const at = fc.nat({ max: 50 });
const key = fc.constantFrom('a', 'b', 'c', 'd');

const onUser = (name: string, run: (model: Model, real: Real, index: number) => void | Promise<void>): fc.Arbitrary<Command> =>
  at.map((n) =>
    command(
      `${name}(${n})`,
      (model) => openUsers(model).length > 0,
      (model, real) => run(model, real, pick(openUsers(model), n)),
    ),
  );

/** Out of a function of its own, so that no stack holds it. */
function drop(real: Real, index: number): void {
  real.users[index] = undefined;
}

const arbitraries: fc.Arbitrary<Command>[] = [
  ...Array.from({ length: 3 }, () =>
    key.map((name) =>
      command(
        `acquire(${name})`,
        () => true,
        (model, real) => real.acquire(model, name),
      ),
    ),
  ),
  ...[false, false, true].map((fails) =>
    at.map((n) =>
      command(
        `${fails ? 'fail' : 'open'}(${n})`,
        (model) => model.opening.length > 0,
        (model, real) => {
          const index = n % model.opening.length;
          const [opening] = real.openings.splice(index, 1);
          if (fails) {
            model.failed(model.opening[index] as Book);
            opening?.fail(new Error('refused'));
          } else {
            model.opened(model.opening[index] as Book);
            opening?.open();
          }
        },
      ),
    ),
  ),
  at.map((n) =>
    command(
      `abort(${n})`,
      (model) => model.asked.length > 0,
      (model, real) => {
        if (real.answers.length === 0) return;
        const { asked, controller } = pick(real.answers, n);
        model.abort(asked);
        controller.abort(new Error('aborted'));
      },
    ),
  ),
  ...[1, 2].map(() =>
    onUser('dispose', (model, real, index) => {
      model.leave(model.users[index] as Model['users'][number]);
      real.users[index]?.dispose();
    }),
  ),
  onUser('share', (model, real, index) => {
    const { book } = model.users[index] as Model['users'][number];
    model.addUser({ book, state: 'open' });
    real.users[model.users.length - 1] = real.users[index]?.share();
  }),
  onUser('move', (model, real, index) => {
    const user = model.users[index] as Model['users'][number];
    user.state = 'moved';
    user.book.users.delete(user);
    model.addUser({ book: user.book, state: 'open' });
    real.users[model.users.length - 1] = real.users[index]?.move();
  }),
  onUser('forget', async (model, real, index) => {
    drop(real, index);
    await turn();
    expect(collectGarbageSync()).toBe(true);
    model.leave(model.users[index] as Model['users'][number]);
    model.leaks++;
  }),
  key.map((name) =>
    command(
      `evict(${name})`,
      () => true,
      (model, real) => {
        const book = model.cached.get(name);
        if (book !== undefined) model.evict(book);
        real.cache.evict(name);
      },
    ),
  ),
  fc.constant(
    command(
      'ask for a permit',
      () => true,
      (model, real) => real.ask(model),
    ),
  ),
  fc.constant(
    command(
      'give a permit back',
      () => true,
      (model, real) => {
        const permit = real.permits.pop();
        if (permit === undefined) return;
        model.used--;
        model.serve();
        permit.dispose();
      },
    ),
  ),
  at
    .filter((n) => n < 5)
    .map(() =>
      command(
        'dispose the cache',
        (model) => !model.closed,
        (model, real) => {
          model.dispose();
          real.disposed = real.cache.disposeAsync();
        },
      ),
    ),
];

export const commands = fc.commands(arbitraries, { maxCommands: 40, size: 'max' });

/** Ends all that is left, and looks whether everything came back, and whether the cache says so. */
export async function endAll(model: Model, real: Real): Promise<void> {
  if (!model.closed) {
    model.dispose();
    real.disposed = real.cache.disposeAsync();
  }
  for (const index of openUsers(model)) {
    model.leave(model.users[index] as Model['users'][number]);
    real.users[index]?.dispose();
  }
  await real.compare(model);
  for (let round = 0; round < 60 && (model.opening.length > 0 || model.line.length > 0 || real.permits.length > 0); round++) {
    for (const opening of real.openings.splice(0)) opening.open();
    for (const book of [...model.opening]) model.opened(book);
    await real.settle();
    for (const permit of real.permits.splice(0)) {
      model.used--;
      model.serve();
      permit.dispose();
    }
    await real.settle();
  }
  await real.compare(model);
  await real.disposed;
  expect([real.library.open.size, real.budget.stats().used, model.used, model.held]).toEqual([0, 0, 0, 0]);
  expect(new Set(real.library.released).size).toBe(real.library.released.length);
  real.subscription[Symbol.dispose]();
}
