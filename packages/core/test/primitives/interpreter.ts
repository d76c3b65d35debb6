// Runs a program against any implementation of the classes and writes down all that can be observed: the order of events, the receivers and
// arguments, the trees of errors, the turn of the microtask queue at which each thing happened. It imports nothing but types, so that a
// child process on another Node can run the same programs.
import type { Classes, Disposer, Outcome, Plain, Program, Resource, Slot, Step } from './program.ts';

/** Events that a trace may hold: a getter moved, or ended in whatever way, the stack of the very `use` that was reading it. */
export const movedDuringUse = 'moved during a use of its own';
export const endedDuringUse = 'ended during a use of its own';

/** Runs a program to its end and answers its trace: one line an event, led by the turn at which it happened. */
export async function traceOf(program: Program, classes: Classes): Promise<string[]> {
  const run = new Run(program, classes);
  const clock = run.tick();
  for (const step of program.steps) {
    const settled = run.perform(step);
    if (step.do === 'turn') await Promise.resolve();
    if (step.do === 'dispose' && step.wait) await settled;
  }
  run.finished = true;
  await clock;
  return run.trace;
}

type AnyStack = DisposableStack | AsyncDisposableStack;

class Thrown extends Error {
  readonly id: number;

  constructor(id: number) {
    super(`error ${id}`);
    this.id = id;
  }
}

class Run {
  readonly trace: string[] = [];
  finished = false;
  #turn = 0;
  #ids = 0;
  #unsettled = 0;
  /** The stacks that a `use` under way is adding to. */
  readonly #using: AnyStack[] = [];
  readonly #stacks: AnyStack[];
  readonly #classes: Classes;

  constructor(program: Program, classes: Classes) {
    this.#classes = classes;
    this.#stacks = program.stacks.map((kind) => (kind === 'sync' ? new classes.DisposableStack() : new classes.AsyncDisposableStack()));
  }

  /** Counts turns until all has settled, and a few more, so that what comes too late is seen as well. */
  async tick(): Promise<void> {
    for (let spare = 8; spare > 0;) {
      await Promise.resolve();
      this.#turn += 1;
      if (this.finished && (this.#unsettled === 0 || this.#turn > 1_000)) spare -= 1;
    }
  }

  #say(event: string): void {
    this.trace.push(`${this.#turn} ${event}`);
  }

  #stack(register: number): AnyStack {
    return this.#stacks[register % this.#stacks.length] as AnyStack;
  }

  /** Does a step; the answer settles with the disposal that it began. */
  perform(step: Step): Promise<void> | undefined {
    switch (step.do) {
      case 'use': {
        const resource = this.#resource(step.resource);
        return this.#attempt(`use ${step.stack}`, () => this.#use(this.#stack(step.stack), resource));
      }
      case 'nest': {
        const inner = this.#stack(step.inner);
        return this.#attempt(`nest ${step.stack} ${step.inner}`, () => this.#use(this.#stack(step.stack), inner));
      }
      case 'adopt': {
        const value = plain(step.value);
        const disposer = typeof step.disposer === 'string' ? plain(step.disposer) : this.#disposer(step.disposer, { value });
        return this.#attempt(`adopt ${step.stack}`, () =>
          ((this.#stack(step.stack) as DisposableStack).adopt(value, disposer as never) as unknown) === value ? 'same' : 'another',
        );
      }
      case 'defer': {
        const disposer = typeof step.disposer === 'string' ? plain(step.disposer) : this.#disposer(step.disposer, {});
        return this.#attempt(`defer ${step.stack}`, () => String(this.#stack(step.stack).defer(disposer as never)));
      }
      case 'disposed':
        return this.#attempt(`disposed ${step.stack}`, () => String(this.#stack(step.stack).disposed));
      case 'move':
        return this.#attempt(`move ${step.stack}`, () => {
          const stack = this.#stack(step.stack);
          const moved = stack.move();
          if (this.#using.includes(stack)) this.#say(movedDuringUse);
          this.#stacks.push(moved);
          return Object.prototype.toString.call(moved);
        });
      case 'dispose':
        return this.#dispose(`dispose ${step.stack}`, () => {
          const stack = this.#stack(step.stack);
          if (stack instanceof this.#classes.DisposableStack) return step.bySymbol ? stack[Symbol.dispose]() : stack.dispose();
          return step.bySymbol ? stack[Symbol.asyncDispose]() : stack.disposeAsync();
        });
      case 'misuse':
        return this.#misuse(step);
      default:
        return undefined;
    }
  }

  #use(stack: AnyStack, resource: unknown): string {
    const before = stack.disposed;
    this.#using.push(stack);
    try {
      return ((stack as DisposableStack).use(resource as never) as unknown) === resource ? 'same' : 'another';
    } finally {
      this.#using.pop();
      if (stack.disposed !== before) this.#say(endedDuringUse);
    }
  }

  #attempt(name: string, action: () => string): undefined {
    try {
      this.#say(`${name}: ${action()}`);
    } catch (error) {
      this.#say(`${name} threw ${show(error)}`);
    }
    return undefined;
  }

  #dispose(name: string, action: () => unknown): Promise<void> | undefined {
    let result: unknown;
    try {
      result = action();
    } catch (error) {
      this.#say(`${name} threw ${show(error)}`);
      return undefined;
    }
    if (!(result instanceof Promise)) {
      this.#say(`${name}: ${String(result)}`);
      return undefined;
    }
    this.#say(`${name}: promise`);
    this.#unsettled += 1;
    return result.then(
      (value) => {
        this.#unsettled -= 1;
        this.#say(`${name} resolved ${String(value)}`);
      },
      (error: unknown) => {
        this.#unsettled -= 1;
        this.#say(`${name} rejected ${show(error)}`);
      },
    );
  }

  #misuse(step: Step & { do: 'misuse' }): Promise<void> | undefined {
    const stack = this.#stack(step.stack);
    const { DisposableStack: Sync, AsyncDisposableStack: Async } = this.#classes;
    const [kind, other] = stack instanceof Sync ? [Sync, Async] : [Async, Sync];
    const receivers = { undefined: undefined, number: 1, object: {}, prototype: kind.prototype, 'other kind': new other() };
    const name = step.method === 'dispose' && kind === Async ? 'disposeAsync' : step.method;
    const descriptor = Object.getOwnPropertyDescriptor(kind.prototype, name) as PropertyDescriptor;
    const method = (descriptor.get ?? descriptor.value) as (...args: unknown[]) => unknown;
    return this.#dispose(`${name} on ${step.receiver}`, () => Reflect.apply(method, receivers[step.receiver], []));
  }

  #resource(resource: Resource): unknown {
    if (resource.is === 'plain') return plain(resource.value);
    const target = resource.is === 'object' ? {} : (): void => {};
    this.#fill(target, Symbol.asyncDispose, resource.async);
    this.#fill(target, Symbol.dispose, resource.sync);
    return target;
  }

  #fill(target: object, symbol: symbol, slot: Slot): void {
    const name = symbol === Symbol.dispose ? 'dispose' : 'asyncDispose';
    switch (slot.is) {
      case 'absent':
        return;
      case 'null':
      case 'undefined':
      case 'number':
        Object.defineProperty(target, symbol, { value: plain(slot.is) });
        return;
      case 'value':
        Object.defineProperty(target, symbol, { value: this.#disposer(slot.disposer, { receiver: target }) });
        return;
      case 'getter': {
        const id = (this.#ids += 1);
        const { gives } = slot;
        const given = typeof gives === 'string' ? plain(gives === 'throw' ? 'undefined' : gives) : this.#disposer(gives, { receiver: target });
        const effects = [...slot.effects];
        Object.defineProperty(target, symbol, {
          get: () => {
            this.#say(`${name} of ${id} read`);
            for (const step of effects.splice(0)) void this.perform(step);
            if (gives === 'throw') throw new Thrown(id);
            return given;
          },
        });
      }
    }
  }

  /** A disposer that says how it was called, meddles with the stacks (the first time only, or two could call each other for ever), and ends. */
  #disposer(disposer: Disposer, expected: { receiver?: object; value?: unknown }): (...args: unknown[]) => unknown {
    const id = (this.#ids += 1);
    const run = this;
    const effects = [...disposer.effects];
    return function (this: unknown, ...args: unknown[]): unknown {
      const receiver = this === expected.receiver ? 'right' : 'wrong';
      const values = args.map((value) => ('value' in expected && value === expected.value ? 'right' : 'wrong'));
      run.#say(`disposer ${id} (${receiver} receiver; ${values.join()})`);
      for (const step of effects.splice(0)) void run.perform(step);
      return run.#end(disposer.outcome, id);
    };
  }

  #end(outcome: Outcome, id: number): unknown {
    switch (outcome.is) {
      case 'return':
        return undefined;
      case 'number':
        return 7;
      case 'throw':
        throw new Thrown(id);
      case 'throw undefined':
        throw undefined;
      case 'resolves':
        return outcome.turns === 0 ? Promise.resolve(7) : this.#later(outcome.turns, `disposer ${id} resolves`);
      case 'rejects': {
        const rejected = outcome.turns === 0 ? Promise.reject(new Thrown(id)) : this.#later(outcome.turns, `disposer ${id} rejects`, new Thrown(id));
        // A synchronous stack drops it.
        rejected.catch(() => {});
        return rejected;
      }
      case 'thenable':
        return {
          // oxlint-disable-next-line unicorn/no-thenable -- what an await makes of it is the question
          then: (resolve: () => void, reject: (error: unknown) => void): void => {
            this.#say(`then of ${id}`);
            if (outcome.does === 'throw') throw new Thrown(id);
            if (outcome.does === 'fulfil') resolve();
            else reject(new Thrown(id));
          },
        };
      case 'then getter throws':
        // oxlint-disable-next-line unicorn/no-thenable -- likewise
        return Object.defineProperty({}, 'then', {
          get: () => {
            this.#say(`then of ${id} read`);
            throw new Thrown(id);
          },
        });
      default:
        return Object.defineProperty(Promise.resolve(), 'constructor', {
          get: () => {
            this.#say(`constructor of ${id} read`);
            throw new Thrown(id);
          },
        });
    }
  }

  async #later(turns: number, event: string, error?: Thrown): Promise<void> {
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
    this.#say(event);
    if (error !== undefined) throw error;
  }
}

function plain(value: Plain): unknown {
  return { undefined: undefined, null: null, number: 1, string: 'text', true: true, object: {} }[value];
}

/** The tree of an error: which of ours, or the class of the runtime's, with what was suppressed. Messages are each implementation's own. */
function show(error: unknown): string {
  if (error instanceof Thrown) return `error ${error.id}`;
  if (!(error instanceof Error)) return String(error);
  if (error.name !== 'SuppressedError') return error.constructor.name;
  const { error: later, suppressed } = error as SuppressedError;
  return `Suppressed(${show(later)}, ${show(suppressed)})`;
}
